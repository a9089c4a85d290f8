using DeployGuard.Core.Approvals;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Comparison;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Safeguards;

/// <summary>What signed evidence proves of a new revision under one policy. It relaxes nothing unless every new image has it.</summary>
/// <param name="IsHuman">Trusted signers say of everything since what runs that no AI had a part.</param>
/// <param name="Gap">Why it does not stand in for an approval; empty if it does, or if nothing was asked.</param>
/// <param name="Unavailable">What could not be looked up, and what was tried; empty if everything was.</param>
internal sealed record SignedEvidence(bool IsHuman, IReadOnlyList<SignedReview> Reviews, string Gap, string Unavailable)
{
    /// <summary>The version of the hash, and as many digits as tell two apart.</summary>
    private const int ShownHash = 15;

    private static readonly SignedEvidence s_none = new(false, [], "", "");

    /// <summary>Everybody whom a verified statement of the range names as an author. They never approve.</summary>
    public IReadOnlyList<string> Authors { get; private init; } = [];

    public IReadOnlyList<Finding> Findings { get; private init; } = [];

    /// <summary>What helps where something could not be looked up; empty if to try again does.</summary>
    public string UnavailableRemedy { get; private init; } = "";

    /// <summary>Null unless the policy counts summaries as a review, and they say it of every new image.</summary>
    public SignedSummary? Summary { get; private init; }

    private IReadOnlyList<ImageProvenance> Proven { get; init; } = [];

    /// <summary>The same for the record; null if nothing was looked up.</summary>
    public SignedBacking? Backing(Inspection inspection) =>
        this == s_none
            ? null
            : new SignedBacking(inspection.Policy.Name, IsHuman, Reviews, Authors)
            {
                Summary = Summary,
                Keys = KeysOf(l => l.Keys, h => h.Keys, t => t.Keys),
                KeyIds = KeysOf(l => l.KeyIds, h => h.KeyIds, t => t.KeyIds),
                ReviewThreshold = inspection.Policy.SignedOrigin?.ReviewThreshold ?? 1,
                RanHash = inspection.Evaluated.LiveHash,
                ExpiresAt = Proven.SelectMany(p => p.Chain).Min(l => l.ExpiresAt),
                IsUnavailable = Unavailable.Length > 0,
            };

    /// <summary>Of all links and heads, and of summaries where one counts; each once.</summary>
    private List<string> KeysOf(
        Func<ChainLink, IReadOnlyList<string>> ofLink,
        Func<HeadCommit, IReadOnlyList<string>> ofHead,
        Func<TwoPartyReview, IReadOnlyList<string>> ofSummary
    )
    {
        List<string> keys = [];
        foreach (var proven in Proven)
        {
            foreach (var link in proven.Chain)
            {
                Add(ofLink(link));
            }

            Add(proven.Head is { } head ? ofHead(head) : []);
            Add(Summary is not null && proven.TwoParty is { } twoParty ? ofSummary(twoParty) : []);
        }

        return keys;

        void Add(IReadOnlyList<string> more) => keys.AddRange(more.Where(k => !keys.Contains(k)));
    }

    /// <summary>The findings, the basis and the backing of one decision need it.</summary>
    public static SignedEvidence Of(Inspection inspection) => inspection.Once(Read);

