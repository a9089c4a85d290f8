using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cluster.Records;

/// <summary>The ConfigMap in which the places of one budget are kept until their Changes count.</summary>
internal static class BudgetPlaces
{
    public static string NameOf(SafeguardPolicy policy, string @namespace)
    {
        var scope = policy.Budget?.Per is BudgetScope.Namespace ? @namespace : "";
        return $"deployguard-budget-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{policy.Name}/{scope}")).AsSpan(0, 8))}";
    }

    /// <param name="stored">What is there now; null if nothing is.</param>
    public static string Document(string name, string @namespace, string policy, JsonElement? stored, IEnumerable<Place> places)
    {
        var metadata = new JsonObject { ["name"] = name, ["namespace"] = @namespace, ["annotations"] = new JsonObject { ["deployguard.io/policy"] = policy } };
        if (stored is { } existing)
        {
            // A PUT that carries the version which was read fails if anybody wrote in between.
            metadata["resourceVersion"] = existing.GetProperty("metadata").GetProperty("resourceVersion").GetString();
        }

        var list = new JsonArray([.. places.Select(p => (JsonNode)new JsonObject
        {
            ["apiGroup"] = p.Workload.ApiGroup, ["kind"] = p.Workload.Kind, ["namespace"] = p.Workload.Namespace, ["name"] = p.Workload.Name,
            ["templateHash"] = p.TemplateHash, ["at"] = p.At.ToString("O", CultureInfo.InvariantCulture), ["until"] = p.Until.ToString("O", CultureInfo.InvariantCulture),
        })]);
        return new JsonObject { ["apiVersion"] = "v1", ["kind"] = "ConfigMap", ["metadata"] = metadata, ["data"] = new JsonObject { ["places"] = list.ToJsonString() } }.ToJsonString();
    }

    /// <summary>What somebody else made of the object counts for nothing, and is written over.</summary>
    public static IReadOnlyList<Place> Read(JsonElement? stored)
    {
        if (stored is not { } found || !found.TryGetProperty("data", out var data) || data.ValueKind is not JsonValueKind.Object || !data.TryGetProperty("places", out var text))
        {
            return [];
        }

        try
        {
            using var places = JsonDocument.Parse(text.GetString() ?? "[]");
            return [.. places.RootElement.EnumerateArray().Select(ReadPlace)];
        }
        catch (Exception foreign) when (foreign is JsonException or KeyNotFoundException or FormatException or InvalidOperationException)
        {
            return [];
        }
    }

    private static Place ReadPlace(JsonElement place)
    {
        string Text(string name) => place.GetProperty(name).GetString() ?? "";
        return new Place(
            new WorkloadRef(Text("apiGroup"), Text("kind"), Text("namespace"), Text("name")), Text("templateHash"), place.GetProperty("at").GetDateTimeOffset(), place.GetProperty("until").GetDateTimeOffset());
    }
}

/// <summary>A place that one revision of one workload has taken, and until when it holds if nothing is seen of it.</summary>
internal sealed record Place(WorkloadRef Workload, string TemplateHash, DateTimeOffset At, DateTimeOffset Until);
