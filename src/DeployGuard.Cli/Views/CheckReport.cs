using DeployGuard.Manifests;

namespace DeployGuard.Cli.Views;

/// <summary>What <c>check</c> writes to standard error: what it skipped, a summary, and last its errors.</summary>
internal sealed class CheckReport
{
    private readonly List<string> _skipped = [];
    private readonly List<string> _errors = [];
    private int _allowed;
    private int _refused;

    /// <summary>An error outweighs a refusal: without it there might have been another verdict.</summary>
    public int ExitCode =>
        _errors.Count > 0 ? ExitCodes.Unusable
        : _refused > 0 ? ExitCodes.Refused
        : 0;

    public void AddError(ManifestException wrong) => _errors.Add(wrong.Message);

    public void AddSkipped(string sentence) => _skipped.Add(sentence);

    public void AddVerdict(bool isAllowed)
    {
        _allowed += isAllowed ? 1 : 0;
        _refused += isAllowed ? 0 : 1;
    }

    /// <summary>An error, unless another explains it: if the command in front of a pipe fails, the result must not look clean.</summary>
    /// <param name="inputs">As they were given.</param>
    public void AddNothingRead(IEnumerable<string> inputs)
    {
        if (_errors.Count == 0)
        {
            _errors.Add($"{string.Join(", ", inputs)}: no object to check; if a command should have piped some, look at its errors");
        }
    }

    /// <summary>An error, unless another explains it: with a mistyped file name, nothing would ever be refused.</summary>
    public void AddNoPolicyIn(string file)
    {
        if (!_errors.Exists(u => u.StartsWith(file, StringComparison.Ordinal)))
        {
            _errors.Add($"{file}: no SafeguardPolicy in it; pass a file or folder that has one");
        }
    }

    public void Write(TextWriter error, IReadOnlyList<SkippedObjects> skipped)
    {
        IEnumerable<string> lines =
        [
            .. _skipped,
            .. skipped.SelectMany(s => s.Templates).Select(Named),
            Summary(skipped),
            .. _errors.Select(u => $"error: {u}"),
        ];
        foreach (var line in lines)
        {
            error.WriteLine(TerminalText.Printable(line));
        }
    }

    private static string Named(SkippedTemplate template) =>
        $"{template.Source}: skipped a {template.Kind} of {template.Group}, which has a pod template at {template.Path}; "
        + (template.FlagOrNull is { } flag ? $"check it with {flag}" : "the cluster evaluates the workloads that its controller creates");

    private string Summary(IReadOnlyList<SkippedObjects> skipped)
    {
        var kinds = skipped
            .SelectMany(s => s.Counts)
            .GroupBy(c => c.Key, c => c.Value, StringComparer.Ordinal)
            .Select(g => (Kind: g.Key, Count: g.Sum()))
            .OrderBy(k => k.Kind, StringComparer.Ordinal)
            .ToList();
        var others = kinds.Sum(k => k.Count);
        return $"Checked {Number(_allowed + _refused, "workload")}{(_refused > 0 ? $", of which {_refused} refused" : "")}"
            + (
                others > 0
                    ? $"; skipped {Number(others, "object")} of other kinds: {string.Join(", ", kinds.Select(k => $"{k.Kind} {k.Count}"))}"
                    : ""
            )
            + (_errors.Count > 0 ? $"; {Number(_errors.Count, "error")}" : "");
    }

    private static string Number(int count, string what) => $"{(count == 0 ? "no" : count)} {what}{(count == 1 ? "" : "s")}";
}
