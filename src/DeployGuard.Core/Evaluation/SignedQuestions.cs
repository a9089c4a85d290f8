using System.Runtime.CompilerServices;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Comparison;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Evaluation;

/// <summary>What a policy asks of registries about a request: its new images, and what runs in their places.</summary>
public static class SignedQuestions
{
    /// <summary>Of each request, for its policies: several steps of a decision ask for the same.</summary>
    private static readonly ConditionalWeakTable<EvaluatedRequest, AskedImages[]> s_asked = [];

    /// <summary>The images of a request that a policy asks registries about.</summary>
    public static AskedImages Of(EvaluatedRequest evaluated, SafeguardPolicy policy)
    {
        if (policy.SignedOrigin is not { } signed || evaluated is not { ChangeType: ChangeType.NewRevision, After: { } after })
        {
            return AskedImages.None;
        }

        if (!s_asked.TryGetValue(evaluated, out var known))
        {
            s_asked.AddOrUpdate(evaluated, known = new AskedImages[evaluated.Policies.Count]);
        }

        for (var i = 0; i < known.Length; i++)
        {
            if (ReferenceEquals(evaluated.Policies[i], policy))
            {
                return known[i] ??= Asked(evaluated, after, policy, signed);
            }
        }

        return Asked(evaluated, after, policy, signed);
    }

    private static AskedImages Asked(EvaluatedRequest evaluated, Workload after, SafeguardPolicy policy, SignedOrigin signed)
    {
        var known = RunningDigests(evaluated, policy);
        var images = policy.ImagesOf(after.Template);
        HashSet<string> ofStatements = [];
        HashSet<string> ofLabels = [];
        var isAnyNew = false;
        foreach (var image in images)
        {
            if (image.Reference.Digest is { } digest && known.Contains(digest))
            {
                continue;
            }

            isAnyNew = true;
            Add(image.Reference, signed.SourcesOf(image.Reference.Text).Count > 0, ofStatements);
            Add(image.Reference, signed.ReadsLabelsOf(image.Reference.Text), ofLabels);
        }

        IReadOnlyList<string> same = isAnyNew ? [] : OfTemplate(evaluated, images, signed);
        return new AskedImages([.. ofStatements], [.. ofLabels], same.Count > 0 && BringsStatement(evaluated, after) ? same : [])
        {
            WithoutStatement = same,
        };
    }

    /// <summary>No registry is asked about an image without a digest: what its tag names may change.</summary>
    private static void Add(ImageReference image, bool isAsked, HashSet<string> asked)
    {
        if (isAsked && image.Digest is not null)
        {
            asked.Add(image.Text);
        }
    }

    private static IReadOnlyList<string> OfTemplate(EvaluatedRequest evaluated, IReadOnlyList<ImageUse> images, SignedOrigin signed) =>
        signed.Keys.Count > 0 && evaluated.ConfirmedBefore is not null
            ? [.. images.Select(i => i.Reference.Text).Where(i => signed.SourcesOf(i).Count > 0).Distinct()]
            : [];

    private static bool BringsStatement(EvaluatedRequest evaluated, Workload after) =>
        StatementsIn(evaluated).Any(s => FoundAttestation.OfAnnotation(s.Place, s.Statement).Mentions(after.Template.Hash));

    /// <summary>The signed statements that the new revision brings along in annotations, each with its place.</summary>
    public static IReadOnlyList<(string Place, string Statement)> StatementsIn(EvaluatedRequest evaluated)
    {
        if (evaluated is not { ChangeType: ChangeType.NewRevision, After: { } after })
        {
            return [];
        }

        (string Of, string? Text)[] found =
        [
            ("", after.Annotations.GetValueOrDefault(Workload.StatementAnnotation)),
            (" of the pod template", after.Template.Annotations.GetValueOrDefault(Workload.StatementAnnotation)),
        ];
        return
        [
            .. from one in found
            where !string.IsNullOrWhiteSpace(one.Text)
            select ($"annotation {Workload.StatementAnnotation}{one.Of}", one.Text),
        ];
    }

    private static HashSet<string> RunningDigests(EvaluatedRequest evaluated, SafeguardPolicy policy) =>
        evaluated.ConfirmedBefore is { } before
            ? [.. policy.ImagesOf(before.Template).Select(i => i.Reference.Digest).OfType<string>()]
            : [];

