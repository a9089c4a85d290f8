using System.Text.Json;
using DeployGuard.Cli.Views;

namespace DeployGuard.Cli.Doctor;

/// <summary>All that was found, for people and for programs.</summary>
internal sealed record DoctorReport(IReadOnlyList<CheckResult> Results)
{
    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public bool IsHealthy => Results.All(f => f.Diagnosis.Health is not Health.Failed);

    /// <summary>A line each: how it is, what, in words, and what to do.</summary>
    public string ToText() => TerminalText.Printable(string.Join('\n', Results.Select(Line).Append(Summary())));

    public string ToJson() => JsonSerializer.Serialize(
        new
        {
            healthy = IsHealthy,
            findings = Results.Select(f => new { check = f.Check, health = LabelOf(f.Diagnosis.Health), message = f.Diagnosis.Message, remedy = f.Diagnosis.Remedy }),
        },
        s_json);

    private string Summary()
    {
        var (failed, warnings) = (Count(Health.Failed), Count(Health.Warning));
        return failed > 0 ? $"{failed} failed, {warnings} to look at." : warnings > 0 ? $"Nothing failed; {warnings} to look at." : "All is well.";
    }

    private int Count(Health health) => Results.Count(f => f.Diagnosis.Health == health);

    private static string Line(CheckResult finding)
    {
        var (words, remedy) = (finding.Diagnosis.Message, finding.Diagnosis.Remedy);
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
