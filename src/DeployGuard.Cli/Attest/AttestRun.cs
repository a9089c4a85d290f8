using System.CommandLine;
using DeployGuard.Cli.Inputs;
using DeployGuard.Cli.Views;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Attest;

/// <summary>One run of <c>attest</c>.</summary>
internal sealed class AttestRun(ParseResult parsed, ManifestInputs inputs)
{
    private const int MostNamed = 5;

    private readonly Repository _repository = new(parsed.GetRequiredValue(AttestOptions.Folder));

    public async Task<int> RunAsync(TimeProvider time, CancellationToken cancel)
    {
        var range = new GitRange(_repository, parsed.GetRequiredValue(AttestOptions.From), parsed.GetRequiredValue(AttestOptions.To));
        CheckThatThereIsAChange(range);
        // What the user gave is read first: a mistake in it is reported before a long range is read.
        var given = AttestInputs.Read(parsed, _repository, inputs);
        if (parsed.GetValue(AttestOptions.Ref) is { } asked && SourceRepository.IsUnknown(asked, _repository))
        {
            Notice(
                $"--ref {asked}: this clone has branches and no such ref; check its spelling, because a policy "
                    + "that allows only other refs ignores the statement"
            );
        }

        if (range.Base == range.Head)
        {
            // A job that builds the same commit again may state that, and nothing else.
            Notice($"{NoCommit(range)}: the statement says of which commit the image is, and stands in for no approval");
        }

        var now = time.GetUtcNow();
        var policy = new BasePolicy(_repository, range, given, Notice).Read(now);
        var authors = new ChangeAuthors(given.Detectors, given.Ids);
        var reading = new ChangeReading(_repository, range, given.Detectors, authors, Notice);
        var reviews = new Reviews(range, _repository, given.Reviews);
        reading.Read(reviews.SameFiles, given);
        if (reading.Unread is { } unread)
        {
            Notice(
                $"{BasePolicy.NotNone}: the message of commit {unread} quotes other commits in a form that does not say "
                    + "how they were marked and who made them; name their authors with --operator"
            );
        }

        var isComplete = parsed.GetValue(AttestOptions.Complete);
        if (!CanBeStated(Gaps(range, authors), isComplete))
        {
            return ExitCodes.Refused;
        }

        var issued = now.AddTicks(-(now.UtcTicks % TimeSpan.TicksPerSecond));
        var change = new ChangeStatement(
            new ChangeSource(given.Repository, given.Reference, range.Base, range.Head),
            isComplete,
            Declaration(reading, policy),
            [.. authors.Ids],
            reviews.Stated(authors, now, Notice),
            issued,
            issued + given.ValidFor
        );
        var signed = given.Output.Write(change, given.Subjects, given.Templates);
        if (given.Push is not null && signed is not null)
        {
            await given.Push.PushAsync(signed, time, cancel);
        }

        foreach (var template in ReviewedTemplate.In(given.Templates))
        {
            Say($"the template of {template.Workload}, {template.Hash}");
        }

        Say(Summary(change, reading, reviews.InVain));
        return 0;
    }

    /// <exception cref="ManifestException">Reviews are to be stated of no commit.</exception>
    private void CheckThatThereIsAChange(GitRange range)
    {
        if (range.Base == range.Head && (parsed.GetValue(AttestOptions.Complete) || parsed.GetValue(AttestOptions.Approvals) is not null))
        {
            throw new ManifestException(
                $"{NoCommit(range)}: there is no change to state. Name the commit of the image that runs now with --from, and that of the new "
                    + "image with --to"
            );
        }
    }

    private static string NoCommit(GitRange range) => $"--from and --to are the same commit, {range.Head}, with no commit between them";

    private bool CanBeStated(List<string> gaps, bool isComplete)
    {
        foreach (var gap in gaps)
        {
            Say(isComplete ? $"error: --complete: {gap}" : $"not complete: {gap}");
        }

        return gaps.Count == 0 || !isComplete;
    }

    private List<string> Gaps(GitRange range, ChangeAuthors authors) =>
        authors.Nobody is { } commit && parsed.GetValue(AttestOptions.Operators) is not { Length: > 0 }
            ? [.. range.Gaps, $"commit {commit} names no person: name who operated the agent with --operator"]
            : [.. range.Gaps];

    /// <summary><c>none</c> only where the repository promised signs before the change began, and all can be read.</summary>
    private static AiDeclaration Declaration(ChangeReading reading, RepositoryPolicy? policy) =>
        new(
            reading.Signs.Count > 0 ? AiStatus.Assisted
                : policy is { AssistedCommitsMustBeMarked: true } && reading.Unread is null ? AiStatus.None
                : AiStatus.Unknown,
            [.. reading.Stated().Select(s => new AiEvidence(s.Commit, s.Kind, s.Tool, s.Value))]
        );

    /// <param name="inVain">How many reviews will not count.</param>
    private static string Summary(ChangeStatement change, ChangeReading reading, int inVain)
    {
        var tools = reading.Signs.GroupBy(s => s.Tool).OrderByDescending(g => g.Count()).Select(g => $"{g.Key} {g.Count()}");
        var signs =
            change.Ai.Status is AiStatus.None ? $"no sign of AI, and {BasePolicy.File} asks for one"
            : reading.Signs.Count == 0 ? "no sign of AI, which proves nothing"
            : $"signs of AI: {string.Join(", ", tools)}";
        var people =
            $"{Count(change.Authors.Count, "author")}{Named(change)}, {Count(change.Approvals.Count, "review")}"
            + (inVain > 0 ? $" ({inVain} will not count)" : "");
        var status = change.Ai.Status.ToString().ToLowerInvariant();
        return $"{Count(reading.Commits, "commit")} from {change.Source.BaseCommit[..12]} to {change.Source.HeadCommit[..12]}: {status}, {signs}; "
            + $"{people}; {(change.IsComplete ? "complete" : "not complete")}";
    }

    /// <summary>Who cannot approve, where somebody did: a policy may know the approver under one of these names too.</summary>
    private static string Named(ChangeStatement change) =>
        change.Approvals.Count == 0 || change.Authors.Count == 0
            ? ""
            : $" ({string.Join(", ", change.Authors.Take(MostNamed))}{(change.Authors.Count > MostNamed ? ", ..." : "")})";

    private static string Count(int number, string noun) => $"{number} {noun}{(number == 1 ? "" : "s")}";

    private void Notice(string text) => Say($"note: {text}");

    private void Say(string text) => parsed.InvocationConfiguration.Error.WriteLine(TerminalText.Printable(text));
}