    /// <summary>
    /// The images that run where a new image would run; none if nothing is known to run there. Of a workload that was deleted and is
    /// created again, and of one whose template is not confirmed, those that may have run last: an old image would otherwise come back.
    /// </summary>
    public static IReadOnlyList<string> RunningBefore(
        EvaluatedRequest evaluated,
        string image,
        SafeguardPolicy policy,
        ClusterSnapshot cluster
    )
    {
        if (evaluated.After is not { } after)
        {
            return [];
        }

        if (evaluated.ConfirmedBefore is not { } before)
        {
            // Each by itself: an image that stays in one revision hides nothing of another one.
            return
            [
                .. LastRan(after.Ref, cluster).SelectMany(c => StartsAmong(c.Images, image, policy, after.Template.ImageNames)).Distinct(),
            ];
        }

        if (
            (before.Template.Canonical, after.Template.Canonical) is ({ } was, { } asked)
            && ImageDifference.Between(was, asked) is { } changed
            && changed.Any(c => c.To == image)
        )
        {
            return [.. changed.Where(c => c.To == image).Select(c => c.From).Distinct()];
        }

        // The places cannot be compared.
        return StartsAmong(before.Template.ImageNames, image, policy, after.Template.ImageNames);
    }

    /// <summary>
    /// Every image that may have been in the place of another one: of the same repository of images, or built from the same repository of
    /// sources. Its statement about the whole history would otherwise bring an old image back under another name.
    /// </summary>
    /// <param name="kept">Images that go on running. They count where nothing else is of these sources.</param>
    public static IReadOnlyList<string> StartsAmong(
        IReadOnlyList<string> images,
        string image,
        SafeguardPolicy policy,
        IReadOnlyList<string> kept
    )
    {
        var repository = ImagePattern.RepositoryOf(image);
        var sources = SourcesOf(image);
        var related = images.Distinct().Where(i => ImagePattern.RepositoryOf(i) == repository || SourcesOf(i).Overlaps(sources)).ToList();
        var replaced = related.FindAll(i => ImagePattern.RepositoryOf(i) == repository || !kept.Contains(i));
        return replaced.Count > 0 ? replaced : related;

        HashSet<string> SourcesOf(string of) =>
            (policy.SignedOrigin?.SourcesOf(of) ?? []).Select(s => s.Address).OfType<string>().ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>
    /// The records of what ran last: the one that was proven last, and all that were admitted since then; all that were admitted if none
    /// was proven, because the times of unproven ones do not say which ran last. A request does not make a record newer: it may have been
    /// refused.
    /// </summary>
    private static List<Change> LastRan(WorkloadRef workload, ClusterSnapshot cluster)
    {
        var admitted = cluster.Changes.Where(c => c.WasAdmitted && c.Workload == workload).OrderByDescending(CameAt).ToList();
        return admitted.Find(c => c.Phase is Phase.Proven) is { } proven
            ? [.. admitted.Where(c => c == proven || (c.IsBase && CameAt(c) >= CameAt(proven)))]
            : admitted;

        // Phases are recorded to the second. Of two in the same one, either may have come last.
        static long CameAt(Change change) =>
            (change.Since > change.LastReturnedAt ? change.Since : change.LastReturnedAt).UtcTicks / TimeSpan.TicksPerSecond;
    }

    /// <summary>
    /// The commit of an image that runs, as it was proven under this policy when it came; null if it is not known. A request that was not
    /// admitted shows nothing of what runs, what only a break-glass admitted was read by nobody, and a key or source that left the policy
    /// counts no more.
    /// </summary>
    /// <param name="keys">Those of the policy, as they are now.</param>
    public static string? CommitOf(string image, SafeguardPolicy policy, KeySet keys, ClusterSnapshot cluster)
    {
        if (new ImageReference(image).Digest is not { } digest)
        {
            return null;
        }

        string? found = null;
        var sources = policy.SignedOrigin?.SourcesOf(image) ?? [];
        // Each decision goes through all records of its namespace.
        foreach (var change in cluster.Changes)
        {
            if (change.ProvenCommits.Count == 0 || !change.IsBase)
            {
                continue;
            }

            foreach (var proven in change.ProvenCommits)
            {
                if (
                    proven.IsOfTemplate
                    || !proven.Image.EndsWith(digest, StringComparison.Ordinal)
                    || new ImageReference(proven.Image).Digest != digest
                    || !IsOf(sources, proven, policy)
                    || !proven.KeyIds.Any(keys.Linking.Contains)
                )
                {
                    continue;
                }

                if (found is not null && found != proven.Commit)
                {
                    return null;
                }

                found = proven.Commit;
            }
        }

        return found;
    }

    /// <summary>
    /// The commits that are on record for the very revision that runs: of its new images or of its template, in the repositories of an
    /// image. The commit of an image alone may be older than what came since with the same image. One without a commit if there is none.
    /// </summary>
    public static IReadOnlyList<RunningImage> CommitsOfRevision(
        EvaluatedRequest evaluated,
        string image,
        SafeguardPolicy policy,
        KeySet keys,
        ClusterSnapshot cluster
    )
    {
        const string What = "the template that runs";
        var commits = Trusted(image, policy, keys, RecordsOfRevision(evaluated, cluster))
            .Select(p => p.Commit)
            .Distinct(StringComparer.Ordinal)
            .ToList();
        return commits.Count == 0 ? [new RunningImage(What, null)] : [.. commits.Select(c => new RunningImage(What, c))];
    }

    /// <summary>The same for advice, where no key is read: whether the policy still trusts them is not asked.</summary>
    public static IEnumerable<string> CommitsOnRecord(
        EvaluatedRequest evaluated,
        string image,
        SafeguardPolicy policy,
        ClusterSnapshot cluster
    ) => OfSources(image, policy, RecordsOfRevision(evaluated, cluster)).Select(p => p.Commit);

    private static IEnumerable<Change> RecordsOfRevision(EvaluatedRequest evaluated, ClusterSnapshot cluster) =>
        evaluated.ConfirmedBefore is { } before
            ? cluster.Changes.Where(c => c.IsBase && c.Workload == before.Ref && c.HasHash(before.Template.Hash))
            : [];

    /// <summary>What keys proved that the policy trusts, of the repositories that may stand behind an image.</summary>
    private static IEnumerable<ProvenCommit> Trusted(string image, SafeguardPolicy policy, KeySet keys, IEnumerable<Change> changes) =>
        OfSources(image, policy, changes).Where(p => p.KeyIds.Any(keys.Linking.Contains));

    private static IEnumerable<ProvenCommit> OfSources(string image, SafeguardPolicy policy, IEnumerable<Change> changes)
    {
        var sources = policy.SignedOrigin?.SourcesOf(image) ?? [];
        return changes.SelectMany(c => c.ProvenCommits).Where(p => IsOf(sources, p, policy));
    }

    private static bool IsOf(IReadOnlyList<OriginSource> sources, ProvenCommit proven, SafeguardPolicy policy) =>
        proven.Policy == policy.Name && proven.Address is { } address && sources.Any(s => s.Address == address);

    /// <summary>
    /// The workload as it runs, if that template is confirmed to be the one in the cluster, proven, and not awaiting the review of a
    /// break-glass; else null.
    /// </summary>
    public static Workload? ProvenBefore(EvaluatedRequest evaluated, ClusterSnapshot cluster) =>
        evaluated.ConfirmedBefore is { } before && IsProven(before, cluster) ? before : null;

    /// <summary>Whether the revision that a workload has is proven, and awaits no review of a break-glass.</summary>
    public static bool IsProven(Workload workload, ClusterSnapshot cluster) =>
        HasChange(workload, cluster, c => c is { Phase: Phase.Proven, IsUnreviewed: false });

    /// <summary>
    /// The same as <see cref="ProvenBefore"/>, and also one that is not proven yet, but was admitted with every approval that its policies
    /// ask for: a statement that names the whole template must be about everything since then.
    /// </summary>
    public static Workload? ReviewedBefore(EvaluatedRequest evaluated, ClusterSnapshot cluster) =>
        ProvenBefore(evaluated, cluster)
        ?? (
            evaluated.ConfirmedBefore is { } before && HasChange(before, cluster, c => c is { IsBase: true, IsApproved: true })
                ? before
                : null
        );

    private static bool HasChange(Workload workload, ClusterSnapshot cluster, Func<Change, bool> isWanted) =>
        cluster.Changes.Any(c => isWanted(c) && c.Workload == workload.Ref && c.HasHash(workload.Template.Hash));
}
