using DeployGuard.Core.Attestations.Trust;

namespace DeployGuard.Core.Policies;

/// <summary>What a policy asks of the statements about an image. Admission and <c>verify</c> ask the same.</summary>
public static class OriginQuestion
{
    /// <param name="image">As a pod names it.</param>
    /// <param name="judged">What was found under that name.</param>
    /// <param name="running">What runs in its place.</param>
    public static ImageQuestion Of(
        SafeguardPolicy policy,
        SignedOrigin origin,
        string image,
        JudgedImage judged,
        IReadOnlyList<RunningImage> running
    ) =>
        new(judged, origin.RulesOf(image), running)
        {
            ReviewThreshold = origin.ReviewThreshold,
            Roles = origin.Roles,
            AiLevels = origin.Summaries.AiLevels,
            PersonOf = (policy.Approval?.Identities ?? KnownPeople.None).PersonOf,
        };
}
