using System.Globalization;
using System.Text.Json;
using DeployGuard.Core.Exposure;

namespace DeployGuard.Core.Workloads;

/// <summary>Reads a Service, as far as it decides which pods its users reach.</summary>
internal static class ServiceReader
{
    /// <exception cref="MalformedObjectException">It has no name or spec, or a field of another type.</exception>
    public static Service Read(Field root)
    {
        var spec = root.RequiredObject("spec");
        return new Service(root.RequiredObject("metadata").Text("name") ?? "", spec.Map("selector"), spec.Text("type") == "ExternalName")
        {
            ExternalName = spec.Text("externalName") ?? "",
            Ports = [.. spec.Items("ports").Select(p => Port(p.AsObject()))],
            PublishesNotReady = spec.Flag("publishNotReadyAddresses"),
            KeepsToNode = spec.Text("internalTrafficPolicy") == "Local" || spec.Text("externalTrafficPolicy") == "Local" || spec.Text("trafficDistribution") is { Length: > 0 },
            Addresses = [.. spec.Texts("clusterIPs").Append(spec.Text("clusterIP") ?? "").Concat(spec.Texts("externalIPs")).Where(a => a is not ("" or "None")).Distinct()],
        };
    }

    private static ServicePort Port(Field port) => new(port.Int("port") ?? 0, port.Text("protocol") ?? "TCP", Target(port));

    /// <summary>A number or the name of a container's port; the port's own number where it does not say.</summary>
    private static string Target(Field port) => port["targetPort"] is not { } target
        ? (port.Int("port") ?? 0).ToString(CultureInfo.InvariantCulture)
        : target.Element.ValueKind switch
        {
            JsonValueKind.Number => target.Element.GetRawText(),
            JsonValueKind.String => target.Element.GetString() ?? "",
            _ => throw target.Wrong("a number or a name"),
        };
}
