using System.Text.Json;

namespace DeployGuard.Cli.Views;

/// <summary>A verdict of <c>check</c> as one line of JSON.</summary>
internal static class VerdictJson
{
    public static string Of(CheckedVerdict verdict) =>
        JsonSerializer.Serialize(
            new
            {
                target = verdict.Verdict.Evaluated.Request.Target.ToString(),
                file = verdict.Checked.Place.File,
                line = verdict.Checked.Place.Line,
                outcome = verdict.Outcome.ToString(),
                allowed = verdict.Verdict.IsAllowed,
                meaning = verdict.Verdict.Evaluated.ChangeType.ToString(),
                findings = verdict.Verdict.Findings.Select(f => new
                {
                    policy = f.Policy,
                    mode = f.Mode.ToString(),
                    denies = f.IsDenial,
                    waivedBy = f.Waiver?.Name,
                    safeguard = f.Safeguard,
                    reason = f.Finding.Reason,
                    path = f.Finding.Path,
                    line = verdict.Checked.Place.LineOf(f.Finding.Path),
                    message = f.Finding.Message,
                    remedy = f.Finding.Remedy,
                }),
                notes = verdict.Verdict.Notes,
            }
        );
}
