using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DeployGuard.EndToEnd;

/// <summary>AdmissionReviews sent directly to a replica's port, as any client in the cluster's network could.</summary>
internal sealed class DirectCall : IDisposable
{
    private const int MaxRepeats = 20;

    private readonly HttpClient _http = new(
        new HttpClientHandler { ServerCertificateCustomValidationCallback = HttpClientHandler.DangerousAcceptAnyServerCertificateValidator }
    );

    /// <summary>Sends a replica an update of a Deployment by a user.</summary>
    /// <returns>Null if allowed, else the message.</returns>
    public async Task<string?> SendAsync(Rig.Replica replica, string user, JsonNode before, JsonNode after)
    {
        var metadata = after["metadata"] ?? throw new InvalidOperationException("no metadata");
        return await SendAsync(
            replica,
            new JsonObject
            {
                ["kind"] = new JsonObject
                {
                    ["group"] = "apps",
                    ["version"] = "v1",
                    ["kind"] = "Deployment",
                },
                ["resource"] = new JsonObject
                {
                    ["group"] = "apps",
                    ["version"] = "v1",
                    ["resource"] = "deployments",
                },
                ["name"] = metadata["name"]?.DeepClone(),
                ["namespace"] = metadata["namespace"]?.DeepClone(),
                ["operation"] = "UPDATE",
                ["userInfo"] = new JsonObject { ["username"] = user, ["groups"] = new JsonArray("system:authenticated") },
                ["object"] = after.DeepClone(),
                ["oldObject"] = before.DeepClone(),
            }
        );
    }

    /// <summary>
    /// Sends a replica a request, in the form of an AdmissionReview's <c>request</c>. Repeated without a wait while the replica is busy.
    /// </summary>
    /// <returns>Null if allowed, else the message.</returns>
    public async Task<string?> SendAsync(Rig.Replica replica, JsonObject request)
    {
        string? refusal = null;
        for (var i = 0; i < MaxRepeats; i++)
        {
            var verdict = await AnswerAsync(replica, request);
            refusal = verdict.GetProperty("allowed").GetBoolean() ? null : verdict.GetProperty("status").GetProperty("message").GetString();
            if (!(Busy.IsIn(refusal) && Busy.IsCounted(refusal ?? "")))
            {
                break;
            }
        }

        return refusal;
    }

    /// <summary>Sends a replica a dry run, which leaves no record: a developer creates or updates an object.</summary>
    /// <returns>The raw response, with its message and warnings.</returns>
    public async Task<string> DryRunAsync(Rig.Replica replica, string @namespace, JsonObject after, JsonObject? before = null)
    {
        var (version, kind) = ((string?)after["apiVersion"] ?? "", (string?)after["kind"] ?? "");
        var group = version.Contains('/', StringComparison.Ordinal) ? version.Split('/')[0] : "";
        var answer = await AnswerAsync(
            replica,
            new JsonObject
            {
                ["kind"] = new JsonObject
                {
                    ["group"] = group,
                    ["version"] = "v1",
                    ["kind"] = kind,
                },
                ["resource"] = new JsonObject
                {
                    ["group"] = group,
                    ["version"] = "v1",
                    ["resource"] = $"{kind.ToLowerInvariant()}s",
                },
                ["name"] = after["metadata"]?["name"]?.DeepClone(),
                ["namespace"] = @namespace,
                ["operation"] = before is null ? "CREATE" : "UPDATE",
                ["dryRun"] = true,
                ["userInfo"] = new JsonObject { ["username"] = "dana", ["groups"] = new JsonArray("system:authenticated") },
                ["object"] = after.DeepClone(),
                ["oldObject"] = before?.DeepClone(),
            }
        );
        return answer.GetRawText();
    }

    private async Task<JsonElement> AnswerAsync(Rig.Replica replica, JsonObject request)
    {
        request["uid"] = Guid.NewGuid().ToString();
        var review = new JsonObject
        {
            ["apiVersion"] = "admission.k8s.io/v1",
            ["kind"] = "AdmissionReview",
            ["request"] = request,
        };
        using var body = new StringContent(review.ToJsonString(), Encoding.UTF8, "application/json");
        using var response = await _http.PostAsync(new Uri($"https://127.0.0.1:{replica.Port}/admit/workloads?timeout=3s"), body);
        using var answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        return answer.RootElement.GetProperty("response").Clone();
    }

    /// <summary>Deployment web as it is stored, and the same with another image.</summary>
    public static async Task<(JsonObject Before, JsonObject After)> WebAsync(Sandbox sandbox, string image)
    {
        var before = Sandbox.Parse((await sandbox.KubectlAsync("admin", "get", "deployment", "web", "-o", "json")).OrFail().Output);
        var after = before.DeepClone().AsObject();
        after["spec"]!["template"]!["spec"]!["containers"]![0]!["image"] = image;
        return (before, after);
    }

    public void Dispose() => _http.Dispose();
}
