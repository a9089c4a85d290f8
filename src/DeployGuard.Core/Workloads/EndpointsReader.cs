using System.Text.Json;

namespace DeployGuard.Core.Workloads;

/// <summary>Reads which Service's users Endpoints or an EndpointSlice send somewhere.</summary>
public static class EndpointsReader
{
    /// <summary>By this label an EndpointSlice says whose addresses it has.</summary>
    private const string ServiceLabel = "kubernetes.io/service-name";

    /// <returns>The name of the Service; empty where it is nobody's.</returns>
    /// <exception cref="MalformedObjectException">A field has the wrong type.</exception>
    public static string ServiceOfSlice(JsonElement slice) => Field.Root(slice).AsObject().RequiredObject("metadata").Map("labels").GetValueOrDefault(ServiceLabel, "");

    /// <returns>The name of the Service.</returns>
    /// <exception cref="MalformedObjectException">A field has the wrong type.</exception>
    public static string ServiceOfEndpoints(JsonElement endpoints) => Field.Root(endpoints).AsObject().RequiredObject("metadata").Text("name") ?? "";
}
