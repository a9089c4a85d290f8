using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Origins;

/// <summary>
/// Concludes how a change was made. Annotations are unsigned: they can say AI and name authors, never the opposite, so a
/// missing or a "false" one leaves the origin unknown.
/// </summary>
internal static class OriginReader
{
    private const string AiAssisted = "deployguard.io/ai-assisted";
    private const string AiTool = "deployguard.io/ai-tool";
    private const string Authors = "deployguard.io/authors";
    private const string Source = "annotation";

    /// <summary>An annotation may hold 256 KiB, and evidence is kept; what is longer is nobody's name for a tool or an author.</summary>
    private const int LongestValue = 1024;

    /// <param name="recorded">What was ever claimed about this revision: taking an annotation away does not take it back.</param>
    public static Origin Read(Workload workload, IReadOnlyList<Evidence> recorded)
    {
        Evidence[] evidence = [.. recorded.Concat(Claims(workload)).Distinct()];
        var kind = evidence.Any(SaysAi) ? OriginKind.AiAssisted : OriginKind.Unknown;
        var tool = evidence.FirstOrDefault(e => e.Key == AiTool)?.Value;
        return new Origin(kind, tool, AuthorsIn(evidence), evidence);
    }

    /// <summary>Everybody whom any of it names as an author.</summary>
    public static IReadOnlyList<string> AuthorsIn(IEnumerable<Evidence> evidence) =>
        [.. evidence.Where(e => e.Key == Authors).SelectMany(Names).Distinct()];

    private static IEnumerable<Evidence> Claims(Workload workload) =>
        from annotations in (IReadOnlyDictionary<string, string>[])[workload.Template.Annotations, workload.Annotations]
        from key in (string[])[AiAssisted, AiTool, Authors]
        let value = annotations.GetValueOrDefault(key, "")
        where value.Length > 0
        select new Evidence(Source, key, value.Length > LongestValue ? value[..LongestValue] : value);

    private static bool SaysAi(Evidence evidence) =>
        (evidence.Key == AiAssisted && evidence.Value.Equals("true", StringComparison.OrdinalIgnoreCase)) || evidence.Key == AiTool;

    private static IEnumerable<string> Names(Evidence evidence) =>
        evidence.Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