    private static SignedEvidence Read(Inspection inspection)
    {
        if (inspection.Cluster.SignedFacts.FirstOrDefault(s => s.Policy == inspection.Policy.Name) is not { Images.Count: > 0 } facts)
        {
            return s_none;
        }

        var unavailable = Joined(facts.Images, i => i.Unavailable);
        var all = facts.Images.Select(i => i.Provenance).OfType<ImageProvenance>().ToList();
        var isTemplate = all.Exists(p => p.IsOfTemplate);
        // The statement about a template lies beside one of its images; the others are of other repositories, perhaps.
        var proven = isTemplate ? all.FindAll(p => IsWholeTemplate(p, inspection)) : all;
        // What was not read beside any of the images may take back what was read beside another.
        var unread = isTemplate ? all.FindAll(p => p.IsUnread) : [];
        var missing = MissingLinks.In(
            inspection,
            facts.Images,
            unread.Count > 0 ? unread
                : isTemplate ? proven
                : []
        );
        var (gap, moved, besides) =
            unavailable.Length > 0 ? ("", "", missing)
            : isTemplate ? (TemplateGapOf(inspection, facts.Images[0].Image, missing, unread.Count > 0 ? [] : proven), "", missing)
            : GapOf(inspection, facts, proven, missing);
        var isWhole = unavailable.Length == 0 && gap.Length == 0 && moved.Length == 0 && (isTemplate || proven.Count == facts.Images.Count);
        var countsTwoParty = inspection.Policy.SignedOrigin is { Summaries.TwoParty: TwoPartyReviews.CountsAsReview };
        return new SignedEvidence(
            isWhole && proven.TrueForAll(p => p is { Origin: OriginVerdict.NotAi, Missing: null }),
            isWhole ? ReviewsOf(proven, inspection.Policy.Approval?.Identities ?? KnownPeople.None) : [],
            Explained(
                inspection,
                besides,
                MissingLinks.IsRunningCommit(facts.Images),
                [gap, besides, moved, countsTwoParty ? TwoPartyGapIn(facts) : "", isWhole ? MissingReview.Of(proven) : ""]
            ),
            unavailable
        )
        {
            Summary = isWhole && countsTwoParty ? SummaryOf(proven) : null,
            Proven = proven,
            UnavailableRemedy = Joined(facts.Images, i => i.Remedy),
            Authors = all is [var only] ? only.Authors : [.. all.SelectMany(p => p.Authors).Distinct()],
            Findings = all.TrueForAll(p => p.Findings.Count == 0)
                ? []
                :
                [
                    .. facts
                        .Images.SelectMany(i => StatementFindings.Of(i, inspection))
                        .Distinct()
                        .Select(f => WithFix(f, inspection.Policy)),
                ],
        };
    }

    /// <summary>Each text once. Mostly none has any.</summary>
    private static string Joined(IReadOnlyList<SignedImage> images, Func<SignedImage, string> text) =>
        images.All(i => text(i).Length == 0) ? "" : string.Join("; ", images.Select(text).Where(t => t.Length > 0).Distinct());

    /// <summary>
    /// The first gap. A person who waits for time alone, or deploys the images alone, must know what else is missing. Where no commit of
    /// what runs is known, waiting does not help, so that the way out is told alone.
    /// </summary>
    private static string Explained(Inspection inspection, string missing, bool isRunningCommit, IReadOnlyList<string> gaps)
    {
        var first = gaps.FirstOrDefault(g => g.Length > 0, "");
        var isProven = SignedQuestions.ProvenBefore(inspection.Evaluated, inspection.Cluster) is not null;
        return first.EndsWith(missing, StringComparison.Ordinal) ? first
            : isProven
                ? isRunningCommit ? $"{first}. Besides, {missing}"
                    : first
            : isRunningCommit && UnprovenBefore.IsByTime(inspection) ? $"{missing}. Besides, {UnprovenBefore.In(inspection)}"
            : $"{first}. Besides, {missing}";
    }

    /// <summary>Where an unknown origin counts as human, a sign of AI that was not read would ask for more than an approval.</summary>
    private static Finding WithFix(Finding finding, SafeguardPolicy policy) =>
        finding.Cause == Reasons.StatementUnread && policy.UnknownOrigin is OriginKind.Human
            ? finding with
            {
                Fix = Fix.Elsewhere,
            }
            : finding;

