using System.Text.Json;
using DeployGuard.Core.Attestations.Trust;

namespace DeployGuard.Cli.Verify;

/// <summary>A verdict as one line of JSON.</summary>
internal static class ImageVerdictJson
{
    private static readonly JsonSerializerOptions s_names = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    public static string Of(ImageVerdict verdict)
    {
        var provenance = verdict.Provenance;
        return JsonSerializer.Serialize(
            new
            {
                verdict.Image,
                Policy = verdict.Policy.Name,
                Mode = $"{verdict.Policy.Mode}",
                Result = $"{verdict.Belief}",
                verdict.Problem,
                Origin = $"{provenance?.Origin ?? OriginVerdict.Unknown}",
                provenance?.Head?.Commit,
                provenance?.Head?.Repository,
                CommitBy = provenance?.Head?.Keys,
                Missing = provenance?.Missing is { } gap
                    ? new
                    {
                        Link = $"{gap.Kind}",
                        gap.What,
                        Remedy = verdict.Filled(gap.Remedy),
                    }
                    : null,
                MissingBeside = verdict.GapBeside,
                Chain = provenance?.Chain.Select(LinkOf),
                Reviews = provenance?.Reviews.Select(r => ReviewOf(verdict, r)),
                TwoParty = provenance?.TwoParty is { } review
                    ? new
                    {
                        review.At,
                        review.Statements,
                        review.Keys,
                        Counts = ImageVerdict.CountsTwoParty(verdict.Policy) && verdict.Votes?.Summary is not { WhyNot: not null },
                    }
                    : null,
                AiMarks = provenance?.AiMarks.Select(m => new
                {
                    m.Tool,
                    m.What,
                    m.Keys,
                    m.Statement,
                }),
                Templates = provenance?.ReviewedTemplates.Select(t => new { t.Workload, t.Hash }),
                Statements = verdict.Statements.Select(StatementOf),
                Findings = provenance?.Findings.Select(f => new
                {
                    Kind = $"{f.Kind}",
                    f.Place,
                    f.Statement,
                    f.What,
                    Remedy = verdict.Filled(f.Remedy),
                }),
                Looked = verdict.Lookup?.Looked,
                NotUsed = verdict.Lookup?.Refused,
            },
            s_names
        );
    }

    private static object LinkOf(ChainLink link) =>
        new
        {
            Base = link.BaseCommit,
            Head = link.HeadCommit,
            Ai = $"{link.Ai}",
            link.Statements,
            link.Keys,
            link.Authors,
            link.ExpiresAt,
        };

    private static object ReviewOf(ImageVerdict verdict, CountedReview review) =>
        new
        {
            review.Person,
            review.Approver,
            Groups = verdict.GroupsOf(review.Approver),
            review.Commit,
            review.At,
            review.Statements,
            review.Keys,
            NotCounted = verdict.WhyNot(review),
        };

    private static object StatementOf(VerifiedStatement statement) =>
        new
        {
            statement.Digest,
            statement.Place,
            Signers = statement.Signers.Select(s => new { s.Name, Role = $"{s.Role}" }),
        };
}
