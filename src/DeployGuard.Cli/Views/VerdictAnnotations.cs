using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;

namespace DeployGuard.Cli.Views;

/// <summary>The findings of a verdict as workflow commands of GitHub Actions, which shows them beside the line of the file.</summary>
internal static class VerdictAnnotations
{
    public static IEnumerable<string> Of(CheckedVerdict verdict) =>
        verdict.Verdict.Findings.Select(found => Command(verdict, found)).Distinct();

    private static string Command(CheckedVerdict verdict, Violation found)
    {
        var level =
            found.IsDenial ? "error"
            : found.Mode is Mode.Audit ? "notice"
            : "warning";
        var verb = found.IsDenial ? "refused by policy" : "allowed, but see policy";
        return $"::{level} {Place(verdict, found)}title={Property($"DeployGuard: {found.Finding.Reason}")}::"
            + Data(
                $"{verdict.Verdict.Evaluated.Request.Target} {verb} {found.Policy}: {verdict.Because(found)}"
                    + VerdictText.Sentences(found.Finding)
            );
    }

    /// <summary>Empty for what is no file, such as standard input: GitHub then shows it with the whole run.</summary>
    private static string Place(CheckedVerdict verdict, Violation found)
    {
        var (place, file) = (verdict.Checked.Place, verdict.Checked.Place.File);
        return File.Exists(file)
            ? $"file={Property(file.StartsWith("./", StringComparison.Ordinal) ? file[2..] : file)},line={place.LineOf(found.Finding.Path)},"
            : "";
    }

    private static string Data(string text) =>
        text.Replace("%", "%25", StringComparison.Ordinal)
            .Replace("\r", "%0D", StringComparison.Ordinal)
            .Replace("\n", "%0A", StringComparison.Ordinal);

    private static string Property(string text) =>
        Data(text).Replace(":", "%3A", StringComparison.Ordinal).Replace(",", "%2C", StringComparison.Ordinal);
}