    /// <summary>
    /// Statements about images speak for images alone: whatever else the template changes was not reviewed, unless the statement is about
    /// this very template. The second text is told only where nothing else is missing; the third is what else is missing.
    /// </summary>
    private static (string Gap, string Moved, string Missing) GapOf(
        Inspection inspection,
        SignedFacts facts,
        List<ImageProvenance> proven,
        string missing
    )
    {
        var (evaluated, cluster) = (inspection.Evaluated, inspection.Cluster);
        var asked = SignedQuestions.Of(evaluated, inspection.Policy).Statements.ToHashSet();
        if (evaluated.After is not { Template: var template } after || asked.Except(facts.Images.Select(f => f.Image)).Any())
        {
            return ("not every new image was looked up", "", missing);
        }

        // The template of another workload or namespace was not reviewed for this one.
        var reviewed = new ReviewedTemplate($"{after.Ref}", template.Hash);
        // Of a template that a statement names, every image must be one that was looked up or runs already.
        if (proven.TrueForAll(p => p.ReviewedTemplates.Contains(reviewed)))
        {
            var reviewedBefore = SignedQuestions.ReviewedBefore(evaluated, cluster);
            if (evaluated.Before is not null && reviewedBefore is null)
            {
                return ("what runs now is neither proven nor reviewed, so that nothing says what was reviewed since then", "", missing);
            }

            var known = reviewedBefore?.Template.Images.Select(i => i.Reference.Digest).OfType<string>() ?? [];
            var unknown = inspection
                .Policy.ImagesOf(template)
                .Where(i => !asked.Contains(i.Reference.Text) && (i.Reference.Digest is not { } digest || !known.Contains(digest)))
                .Select(i => i.Reference.Text)
                .FirstOrDefault();
            return (unknown is null ? "" : $"no statement is about {unknown}, which the policy names no source for", "", missing);
        }

        // To attest it again would not help: the statement waits for that of the build.
        if (
            missing.Length > 0
            && proven.Exists(p => p.Missing is { Kind: LinkKind.HeadCommit } && IsStated(p, reviewed, inspection.Policy))
        )
        {
            return ($"a statement names this template, and counts only with what is missing: {missing}", "", missing);
        }

        // Where what runs was not reviewed either, no statement that names the template counts.
        var mayName =
            TemplateAdvice.IsPossible(inspection.Policy)
            && (evaluated is { Before: null, LiveHash: null } || SignedQuestions.ReviewedBefore(evaluated, cluster) is not null);
        var withTemplate = mayName ? AttestAdvice.WithTemplate(missing, after.Ref.Namespace) : missing;
        if (SignedQuestions.ProvenBefore(evaluated, cluster) is not { } before)
        {
            var attest = TemplateAdvice.WithImage(inspection, after, ImageOf(facts, reviewed), hasCommand: withTemplate != missing);
            return (
                $"{UnprovenBefore.In(inspection)}, so that the template cannot be compared with it"
                    + UnprovenBefore.WayOut(inspection, attest),
                "",
                withTemplate
            );
        }

        var changed = (before.Template.Canonical, template.Canonical) is ({ } was, { } now) ? ImageDifference.Between(was, now) : null;
        return changed is null
            ? (
                $"the template differs from what runs in more than images{Fields(before, template)}, and signed reviews speak "
                    + "for images alone: deploy the images alone, or "
                    + (
                        TemplateAdvice.WithImage(inspection, after, ImageOf(facts, reviewed), hasCommand: false) is { Length: > 0 } command
                            ? command
                            : "have the change approved"
                    ),
                "",
                missing
            )
            : (
                changed.FirstOrDefault(c => !c.IsSameContent && !asked.Contains(c.To)) is { } other
                    ? $"no statement is about {other.To}, which the policy names no source for"
                    : "",
                // The same content too: under its name a later image of that repository would come, which nobody reviewed for this place.
                changed.FirstOrDefault(c => !IsOfSameRepository(c))
                    is { } moved
                    ? $"{moved.To} takes the place of an image of another repository, {moved.From}, and no reviewer said that it may"
                    : "",
                missing
            );
    }

    private static bool IsStated(ImageProvenance proven, ReviewedTemplate template, SafeguardPolicy policy) =>
        proven.StatedTemplates.Any(s => s.Template == template && s.Keys >= (policy.SignedOrigin?.ReviewThreshold ?? 1));

    /// <summary>The first image beside which no statement that counts names the template.</summary>
    private static (string, ImageProvenance?) ImageOf(SignedFacts facts, ReviewedTemplate template)
    {
        var image = facts.Images.FirstOrDefault(i => i.Provenance?.ReviewedTemplates.Contains(template) is not true, facts.Images[0]);
        return (image.Image, image.Provenance);
    }

