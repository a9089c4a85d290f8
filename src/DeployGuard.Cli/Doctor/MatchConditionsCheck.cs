using System.Text.Json.Nodes;

namespace DeployGuard.Cli.Doctor;

/// <summary>Whether the API server skips requests that need no evaluation, and if not, why.</summary>
internal sealed class MatchConditionsCheck : ICheck
{
    private const int Beta = 28;
    private const int Stable = 30;

    public string Name => "matchConditions";

    public async Task<IReadOnlyList<Diagnosis>> RunAsync(CheckContext context, CancellationToken cancel) =>
        [Diagnose(await context.ValidatingAsync(cancel), context.Server)];

    public static bool AreInUse(JsonNode? validating) =>
        RegistrationCheck.EntriesOf(validating).Any(e => e["matchConditions"] is JsonArray { Count: > 0 });

    public static Diagnosis Diagnose(JsonNode? validating, ServerVersion server) =>
        AreInUse(validating) ? Diagnosis.Ok($"in use: the API server ({server.Text}) skips requests that need no evaluation")
        : !server.IsAtLeast(Beta)
            ? Diagnosis.Ok(
                $"not in use: the API server ({server.Text}) does not support them before 1.{Beta}, so Pods, ReplicaSets, Jobs "
                    + "and /scale pass while no replica answers"
            )
        : !server.IsAtLeast(Stable) ? Diagnosis.Ok($"not in use: the API server ({server.Text}) supports them as beta, and removed them")
        : Diagnosis.Warning(
            $"not in use, though the API server ({server.Text}) supports them: Pods, ReplicaSets, Jobs and /scale pass while no "
                + "replica answers",
            "Check whether DeployGuard is older than this program: see the check deployment"
        );
}
