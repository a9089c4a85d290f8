using System.CommandLine;
using DeployGuard.Cli.Views;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Workloads;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Attest;

/// <summary>One run of <c>attest</c>.</summary>
internal sealed class AttestRun(ParseResult parsed)
{
    private readonly Repository _repository = new(parsed.GetRequiredValue(AttestOptions.Folder));

    public int Run(DateTimeOffset now)
    {
        // What the user gave is read first: a mistake in it is reported before a long range is read.
        var range = new GitRange(_repository, parsed.GetRequiredValue(AttestOptions.From), parsed.GetRequiredValue(AttestOptions.To));
        var output = new StatementOutput(parsed);
        var subjects = StatementSubjects.Of(Several(AttestOptions.Images));
        var repository = SourceRepository.Uri(parsed.GetValue(AttestOptions.Repository), _repository);
        var reference = SourceRepository.Ref(parsed.GetValue(AttestOptions.Ref), parsed.GetRequiredValue(AttestOptions.To), _repository);
        var reviews = ReviewFile.Read(parsed.GetValue(AttestOptions.Approvals));
        var validFor = ValidFor();
        var detectors = DetectorsReader.With(Several(AttestOptions.Detectors));
        var authors = new ChangeAuthors(detectors, AuthorIds.Read(parsed.GetValue(AttestOptions.AuthorsMap)));
        var operators = Several(AttestOptions.Operators).Select(o => AuthorId.Checked(o, "--operator")).ToList();

        var reading = new ChangeReading(_repository, range, detectors, authors, Notice);
        reading.Read(Several(AttestOptions.Traces), Several(AttestOptions.Declared).Select(Tool).ToList());
        operators.ForEach(authors.Add);

        var gaps = Gaps(range, authors, operators.Count > 0);
        var isComplete = parsed.GetValue(AttestOptions.Complete);
        foreach (var gap in gaps)
        {
            Say(isComplete ? $"error: --complete: {gap}" : $"not complete: {gap}");
        }

        if (isComplete && gaps.Count > 0)
        {
            return ExitCodes.Refused;
        }

        var issued = now.AddTicks(-(now.UtcTicks % TimeSpan.TicksPerSecond));
        var change = new ChangeStatement(
            new ChangeSource(repository, reference, range.Base, range.Head),
            isComplete,
            Declaration(reading),
            [.. authors.Ids],
            Reviews.Of(range, _repository, reviews, authors.Ids, Notice),
            issued,
            issued + validFor
        );
        output.Write(change, subjects);
        Say(Summary(change, reading));
        return 0;
    }

    /// <summary>Never <c>none</c>: that there is no sign proves nothing.</summary>
    private static AiDeclaration Declaration(ChangeReading reading) =>
        new(
            reading.Signs.Count > 0 ? AiStatus.Assisted : AiStatus.Unknown,
            [.. reading.Stated().Select(s => new AiEvidence(s.Commit, s.Kind, s.Tool, s.Value))]
        );

    private static List<string> Gaps(GitRange range, ChangeAuthors authors, bool hasOperators) =>
        authors.Nobody is { } commit && !hasOperators
            ? [.. range.Gaps, $"commit {commit} names no person: name who operated the agent with --operator"]
            : [.. range.Gaps];

    private TimeSpan ValidFor()
    {
        var text = parsed.GetRequiredValue(AttestOptions.ValidFor);
        return Durations.TryParse(text, out var duration) && duration > TimeSpan.Zero
            ? duration
            : throw new ManifestException($"--valid-for {text}: no duration such as 72h or 720h");
    }

    private static string Tool(string tool) =>
        tool.Trim().Length > 0 && !tool.Any(char.IsControl)
            ? tool.Trim()
            : throw new ManifestException($"--declare {tool}: no name of a tool");

    private static string Summary(ChangeStatement change, ChangeReading reading)
    {
        var tools = reading.Signs.GroupBy(s => s.Tool).OrderByDescending(g => g.Count()).Select(g => $"{g.Key} {g.Count()}");
        var signs = reading.Signs.Count == 0 ? "no sign of AI, which proves nothing" : $"signs of AI: {string.Join(", ", tools)}";
        var people = $"{Count(change.Authors.Count, "author")}, {Count(change.Approvals.Count, "review")}";
        var status = change.Ai.Status.ToString().ToLowerInvariant();
        return $"{Count(reading.Commits, "commit")} from {change.Source.BaseCommit[..12]} to {change.Source.HeadCommit[..12]}: {status}, {signs}; "
            + $"{people}; {(change.IsComplete ? "complete" : "not complete")}";
    }

    private static string Count(int number, string noun) => $"{number} {noun}{(number == 1 ? "" : "s")}";

    private string[] Several(Option<string[]> option) => parsed.GetValue(option) ?? [];

    private void Notice(string text) => Say($"note: {text}");

    private void Say(string text) => parsed.InvocationConfiguration.Error.WriteLine(TerminalText.Printable(text));
}
