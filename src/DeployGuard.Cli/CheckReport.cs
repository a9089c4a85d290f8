using DeployGuard.Kubernetes.Files;

namespace DeployGuard.Cli;

/// <summary>What <c>check</c> did beside its verdicts, for standard error: what was skipped, and last what could not be used.</summary>
internal sealed class CheckReport
{
    private readonly List<string> _skipped = [];
    private readonly List<string> _unusable = [];
    private int _allowed;
    private int _refused;

    /// <summary>Unusable input outweighs a refusal: nobody knows what it would have come to.</summary>
    public int ExitCode => _unusable.Count > 0 ? Shell.Unusable : _refused > 0 ? Shell.Refused : 0;

    public void Unusable(ManifestException wrong) => _unusable.Add(wrong.Message);

    public void Skip(string sentence) => _skipped.Add(sentence);

    public void Judged(bool isAllowed)
    {
        _allowed += isAllowed ? 1 : 0;
        _refused += isAllowed ? 0 : 1;
    }

    /// <summary>An error, unless something is said of it already: a broken command in front of a pipe must not pass for a clean file.</summary>
    /// <param name="inputs">As they were given.</param>
    public void NothingRead(IEnumerable<string> inputs)
    {
        if (_unusable.Count == 0)
        {
            _unusable.Add($"{string.Join(", ", inputs)}: no object to check; if a command in front of a pipe was to print some, see what it says");
        }
    }

    /// <summary>An error, unless something is said of it already: with a mistyped file nothing would ever be refused.</summary>
    public void NoPolicyIn(string file)
    {
        if (!_unusable.Exists(u => u.StartsWith(file, StringComparison.Ordinal)))
        {
            _unusable.Add($"{file}: no SafeguardPolicy in it; --policies names files or folders that have some");
        }
    }

    public void Write(TextWriter error, IReadOnlyList<SkippedObjects> skipped)
    {
        IEnumerable<string> lines =
        [
            .. _skipped,
            .. skipped.SelectMany(s => s.Templates).Select(Named),
            Summary(skipped),
            .. _unusable.Select(u => $"error: {u}"),
        ];
        foreach (var line in lines)
        {
            error.WriteLine(Text.Printable(line));
        }
    }

    private static string Named(SkippedTemplate template) =>
        $"{template.Source}: skipped a {template.Kind} of {template.Group}, which has a pod template at {template.Path}; "
        + (template.FlagOrNull is { } flag ? $"check it with {flag}" : "the workloads that its controller makes of it are judged in the cluster");

    private string Summary(IReadOnlyList<SkippedObjects> skipped)
    {
        var kinds = skipped.SelectMany(s => s.Counts).GroupBy(c => c.Key, c => c.Value, StringComparer.Ordinal)
            .Select(g => (Kind: g.Key, Count: g.Sum())).OrderBy(k => k.Kind, StringComparer.Ordinal).ToList();
        var others = kinds.Sum(k => k.Count);
        return $"Checked {Number(_allowed + _refused, "workload")}{(_refused > 0 ? $", of which {_refused} refused" : "")}"
            + (others > 0 ? $"; skipped {Number(others, "object")} of other kinds: {string.Join(", ", kinds.Select(k => $"{k.Kind} {k.Count}"))}" : "")
            + (_unusable.Count > 0 ? $"; {Number(_unusable.Count, "error")}" : "");
    }

    private static string Number(int count, string what) => $"{(count == 0 ? "no" : count)} {what}{(count == 1 ? "" : "s")}";
}
