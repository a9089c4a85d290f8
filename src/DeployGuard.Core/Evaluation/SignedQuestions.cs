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
    /// <summary>
    /// The images of the new revision that do not run already, and that the policy names a repository for. None without keys: then nothing
    /// is asked.
    /// </summary>
    public static IReadOnlyList<string> NewImages(EvaluatedRequest evaluated, SafeguardPolicy policy) =>
        policy.SignedOrigin is { } signed ? NewImages(evaluated, policy, i => signed.SourcesOf(i).Count > 0) : [];

    /// <summary>The images of the new revision that do not run already, and whose labels the policy reads.</summary>
    public static IReadOnlyList<string> LabelledImages(EvaluatedRequest evaluated, SafeguardPolicy policy) =>
        policy.SignedOrigin is { } signed ? NewImages(evaluated, policy, signed.ReadsLabelsOf) : [];

    /// <summary>
    /// Where no image is new: the images at which a change of the template alone is looked up, because the request brings a statement that
    /// mentions this very template. Without one such a change asks no registry.
    /// </summary>
    public static IReadOnlyList<string> TemplateImages(EvaluatedRequest evaluated, SafeguardPolicy policy)
    {
        if (
            policy.SignedOrigin is not { Keys.Count: > 0 } signed
            || evaluated is not { ChangeType: ChangeType.NewRevision, After: { } after, ConfirmedBefore: not null }
        )
        {
            return [];
        }

        var known = RunningDigests(evaluated, policy);
        var images = policy.ImagesOf(after.Template).Select(i => i.Reference).ToList();
        return
            images.TrueForAll(i => i.Digest is { } digest && known.Contains(digest))
            && StatementsIn(evaluated).Any(s => FoundAttestation.OfAnnotation(s.Place, s.Statement).Mentions(after.Template.Hash))
            ? [.. images.Select(i => i.Text).Where(i => signed.SourcesOf(i).Count > 0).Distinct()]
            : [];
    }

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

    private static IReadOnlyList<string> NewImages(EvaluatedRequest evaluated, SafeguardPolicy policy, Func<string, bool> isAsked)
    {
        if (evaluated is not { ChangeType: ChangeType.NewRevision, After: { } after })
        {
            return [];
        }

        var known = RunningDigests(evaluated, policy);
        return
        [
            .. policy
                .ImagesOf(after.Template)
                .Select(i => i.Reference)
                .Where(i => i.Digest is { } digest && !known.Contains(digest) && isAsked(i.Text))
                .Select(i => i.Text)
                .Distinct(),
        ];
    }

    /// <summary>By their names where they have no digest.</summary>
    private static HashSet<string> RunningDigests(EvaluatedRequest evaluated, SafeguardPolicy policy)
    {
        IReadOnlyList<ImageUse> running = evaluated.ConfirmedBefore is { } before ? policy.ImagesOf(before.Template) : [];
        return running.Select(i => i.Reference.Digest ?? i.Reference.Text).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>The images that run where a new image would run; none if nothing is known to run there.</summary>
    public static IReadOnlyList<string> RunningBefore(EvaluatedRequest evaluated, string image)
    {
        if ((evaluated.ConfirmedBefore, evaluated.After) is not ({ } before, { } after))
        {
            return [];
        }

        if (
            (before.Template.Canonical, after.Template.Canonical) is ({ } was, { } asked)
            && ImageDifference.Between(was, asked) is { } changed
            && changed.Any(c => c.To == image)
        )
        {
            return [.. changed.Where(c => c.To == image).Select(c => c.From).Distinct()];
        }

        // The places cannot be compared. Every image of the same repository may have been in its place.
        var repository = ImagePattern.RepositoryOf(image);
        return [.. before.Template.ImageNames.Where(i => ImagePattern.RepositoryOf(i) == repository).Distinct()];
    }

    /// <summary>
    /// The commit of an image that runs, as it was proven under this policy when it came; null if it is not known. A request that was not
    /// admitted shows nothing of what runs, and a key or source that left the policy counts no more.
    /// </summary>
    public static string? CommitOf(string image, SafeguardPolicy policy, ClusterSnapshot cluster)
    {
        if (new ImageReference(image).Digest is not { } digest)
        {
            return null;
        }

        var commits = Trusted(image, policy, cluster.Changes.Where(c => c.WasAdmitted))
            .Where(p => !p.IsOfTemplate && new ImageReference(p.Image).Digest == digest)
            .Select(p => p.Commit)
            .Distinct()
            .ToList();
        return commits is [var only] ? only : null;
    }

    /// <summary>
    /// The commits that are on record for the very revision that runs: of its new images or of its template, in the repositories of an
    /// image. The commit of an image alone may be older than what came since with the same image. One without a commit if there is none.
    /// </summary>
    public static IReadOnlyList<RunningImage> CommitsOfRevision(
        EvaluatedRequest evaluated,
        string image,
        SafeguardPolicy policy,
        ClusterSnapshot cluster
    )
    {
        const string What = "the template that runs";
        var own = evaluated.ConfirmedBefore is { } before
            ? cluster.Changes.Where(c => c.WasAdmitted && c.Workload == before.Ref && c.HasHash(before.Template.Hash))
            : [];
        var commits = Trusted(image, policy, own).Select(p => p.Commit).Distinct(StringComparer.Ordinal).ToList();
        return commits.Count == 0 ? [new RunningImage(What, null)] : [.. commits.Select(c => new RunningImage(What, c))];
    }

    /// <summary>What keys proved that the policy trusts, of the repositories that may stand behind an image.</summary>
    private static IEnumerable<ProvenCommit> Trusted(string image, SafeguardPolicy policy, IEnumerable<Change> changes)
    {
        var trusted = (policy.SignedOrigin?.Keys ?? []).Select(k => k.Name).ToHashSet(StringComparer.Ordinal);
        var sources = (policy.SignedOrigin?.SourcesOf(image) ?? []).Select(s => RepositoryUri.Parse(s.Repository)?.Address).ToHashSet();
        return changes
            .SelectMany(c => c.ProvenCommits)
            .Where(p => p.Policy == policy.Name)
            .Where(p => sources.Contains(RepositoryUri.Parse(p.Repository)?.Address) && p.Keys.Any(trusted.Contains));
    }

    /// <summary>
    /// The workload as it runs, if that template is confirmed to be the one in the cluster, proven, and not awaiting the review of a
    /// break-glass; else null.
    /// </summary>
    public static Workload? ProvenBefore(EvaluatedRequest evaluated, ClusterSnapshot cluster) =>
        evaluated.ConfirmedBefore is { } before && IsProven(before, cluster) ? before : null;

    /// <summary>Whether the revision that a workload has is proven, and awaits no review of a break-glass.</summary>
    public static bool IsProven(Workload workload, ClusterSnapshot cluster) =>
        cluster.Changes.Any(c =>
            c is { Phase: Phase.Proven, IsUnreviewed: false } && c.Workload == workload.Ref && c.HasHash(workload.Template.Hash)
        );
}
