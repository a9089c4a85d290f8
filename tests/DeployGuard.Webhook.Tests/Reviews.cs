using System.Text.Json;
using System.Text.Json.Nodes;

namespace DeployGuard.Webhook.Tests;

/// <summary>Reviews written by hand, for requests that were not recorded.</summary>
internal static class Reviews
{
    public const string Image = "registry.example.com/web@sha256:27dd8ed44a83ff94d557f9fd0412ed5a8cbca69ea04922d88c01184a07300a5a";
    public const string OtherImage = "registry.example.com/web@sha256:a7dd8ed44a83ff94d557f9fd0412ed5a8cbca69ea04922d88c01184a07300a5a";

    public static JsonObject Deployment(string image) =>
        new()
        {
            ["apiVersion"] = "apps/v1",
            ["kind"] = "Deployment",
            ["metadata"] = new JsonObject { ["name"] = "web", ["namespace"] = "shop" },
            ["spec"] = new JsonObject
            {
                ["replicas"] = 3,
                ["template"] = new JsonObject
                {
                    ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { ["deployguard.io/ai-assisted"] = "true" } },
                    ["spec"] = new JsonObject { ["containers"] = new JsonArray(new JsonObject { ["name"] = "web", ["image"] = image }) },
                },
            },
        };

    public static string Update(bool dryRun = false) =>
        Of("UPDATE", "apps", "Deployment", "deployments", "dana", Deployment(OtherImage), Deployment(Image), dryRun);

    /// <param name="version">Of the parent, as the API server has it.</param>
    public static string Scale(int before, int after, string version, bool dryRun = false)
    {
        var review =
            JsonNode.Parse(Of("UPDATE", "apps", "Deployment", "deployments", "dana", Replicas(after), Replicas(before)))
            ?? throw new InvalidOperationException("no review");
        var request = review["request"] ?? throw new InvalidOperationException("no request");
        (request["subResource"], request["dryRun"]) = ("scale", dryRun);
        return review.ToJsonString();

        JsonObject Replicas(int count) =>
            new()
            {
                ["apiVersion"] = "autoscaling/v1",
                ["kind"] = "Scale",
                ["metadata"] = new JsonObject
                {
                    ["name"] = "web",
                    ["namespace"] = "shop",
                    ["resourceVersion"] = version,
                },
                ["spec"] = new JsonObject { ["replicas"] = count },
            };
    }

    public static string Of(
        string operation,
        string group,
        string kind,
        string resource,
        string user,
        JsonNode? obj,
        JsonNode? oldObj = null,
        bool dryRun = false,
        string[]? groups = null
    ) =>
        JsonSerializer.Serialize(
            new
            {
                apiVersion = "admission.k8s.io/v1",
                kind = "AdmissionReview",
                request = new
                {
                    uid = "u-1",
                    kind = new
                    {
                        group,
                        version = "v1",
                        kind,
                    },
                    resource = new
                    {
                        group,
                        version = "v1",
                        resource,
                    },
                    name = (string?)obj?["metadata"]?["name"] ?? (string?)oldObj?["metadata"]?["name"],
                    @namespace = "shop",
                    operation,
                    userInfo = new { username = user, groups = groups ?? ["developers"] },
                    @object = obj,
                    oldObject = oldObj,
                    dryRun,
                },
            }
        );

    public static string Approval(
        string user,
        string[] groups,
        string decision = "Approve",
        string? approver = null,
        string? hash = null
    ) =>
        Of(
            "CREATE",
            "deployguard.io",
            "ChangeApproval",
            "changeapprovals",
            user,
            ApprovalObject(approver ?? user, groups, decision, hash),
            groups: groups
        );

    public static JsonObject ApprovalObject(string approver, string[] groups, string decision, string? hash = null) =>
        new()
        {
            ["apiVersion"] = "deployguard.io/v1alpha1",
            ["kind"] = "ChangeApproval",
            ["metadata"] = new JsonObject { ["name"] = "a" },
            ["spec"] = new JsonObject
            {
                ["workload"] = new JsonObject
                {
                    ["apiGroup"] = "apps",
                    ["kind"] = "Deployment",
                    ["name"] = "web",
                },
                ["templateHash"] = hash ?? "v1:" + new string('0', 64),
                ["decision"] = decision,
                ["approver"] = new JsonObject
                {
                    ["username"] = approver,
                    ["uid"] = "",
                    ["groups"] = new JsonArray([.. groups.Select(g => (JsonNode)g)]),
                },
            },
        };
}
