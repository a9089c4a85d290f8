using System.Text.Json.Nodes;

namespace DeployGuard.Cli.Doctor;

/// <summary>Whether the API server drops by itself what needs no judging, and if not, why.</summary>
internal sealed class MatchConditionsCheck : ICheck
{
    private const int Beta = 28;
    private const int Stable = 30;

    public string Name => "matchConditions";

    public async Task<IReadOnlyList<Diagnosis>> LookAsync(CheckContext patient, CancellationToken cancel) =>
        [Judge(await patient.ValidatingAsync(cancel), patient.Server)];

    public static bool AreInUse(JsonNode? validating) => RegistrationCheck.EntriesOf(validating).Any(e => e["matchConditions"] is JsonArray { Count: > 0 });

    public static Diagnosis Judge(JsonNode? validating, ServerVersion server) =>
        AreInUse(validating) ? Diagnosis.Ok($"in use: the API server ({server.Text}) drops what needs no judging")
        : !server.IsAtLeast(Beta) ? Diagnosis.Ok($"not in use: the API server ({server.Text}) has none before 1.{Beta}, so that Pods, ReplicaSets, Jobs and /scale pass while no replica answers")
        : !server.IsAtLeast(Stable) ? Diagnosis.Ok($"not in use: the API server ({server.Text}) has them as beta, and did not keep them")
        : Diagnosis.Warning($"not in use, though the API server ({server.Text}) has them: Pods, ReplicaSets, Jobs and /scale pass while no replica answers", "Is DeployGuard older than this program? See the deployment above");
}
