using DeployGuard.Core.Comparison;

namespace DeployGuard.Core.Attestations.Trust;

/// <summary>
/// Who says that AI had a part. It only tightens, so it is believed from every trusted key, also if its role, repository or time forbid
/// anything else.
/// </summary>
internal static class AiMarks
{
    private const int MaxShown = 5;

    /// <param name="concerned">Statements about the image, its head commit, or a part of the range.</param>
    public static IReadOnlyList<AiMark> Of(IEnumerable<JudgedStatement> concerned, ImageQuestion question) =>
        [.. concerned.SelectMany(s => OfOne(s, question))];

    private static IEnumerable<AiMark> OfOne(JudgedStatement judged, ImageQuestion question)
    {
        var (statement, keys) = (judged.Statement.Digest, judged.Statement.SignerNames);
        switch (judged.Statement.Claim)
        {
            case ChangeClaim { Change.Ai: { Status: not AiStatus.None } ai }:
                if (ai.Status is AiStatus.Assisted && ai.Evidence.Count == 0)
                {
                    yield return new AiMark(statement, keys, "", "the statement says so");
                }

                foreach (var evidence in ai.Evidence.Take(MaxShown))
                {
                    var what = $"{evidence.Kind} of {evidence.Commit}: {VisibleText.Inline(evidence.Value)}";
                    yield return new AiMark(statement, keys, VisibleText.Inline(evidence.Tool), what);
                }

                break;
            case SummaryClaim { Summary.Levels: var levels }:
                foreach (var level in levels.Where(question.AiLevels.Contains).Distinct().Take(MaxShown))
                {
                    yield return new AiMark(statement, keys, "", $"level {VisibleText.Inline(level)}");
                }

                break;
        }
    }
}
