using System.Text.Json;
using DeployGuard.Cli.Views;

namespace DeployGuard.Cli.Doctor;

/// <summary>The results of all checks, for people and for programs. Failures come first, and then warnings, each in the order of the
/// checks, of which the first ones are causes of the later.</summary>
internal sealed record DoctorReport(Headline Headline, IReadOnlyList<CheckResult> Results)
{
    private static readonly JsonSerializerOptions s_json = new()
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Every check was made, and none failed.</summary>
    public bool IsHealthy => Results.All(f => f.Diagnosis.Health is Health.Ok or Health.Warning);

    /// <summary>One line for each result: its health, check, message and remedy.</summary>
    public string ToText() =>
        TerminalText.Printable(
            string.Join(
                '\n',
                [
                    .. IsMissing ? (string[])[] : [Headline.ToString()],
                    .. Results.Where(r => r.Diagnosis.Health is not Health.NotChecked).OrderBy(r => Rank(r.Diagnosis.Health)).Select(Line),
                    .. new UncheckedResults([.. Results.Where(r => r.Diagnosis.Health is Health.NotChecked)], Headline).Lines,
                    Summary(),
                ]
            )
        );

    public string ToJson() =>
        JsonSerializer.Serialize(
            new
            {
                healthy = IsHealthy,
                installation = new
                {
                    release = Headline.Release,
                    name = Headline.Name,
                    @namespace = Headline.Namespace,
                    kubernetes = Headline.Server,
                },
                notChecked = Count(Health.NotChecked),
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

    /// <summary>Then the cause stands first, and there is nothing to name.</summary>
    private bool IsMissing => Results is [{ Check: InstallationSearch.Check, Diagnosis.Health: Health.Failed }, ..];

    private string Summary()
    {
        var (failed, warnings, notChecked) = (Count(Health.Failed), Count(Health.Warning), Count(Health.NotChecked));
        return failed + notChecked == 0
            ? warnings > 0
                ? $"Nothing failed, {Number(warnings)}."
                : "All is well."
            : $"{failed} failed, {Number(warnings)}, {notChecked} not checked.";
    }

    private static string Number(int warnings) => $"{(warnings == 0 ? "no" : warnings)} warning{(warnings == 1 ? "" : "s")}";

    private int Count(Health health) => Results.Count(f => f.Diagnosis.Health == health);

    private static int Rank(Health health) =>
        health switch
        {
            Health.Failed => 0,
            Health.Warning => 1,
            _ => 2,
        };

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
            Health.NotChecked => "not checked",
            _ => throw new InvalidOperationException($"unknown health {health}"),
        };
}
