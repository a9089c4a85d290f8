using System.Text.Json;

namespace DeployGuard.Cli.Doctor;

/// <summary>All that was found, for people and for programs.</summary>
internal sealed record Report(IReadOnlyList<CheckResult> Findings)
{
    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public bool IsHealthy => Findings.All(f => f.Diagnosis.Health is not Health.Failed);

    /// <summary>A line each: how it is, what, in words, and what to do.</summary>
    public string ToText() => Text.Printable(string.Join('\n', Findings.Select(Line).Append(Summary())));

    public string ToJson() => JsonSerializer.Serialize(
        new
        {
            healthy = IsHealthy,
            findings = Findings.Select(f => new { check = f.Check, health = LabelOf(f.Diagnosis.Health), message = f.Diagnosis.Words, remedy = f.Diagnosis.Remedy }),
        },
        s_json);

    private string Summary()
    {
        var (failed, warnings) = (Count(Health.Failed), Count(Health.Warning));
        return failed > 0 ? $"{failed} failed, {warnings} to look at." : warnings > 0 ? $"Nothing failed; {warnings} to look at." : "All is well.";
    }

    private int Count(Health health) => Findings.Count(f => f.Diagnosis.Health == health);

    private static string Line(CheckResult finding)
    {
        var (words, remedy) = (finding.Diagnosis.Words, finding.Diagnosis.Remedy);
        var stop = remedy.Length == 0 ? "" : words.Contains('\n') ? "\n         " : words.EndsWith('.') ? " " : ". ";
        return $"{LabelOf(finding.Diagnosis.Health),-8} {finding.Check}: {words}{stop}{remedy}";
    }

    private static string LabelOf(Health health) => health switch
    {
        Health.Ok => "ok",
        Health.Warning => "warning",
        Health.Failed => "FAILED",
        _ => throw new InvalidOperationException($"unknown health {health}"),
    };
}
