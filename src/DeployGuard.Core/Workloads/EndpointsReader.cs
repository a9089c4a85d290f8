using System.Text.Json;

namespace DeployGuard.Core.Workloads;

/// <summary>Reads to which addresses Endpoints or an EndpointSlice send the users of a Service.</summary>
public static class EndpointsReader
{
    /// <summary>By this label an EndpointSlice says whose addresses it has.</summary>
    private const string ServiceLabel = "kubernetes.io/service-name";

    private static readonly string[] s_readyOrNot = ["addresses", "notReadyAddresses"];

    /// <exception cref="MalformedObjectException">A field has the wrong type.</exception>
    public static ServiceAddresses ReadSlice(JsonElement slice)
    {
        var root = Field.Root(slice).AsObject();
        var endpoints = root.Items("endpoints").Select(e => e.AsObject()).ToList();
        return new ServiceAddresses(
            root.RequiredObject("metadata").Map("labels").GetValueOrDefault(ServiceLabel, ""),
            [.. endpoints.SelectMany(e => e.Items("addresses")).Select(a => a.AsText())],
            [.. endpoints.SelectMany(Target)]);
    }

    /// <exception cref="MalformedObjectException">A field has the wrong type.</exception>
    public static ServiceAddresses ReadEndpoints(JsonElement endpoints)
    {
        var root = Field.Root(endpoints).AsObject();
        var addresses = root.Items("subsets").Select(s => s.AsObject()).SelectMany(s => s_readyOrNot.SelectMany(list => s.Items(list))).Select(a => a.AsObject()).ToList();
        return new ServiceAddresses(
            root.RequiredObject("metadata").Text("name") ?? "",
            [.. addresses.Select(a => a.Text("ip") ?? "")],
            [.. addresses.SelectMany(Target)]);
    }

    private static IEnumerable<(string Kind, string Name)> Target(Field endpoint) =>
        endpoint.Object("targetRef") is { } target ? [(target.Text("kind") ?? "", target.Text("name") ?? "")] : [];
}

/// <summary>Where the users of a Service are sent.</summary>
/// <param name="Service">Empty where it is nobody's.</param>
/// <param name="Addresses">All of them, ready or not.</param>
/// <param name="Targets">Kind and name of the objects that these are said to be the addresses of.</param>
public sealed record ServiceAddresses(string Service, IReadOnlyList<string> Addresses, IReadOnlyList<(string Kind, string Name)> Targets)
{
    public static readonly ServiceAddresses None = new("", [], []);
}
