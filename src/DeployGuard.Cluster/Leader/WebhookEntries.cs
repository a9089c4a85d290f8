using System.Text.Json.Nodes;

namespace DeployGuard.Cluster.Leader;

/// <summary>
/// The entries of the webhook configurations, with every default written out, so that what is stored can be compared with what is
/// wanted. Without matchConditions: what controllers write often (Pods, ReplicaSets, Jobs, <c>/scale</c>), and Services, are under Ignore
/// everywhere, and Fail keeps what people write, where it is enforced.
/// </summary>
internal sealed class WebhookEntries(ClusterOptions options, string caBundle)
{
    private const string NamespaceLabel = "kubernetes.io/metadata.name";

    /// <param name="guarded">Namespaces in which an Enforce policy matches.</param>
    /// <param name="selectsWorkloads">A policy selects by the labels of workloads.</param>
    public JsonArray Validating(IReadOnlyList<string> guarded, bool selectsWorkloads)
    {
        var entries = new JsonArray();
        if (guarded.Count > 0)
        {
            entries.Add((JsonNode)Entry("workloads.deployguard.io", "/admit/workloads", "Fail", 3, [Selected("In", guarded)], Workloads()));
        }

        entries.Add((JsonNode)Entry("workloads-open.deployguard.io", "/admit/workloads", "Ignore", 1, [Selected("NotIn", [.. guarded, .. options.ExemptNamespaces])], Workloads()));
        entries.Add((JsonNode)Entry("pods.deployguard.io", "/admit/workloads", "Ignore", 1, [Selected("NotIn", options.ExemptNamespaces)], Pods()));
        // Autoscalers scale by themselves: they must not wait for us. A Service is written by hand.
        entries.Add((JsonNode)Entry("scale.deployguard.io", "/admit/workloads", "Ignore", 1, [Selected("NotIn", options.ExemptNamespaces)], Scales()));
        entries.Add((JsonNode)Entry("services.deployguard.io", "/admit/workloads", "Ignore", 3, [Selected("NotIn", options.ExemptNamespaces)], [Rule("", ["CREATE", "UPDATE"], "services")]));
        // No selector: an update of a namespace is matched by its new labels, and the name's label is one of them.
        entries.Add((JsonNode)Entry("namespaces.deployguard.io", "/admit/workloads", "Ignore", 3, [], [Rule("", ["UPDATE"], "namespaces", "namespaces/status", "namespaces/finalize")]));
        if (selectsWorkloads)
        {
            entries.Add((JsonNode)Entry("labels.deployguard.io", "/admit/workloads", "Ignore", 1, [Selected("NotIn", options.ExemptNamespaces)], Statuses()));
        }

        entries.Add((JsonNode)Entry("records.deployguard.io", "/admit/records", "Fail", 3, [], [Rule("deployguard.io", ["CREATE", "UPDATE", "DELETE"], "safeguardpolicies", "changes", "changeapprovals", "breakglasses")]));
        return entries;
    }

    public JsonArray Mutating()
    {
        var stamp = Entry("stamp.deployguard.io", "/stamp", "Fail", 3, [], [Rule("deployguard.io", ["CREATE"], "changeapprovals", "breakglasses")]);
        stamp["reinvocationPolicy"] = "Never";
        return [(JsonNode)stamp];
    }

    private JsonArray Workloads() =>
    [
        .. options.CustomKinds.Select(k => (JsonNode)Rule(k.ApiGroup, ["CREATE", "UPDATE"], k.Resource)),
        (JsonNode)Rule("apps", ["CREATE", "UPDATE"], "deployments", "statefulsets", "daemonsets"),
        (JsonNode)Rule("batch", ["CREATE", "UPDATE"], "cronjobs"),
        (JsonNode)Rule("", ["CREATE", "UPDATE"], "replicationcontrollers"),
    ];

    private static JsonArray Pods() =>
    [
        (JsonNode)Rule("", ["CREATE", "UPDATE"], "pods", "pods/ephemeralcontainers"),
        (JsonNode)Rule("apps", ["CREATE", "UPDATE"], "replicasets", "controllerrevisions"),
        (JsonNode)Rule("batch", ["CREATE", "UPDATE"], "jobs"),
    ];

    private static JsonArray Scales() =>
    [
        (JsonNode)Rule("", ["UPDATE"], "replicationcontrollers/scale"),
        (JsonNode)Rule("apps", ["UPDATE"], "deployments/scale", "statefulsets/scale", "replicasets/scale"),
    ];

    /// <summary>Where labels can be changed besides the object itself.</summary>
    private static JsonArray Statuses() =>
    [
        (JsonNode)Rule("apps", ["UPDATE"], "deployments/status", "statefulsets/status", "daemonsets/status", "replicasets/status"),
        (JsonNode)Rule("batch", ["UPDATE"], "jobs/status", "cronjobs/status"),
        (JsonNode)Rule("", ["UPDATE"], "pods/status", "replicationcontrollers/status"),
    ];

    private static JsonObject Rule(string group, string[] operations, params string[] resources) => new()
    {
        ["apiGroups"] = Strings([group]),
        ["apiVersions"] = Strings(["*"]),
        ["operations"] = Strings(operations),
        ["resources"] = Strings(resources),
        ["scope"] = "*",
    };

    private static JsonObject Selected(string @operator, IReadOnlyList<string> namespaces) => new()
    {
        ["key"] = NamespaceLabel,
        ["operator"] = @operator,
        ["values"] = Strings(namespaces),
    };

    private JsonObject Entry(string name, string path, string failurePolicy, int timeoutSeconds, JsonArray namespaces, JsonArray rules) => new()
    {
        ["name"] = name,
        ["clientConfig"] = new JsonObject
        {
            ["service"] = new JsonObject { ["namespace"] = options.Namespace, ["name"] = options.Service, ["path"] = path, ["port"] = 443 },
            ["caBundle"] = caBundle,
        },
        ["rules"] = rules,
        ["failurePolicy"] = failurePolicy,
        ["matchPolicy"] = "Equivalent",
        ["namespaceSelector"] = namespaces.Count == 0 ? [] : new JsonObject { ["matchExpressions"] = namespaces },
        ["objectSelector"] = new JsonObject(),
        ["sideEffects"] = "NoneOnDryRun",
        ["timeoutSeconds"] = timeoutSeconds,
        ["admissionReviewVersions"] = Strings(["v1"]),
    };

    private static JsonArray Strings(IEnumerable<string> values) => [.. values.Select(v => (JsonNode?)JsonValue.Create(v))];
}
