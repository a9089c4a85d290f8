using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;
using DeployGuard.Registry.Lookups;
using DeployGuard.Statements;

namespace DeployGuard.Cli.Verify;

/// <summary>A verdict for a terminal: where it was looked, which statements are genuine, and then link by link.</summary>
internal static class ImageVerdictText
{
    private const string Ok = "ok";
    private const string Lacking = "MISSING";
    private const int MaxNames = 5;

    /// <summary>There is no request yet. What it says, the webhook compares.</summary>
    private const string NotSeen =
        "the request: if it changes more than this image, it counts only where a statement names the new template (attest --manifest)";

    private const string ClusterNotSeen =
        "what runs in the cluster: whether the change begins at its commit, and whether it is proven; --workload KIND/NAME "
        + "reads that, in place of --policy and --base";

    public static IEnumerable<string> Of(ImageVerdict verdict) =>
        [
            $"{verdict.Image}",
            $"under policy {verdict.Policy.Name} (mode {verdict.Policy.Mode})",
            .. (verdict.Lookup?.Looked ?? []).Select(l => Line("looked", l)),
            .. (verdict.Lookup?.Refused ?? []).Select(r => Line("not used", r)),
            .. verdict.Statements.Select(Statement),
            .. verdict.Provenance is { } provenance ? Links(verdict, provenance) : [],
            .. verdict.GapBeside.Length > 0 ? (string[])[Line(Lacking, $"template: {verdict.GapBeside}")] : [],
            .. (verdict.Provenance?.Findings ?? []).Select(f => Line("ignored", $"{f.Text}. {verdict.Filled(f.Remedy)}")),
            .. verdict.Belief is Belief.Believed ? (string[])[Line("not seen", NotSeen)] : [],
            .. verdict is { Belief: Belief.Believed, IsOfImageAlone: true } ? (string[])[Line("not seen", ClusterNotSeen)] : [],
            Conclusion(verdict),
            .. verdict.Policy.Mode is Mode.Enforce || verdict.Belief is Belief.NotAsked
                ? (string[])[]
                : [$"In mode {verdict.Policy.Mode} the policy asks no registry: nothing of this counts until it enforces."],
        ];

    /// <summary>One line about the policies that do not ask about an image.</summary>
    /// <param name="others">The verdicts of them.</param>
    /// <param name="isBeside">Others do ask, so that only their number is of interest.</param>
    public static IEnumerable<string> NotAsked(string image, IReadOnlyList<ImageVerdict> others, bool isBeside) =>
        others.Count == 0 ? []
        : isBeside
            ?
            [
                $"Not asked: {others.Count} other {(others.Count == 1 ? "policy" : "policies")}, whose origin.sources do not name this image.",
            ]
        : [$"{image}", $"Not asked: no origin.sources of {Names(others)} names this image."];

    private static string Names(IReadOnlyList<ImageVerdict> verdicts) =>
        verdicts.Count <= MaxNames
            ? string.Join(", ", verdicts.Select(v => v.Policy.Name))
            : $"{string.Join(", ", verdicts.Take(MaxNames).Select(v => v.Policy.Name))} and {verdicts.Count - MaxNames} more";

    private static string Statement(VerifiedStatement statement) =>
        Line(
            "signed",
            $"statement {statement.Digest[..12]} by {string.Join(", ", statement.Signers.Select(s => $"{s.Name} ({s.Role})"))}: "
                + $"{Kind(statement.Claim)}; at {statement.Place}"
        );

    private static string Kind(Claim claim) =>
        claim switch
        {
            ChangeClaim { Change.Source: var source } =>
                $"change {source.BaseCommit[..12]} to {source.HeadCommit[..12]} of {source.Repository}",
            BuildClaim => "provenance of a build",
            SummaryClaim => "verification summary",
            SignatureClaim => "signature of the image",
            OtherClaim { PredicateType: var type } => $"of type {type}",
            _ => "of another kind",
        };

    private static IEnumerable<string> Links(ImageVerdict verdict, ImageProvenance provenance)
    {
        yield return provenance.Head is { } head
            ? Line(Ok, $"image -> commit: {head.Commit} of {head.Repository}, by {string.Join(", ", head.Keys)}")
            : Gap(verdict, "image -> commit", provenance);
        if (provenance.Head is null)
        {
            yield return Line("-", "commit -> what runs: not looked at without a commit");
        }
        else if (provenance.Chain.Count == 0)
        {
            yield return Gap(verdict, "commit -> what runs", provenance);
        }

        foreach (var link in provenance.Chain)
        {
            yield return Line(
                Ok,
                $"commit -> what runs: {link.HeadCommit[..12]} back to {link.BaseCommit[..12]}, by {string.Join(", ", link.Keys)}"
                    + (link.ExpiresAt is { } end ? $", counts until {Rfc3339.Show(end)}" : "")
            );
        }

        var counted = provenance.Chain.Count > 0 ? Reviews(verdict, provenance).Concat(TwoParty(verdict, provenance)) : [];
        foreach (var line in Ai(verdict, provenance).Concat(counted))
        {
            yield return line;
        }
    }

