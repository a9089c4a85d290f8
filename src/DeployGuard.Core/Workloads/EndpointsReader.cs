using System.Text.Json;

namespace DeployGuard.Core.Workloads;

/// <summary>Reads the name of the Service that Endpoints or an EndpointSlice belong to.</summary>
public static class EndpointsReader
{
    /// <summary>The label with which an EndpointSlice names its Service.</summary>
    private const string ServiceLabel = "kubernetes.io/service-name";

    /// <returns>The name of the Service; empty if the slice belongs to none.</returns>
    /// <exception cref="MalformedObjectException">A field has the wrong type.</exception>
    public static string ServiceOfSlice(JsonElement slice) =>
        Field.Root(slice).AsObject().RequiredObject("metadata").Map("labels").GetValueOrDefault(ServiceLabel, "");

    /// <returns>The name of the Service.</returns>
    /// <exception cref="MalformedObjectException">A field has the wrong type.</exception>
    public static string ServiceOfEndpoints(JsonElement endpoints) =>
        Field.Root(endpoints).AsObject().RequiredObject("metadata").Text("name") ?? "";
}
