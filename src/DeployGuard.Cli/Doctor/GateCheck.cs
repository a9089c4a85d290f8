using System.Text.Json.Nodes;
using DeployGuard.Kubernetes;

namespace DeployGuard.Cli.Doctor;

/// <summary>Whether somebody has opened the gate in an emergency, and not closed it.</summary>
internal sealed class GateCheck : ICheck
{
    public string Name => "gate";

    public async Task<IReadOnlyList<Diagnosis>> LookAsync(CheckContext patient, CancellationToken cancel) =>
        [Judge(await patient.ValidatingAsync(cancel), patient.Installed.Options.WebhookConfiguration)];

    public static Diagnosis Judge(JsonNode? validating, string name) => OpenedBy(validating) is { } opened
        ? Diagnosis.Failed($"the gate is open{opened}: nothing is guarded until it is closed", $"Close it: kubectl annotate validatingwebhookconfiguration {name} {ClusterOptions.GateAnnotation}-")
        : Diagnosis.Ok("closed");

    /// <summary>Since when it is open and by what, as the API server's managed fields say; null if it is closed.</summary>
    public static string? OpenedBy(JsonNode? validating)
    {
        var metadata = validating?["metadata"];
        if ((string?)metadata?["annotations"]?[ClusterOptions.GateAnnotation] != "open")
        {
            return null;
        }

        var entry = (metadata["managedFields"]?.AsArray() ?? []).FirstOrDefault(m => m?["fieldsV1"]?["f:metadata"]?["f:annotations"]?[$"f:{ClusterOptions.GateAnnotation}"] is not null);
        return entry is null ? "" : $" since {(string?)entry["time"]}, by {(string?)entry["manager"]} (the API server's audit log says who)";
    }
}
