using System.Globalization;
using System.Text.Json;

namespace DeployGuard.Core.Workloads;

/// <summary>Reads the fields of a Service that decide which pods its users reach.</summary>
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
            RoutesLocally =
                spec.Text("internalTrafficPolicy") == "Local"
                || spec.Text("externalTrafficPolicy") == "Local"
                || spec.Text("trafficDistribution") is { Length: > 0 },
            Addresses = [.. AddressesOf(root, spec).Where(a => a is not ("" or "None")).Distinct()],
        };
    }

    /// <summary>All addresses that reach the Service without its DNS name: IPs, load balancer hosts and node ports.</summary>
    private static IEnumerable<string> AddressesOf(Field root, Field spec) =>
        [
            .. spec.Texts("clusterIPs"),
            spec.Text("clusterIP") ?? "",
            .. spec.Texts("externalIPs"),
            spec.Text("loadBalancerIP") ?? "",
            .. root.Object("status")?.Object("loadBalancer") is { } balancer
                ? balancer
                    .Items("ingress")
                    .Select(i => i.AsObject())
                    .SelectMany(i => new[] { i.Text("ip") ?? "", i.Text("hostname") ?? "" })
                : [],
            .. spec.Items("ports").Select(p => p.AsObject().Int("nodePort")).OfType<int>().Where(p => p > 0).Select(p => $"node port {p}"),
        ];

    private static ServicePort Port(Field port) => new(port.Int("port") ?? 0, port.Text("protocol") ?? "TCP", Target(port));

    /// <summary>The target port, as a number or name; by default the port's own number.</summary>
    private static string Target(Field port) =>
        port["targetPort"] is not { } target
            ? (port.Int("port") ?? 0).ToString(CultureInfo.InvariantCulture)
            : target.Element.ValueKind switch
            {
                JsonValueKind.Number => target.Element.GetRawText(),
                JsonValueKind.String => target.Element.GetString() ?? "",
                _ => throw target.Wrong("a number or a name"),
            };
}
