using DeployGuard.Manifests;

namespace DeployGuard.Cli.Views;

/// <summary>What <c>check</c> writes to standard error: what it skipped or assumed, a summary, and last its errors.</summary>
internal sealed class CheckReport
{
    private readonly List<string> _notes = [];
    private readonly List<string> _errors = [];
    private readonly SortedDictionary<CheckOutcome, int> _outcomes = [];
    private readonly SortedDictionary<string, SortedSet<string>> _unknownNamespaces = new(StringComparer.Ordinal);
    private int _waiting;

    /// <summary>An error outweighs a refusal: without it there might have been another verdict.</summary>
    public int ExitCode =>
        _errors.Count > 0 ? ExitCodes.Unusable
        : _outcomes.ContainsKey(CheckOutcome.Refused) ? ExitCodes.Refused
        : 0;

    public void AddError(ManifestException wrong) => _errors.Add(wrong.Message);

    public void AddNote(string sentence) => _notes.Add(sentence);

    public void Add(CheckedVerdict verdict, NamespaceLabels namespaces)
    {
        _outcomes[verdict.Outcome] = _outcomes.GetValueOrDefault(verdict.Outcome) + 1;
        _waiting += verdict.CanBeApprovedOnlyInCluster ? 1 : 0;
        if (verdict.Checked.IsOfExample)
        {
            return;
        }

        var space = verdict.Checked.Request.Target.Namespace;
        foreach (var policy in verdict.Verdict.Policies.Where(p => namespaces.AreMissing(space, p)))
        {
            if (!_unknownNamespaces.TryGetValue(space, out var policies))
            {
                _unknownNamespaces[space] = policies = new SortedSet<string>(StringComparer.Ordinal);
            }

            policies.Add(policy.Name);
        }
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

    public void Write(TextWriter error, IReadOnlyList<CheckCase> cases)
    {
        IEnumerable<string> lines =
        [
            .. _notes,
            .. cases.SelectMany(c => c.Policies.Notes),
            .. _unknownNamespaces.Select(u => UnknownNamespace(u.Key, u.Value)),
            .. SkippedView.Of(cases),
            .. _waiting > 0 ? [Waiting()] : Array.Empty<string>(),
            Summary(cases),
            .. _errors.Select(u => $"error: {u}"),
        ];
        foreach (var line in lines)
        {
            error.WriteLine(TerminalText.Printable(line));
        }
    }

    private static string UnknownNamespace(string space, SortedSet<string> policies) =>
        $"namespace {space}: its labels are not known; taken to match {(policies.Count == 1 ? "policy" : "policies")} "
        + $"{string.Join(", ", policies)}; to settle it, add its manifest or pass --namespace-labels {space}=KEY=VALUE";

    private string Waiting() =>
        $"{Number(_waiting, "workload")} must be approved: apply {(_waiting == 1 ? "it" : "them")} to the cluster, where the refusal gives the "
        + "command for approvers. To get that command before, add the API server's defaults, which are part of what is approved: "
        + "kubectl apply --dry-run=server -o yaml -f FILE | deployguard check -f - --policies FOLDER";

    private string Summary(IReadOnlyList<CheckCase> cases)
    {
        var workloads = _outcomes.Values.Sum();
        var policies = cases.Sum(c => c.Policies.All.Count);
        IEnumerable<string> parts =
        [
            workloads == 0 && policies > 0
                ? $"Checked {Count(policies, "policy", "policies")}, no workloads"
                : $"Checked {Number(workloads, "workload")}"
                    + (
                        workloads > 0
                            ? $": {string.Join(", ", _outcomes.Select(o => $"{o.Value} {o.Key.ToString().ToLowerInvariant()}"))}"
                            : ""
                    ),
            .. SkippedView.Summary(cases) is { } skipped ? [skipped] : Array.Empty<string>(),
            .. _errors.Count > 0 ? [Number(_errors.Count, "error")] : Array.Empty<string>(),
        ];
        return string.Join("; ", parts);
    }

    private static string Number(int count, string what) => Count(count, what, what + "s");

    private static string Count(int count, string one, string many) => $"{(count == 0 ? "no" : count)} {(count == 1 ? one : many)}";
}