    /// <summary>Whether reviewed statements lead from the commit of what runs to the template that is requested.</summary>
    private static bool IsWholeTemplate(ImageProvenance provenance, Inspection inspection) =>
        provenance is { IsOfTemplate: true, Chain.Count: > 0 }
        && inspection.Evaluated.After is { } after
        && provenance.ReviewedTemplates.Contains(new ReviewedTemplate($"{after.Ref}", after.Template.Hash));

    /// <summary>Why a template whose images all run already was not reviewed, as far as statements say; empty if it was.</summary>
    private static string TemplateGapOf(Inspection inspection, string image, string missing, List<ImageProvenance> proven) =>
        SignedQuestions.ProvenBefore(inspection.Evaluated, inspection.Cluster) is null
            ? $"{UnprovenBefore.In(inspection)}, so that nothing says what was reviewed since then{UnprovenBefore.WayOut(inspection)}"
        : proven.Count > 0 ? ""
        : missing.Length > 0 ? missing
        : "no statement that leads here names this template, or too few keys do. "
            + (
                TemplateAdvice.IsPossible(inspection.Policy)
                    ? TemplateAdvice.WhereItIsAlone(
                        inspection,
                        image,
                        [.. SignedQuestions.CommitsOnRecord(inspection.Evaluated, image, inspection.Policy, inspection.Cluster).Distinct()]
                    )
                    : "Have it approved"
            );

    internal static string Short(string hash) => hash.Length > ShownHash ? hash[..ShownHash] : hash;

    private static string Fields(Workload before, PodTemplate after) =>
        (before.Template.Canonical, after.Canonical) is ({ } was, { } now) && TemplateDiff.FieldsBetween(was, now) is { Length: > 0 } fields
            ? $" ({fields})"
            : "";

    /// <summary>Another image of a reviewed commit, such as one for debugging, is no new version of this one.</summary>
    private static bool IsOfSameRepository(ChangedImage image) =>
        ImagePattern.RepositoryOf(image.To) is { } repository && repository == ImagePattern.RepositoryOf(image.From);

    /// <summary>The people who reviewed every new image. Whether they may approve, the count decides.</summary>
    private static IReadOnlyList<SignedReview> ReviewsOf(List<ImageProvenance> proven, KnownPeople identities)
    {
        if (proven is [{ Reviews: [] or [_] } only])
        {
            return only.Reviews is [var one] ? [new SignedReview(one.Approver, one.At, one.Statements, one.Keys)] : [];
        }

        // A statement may have a thousand reviews, and a template hundreds of images.
        var byPerson = proven.ConvertAll(p =>
            p.Reviews.DistinctBy(r => identities.PersonOf(r.Approver), KnownPeople.Names)
                .ToDictionary(r => identities.PersonOf(r.Approver), KnownPeople.Names)
        );
        return
        [
            .. byPerson[0]
                .Keys.Select(person => byPerson.ConvertAll(reviews => reviews.GetValueOrDefault(person)))
                .Where(all => all.TrueForAll(r => r is not null))
                .Select(all => all.OfType<CountedReview>().OrderBy(r => r.At).ToList())
                .Select(all => new SignedReview(
                    all[0].Approver,
                    all[0].At,
                    [.. all.SelectMany(r => r.Statements).Distinct()],
                    [.. all.SelectMany(r => r.Keys).Distinct()]
                )),
        ];
    }

    private static SignedSummary? SummaryOf(List<ImageProvenance> proven)
    {
        var all = proven.Select(p => p.TwoParty).OfType<TwoPartyReview>().OrderBy(t => t.At).ToList();
        return all.Count < proven.Count
            ? null
            : new SignedSummary(all[0].At, [.. all.SelectMany(t => t.Statements).Distinct()], [.. all.SelectMany(t => t.Keys).Distinct()])
            {
                Verifiers = [.. all.SelectMany(t => t.Verifiers).Distinct()],
            };
    }

    private static string TwoPartyGapIn(SignedFacts facts) =>
        facts.Images.FirstOrDefault(i => i.Provenance is { TwoPartyGap.Length: > 0 }) is { } image
            ? $"{MissingLinks.Short(image.Image)}: {image.Provenance?.TwoPartyGap}"
            : "";
}
