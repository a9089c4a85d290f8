using System.Text.Json.Nodes;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Cli.Doctor;

/// <summary>Whether the gate was opened in an emergency, and is still open.</summary>
internal sealed class GateCheck : ICheck
{
    public string Name => "gate";

    public async Task<IReadOnlyList<Diagnosis>> RunAsync(CheckContext context, CancellationToken cancel) =>
        [Diagnose(await context.ValidatingAsync(cancel), context.Installation.Options.WebhookConfiguration)];

    public static Diagnosis Diagnose(JsonNode? validating, string name) =>
        OpenedBy(validating) is { } opened
            ? Diagnosis.Failed(
                $"the gate is open{opened}: nothing is guarded until it is closed",
                $"Close it: kubectl annotate validatingwebhookconfiguration {name} {ClusterOptions.GateAnnotation}-"
            )
            : Diagnosis.Ok("closed");

    /// <summary>It works with every replica dead.</summary>
    public static string OpenCommand(string name) =>
        $"kubectl patch validatingwebhookconfiguration {name} --type=merge -p "
        + $$$"""'{"metadata":{"annotations":{"{{{ClusterOptions.GateAnnotation}}}":"open"}},"webhooks":[]}'""";

    /// <summary>Since when it is open, and which program opened it, from its managed fields; null if it is closed.</summary>
    public static string? OpenedBy(JsonNode? validating)
    {
        var metadata = validating?["metadata"];
        if ((string?)metadata?["annotations"]?[ClusterOptions.GateAnnotation] != "open")
        {
            return null;
        }

        var entry = (metadata["managedFields"]?.AsArray() ?? []).FirstOrDefault(m =>
            m?["fieldsV1"]?["f:metadata"]?["f:annotations"]?[$"f:{ClusterOptions.GateAnnotation}"] is not null
        );
        return entry is null
            ? ""
            : $" since {(string?)entry["time"]}, by {(string?)entry["manager"]} (the API server's audit log says who)";
    }
}
