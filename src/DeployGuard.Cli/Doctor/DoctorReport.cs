using System.Text.Json;
using DeployGuard.Cli.Views;

namespace DeployGuard.Cli.Doctor;

/// <summary>The results of all checks, for people and for programs.</summary>
internal sealed record DoctorReport(IReadOnlyList<CheckResult> Results)
{
    private static readonly JsonSerializerOptions s_json = new()
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public bool IsHealthy => Results.All(f => f.Diagnosis.Health is not Health.Failed);

    /// <summary>One line for each result: its health, check, message and remedy.</summary>
    public string ToText() => TerminalText.Printable(string.Join('\n', Results.Select(Line).Append(Summary())));

    public string ToJson() =>
        JsonSerializer.Serialize(
            new
            {
                healthy = IsHealthy,
                findings = Results.Select(f => new
                {
                    check = f.Check,
                    health = LabelOf(f.Diagnosis.Health),
                    message = f.Diagnosis.Message,
                    remedy = f.Diagnosis.Remedy,
                }),
            },
            s_json
        );

    private string Summary()
    {
        var (failed, warnings) = (Count(Health.Failed), Count(Health.Warning));
        return failed > 0 ? $"{failed} failed, {Number(warnings)}."
            : warnings > 0 ? $"Nothing failed, {Number(warnings)}."
            : "All is well.";
    }

    private static string Number(int warnings) => $"{(warnings == 0 ? "no" : warnings)} warning{(warnings == 1 ? "" : "s")}";

    private int Count(Health health) => Results.Count(f => f.Diagnosis.Health == health);

    private static string Line(CheckResult result)
    {
        var (message, remedy) = (result.Diagnosis.Message, result.Diagnosis.Remedy);
        var stop =
            remedy.Length == 0 ? ""
            : message.Contains('\n') ? "\n         "
            : message.EndsWith('.') ? " "
            : ". ";
        return $"{LabelOf(result.Diagnosis.Health), -8} {result.Check}: {message}{stop}{remedy}";
    }

    private static string LabelOf(Health health) =>
        health switch
        {
            Health.Ok => "ok",
            Health.Warning => "warning",
            Health.Failed => "FAILED",
            _ => throw new InvalidOperationException($"unknown health {health}"),
        };
}