    private static IEnumerable<string> Ai(ImageVerdict verdict, ImageProvenance provenance) =>
        provenance.AiMarks.Count > 0
            ? provenance.AiMarks.Select(m => Line("AI", $"{(m.Tool.Length > 0 ? $"{m.Tool}, " : "")}{m.What}, by {m.Keys}"))
        : provenance.Origin is OriginVerdict.NotAi ? [Line(Ok, "no AI: every statement of the range says so")]
        : provenance.Missing is { Kind: LinkKind.AiStatus } ? [Gap(verdict, "no AI", provenance, "unknown")]
        : [];

    private static IEnumerable<string> Reviews(ImageVerdict verdict, ImageProvenance provenance) =>
        provenance.Reviews.Count == 0
            ? [Line("-", "reviews: none that counts")]
            : provenance.Reviews.Select(r =>
                Line(
                    verdict.WhyNot(r) is null ? Ok : "-",
                    $"review: {r.Approver}{Person(verdict, r.Approver)} approved {r.Commit[..12]} at {Rfc3339.Show(r.At)}, by "
                        + string.Join(", ", r.Keys)
                        + (verdict.WhyNot(r) is { } why ? $": does not count ({why})" : "")
                )
            );

    /// <summary>Told where the policy counts it, or where summaries say it.</summary>
    private static IEnumerable<string> TwoParty(ImageVerdict verdict, ImageProvenance provenance) =>
        (provenance.TwoParty, ImageVerdict.CountsTwoParty(verdict.Policy)) switch
        {
            ({ } review, true) when verdict.Votes?.Summary is { WhyNot: { } why } =>
            [
                Line("-", $"two-party review of every change, by {Keys(review)}: does not count ({why})"),
            ],
            ({ } review, true) =>
            [
                Line(Ok, $"two-party review of every change, the oldest at {Rfc3339.Show(review.At)}, by {Keys(review)}"),
            ],
            ({ } review, false) => [Line("-", $"two-party review, by {Keys(review)}: not counted (origin.vsa.twoPartyReview: Ignore)")],
            (null, true) => [Line("-", $"two-party review: {provenance.TwoPartyGap}")],
            _ => [],
        };

    private static string Keys(TwoPartyReview review) => string.Join(", ", review.Keys);

    private static string Person(ImageVerdict verdict, string approver) =>
        verdict.GroupsOf(approver) is { Count: > 0 } groups ? $" ({verdict.PersonOf(approver)}, of {string.Join(", ", groups)})"
        : verdict.PersonOf(approver) is var person && person != approver ? $" ({person})"
        : "";

    private static string Conclusion(ImageVerdict verdict) =>
        verdict.Belief switch
        {
            Belief.NotAsked => $"Not asked: no origin.sources of {verdict.Policy.Name} names this image.",
            Belief.Undecided => $"Undecided: {verdict.Problem}",
            Belief.Believed => $"Believed: {Sum(verdict, verdict.Provenance)}",
            _ when verdict.Lookup is ImageNotFound or NoStatement =>
                $"Not believed: {verdict.FromStart(FoundText.NoteOf(verdict.Lookup, verdict.Policy, verdict.Running))}",
            _ when verdict is { GapBeside.Length: > 0, Provenance.Chain.Count: > 0 } =>
                "Not enough now: what runs is not proven, so that the change needs approval in the cluster",
            _ => $"Not believed: {Sum(verdict, verdict.Provenance)}",
        };

    private static string Sum(ImageVerdict verdict, ImageProvenance? provenance) =>
        provenance is null || provenance.Chain.Count == 0
            ? "a link is missing, so that the change needs approval in the cluster"
            : $"{(provenance.Origin is OriginVerdict.Ai ? "AI had a part" : provenance.Origin is OriginVerdict.NotAi ? "no AI had a part" : "whether AI had a part is not known")}; "
                + Counted(verdict, provenance);

    private static string Advice(ImageVerdict verdict, ImageProvenance provenance) =>
        verdict.Belief is Belief.Believed ? ""
        : provenance.Reviews.Count > 0 ? ". See above why each does not count"
        : ". Have somebody who is not among its authors review it in the forge, and the CI job attest it with "
            + "--approvals; or have it approved in the cluster";

    private static string Counted(ImageVerdict verdict, ImageProvenance provenance)
    {
        var counted = provenance.Reviews.Count(r => verdict.WhyNot(r) is null);
        var always = verdict is { Belief: not Belief.Believed, Policy.Approval.Required: Required.Always }
            ? ", and every change needs approval"
            : "";
        return counted == 0
            ? provenance.TwoParty is not null
            && ImageVerdict.CountsTwoParty(verdict.Policy)
            && verdict.Votes?.Summary is not { WhyNot: not null }
                ? "the two-party review of the forge can fill the quorum"
                : $"no review counts{always}{Advice(verdict, provenance)}"
            : verdict.Votes is { IsComplete: false } votes
                ? $"{counted} of its reviews can count towards the quorum, which needs more: {votes.Lines}"
                : $"{counted} of its reviews can count towards the quorum";
    }

    private static string Gap(ImageVerdict verdict, string link, ImageProvenance provenance, string label = Lacking) =>
        Line(label, $"{link}: {provenance.Missing?.What} {verdict.Filled(provenance.Missing?.Remedy ?? "")}".TrimEnd());

    private static string Line(string label, string text) => $"  {label, -9} {text}";
}
