using System.Text.Json.Nodes;

namespace DeployGuard.Kubernetes.Webhooks;

/// <summary>
/// The entries of the webhook configurations, with every default written out, so that what is stored can be compared with what is wanted. Where the
/// server has matchConditions, everything that a person can write into an enforced namespace is under Fail. Where it has not, what controllers write often
/// (Pods, ReplicaSets, Jobs, <c>/scale</c>) is under Ignore everywhere, and Fail keeps what people write.
/// </summary>
internal sealed class WebhookEntries(ClusterOptions options, string caBundle, bool hasMatchConditions)
{
    private const string NamespaceLabel = "kubernetes.io/metadata.name";
    private const string Judge = "/admit/workloads";

    /// <summary>The one that keeps our own records honest; it holds up nobody's rollout.</summary>
    public JsonArray ForRecords() =>
        [(JsonNode)Entry("records.deployguard.io", "/admit/records", "Fail", 3, [], [Rule("deployguard.io", ["CREATE", "UPDATE", "DELETE"], "safeguardpolicies", "changes", "changetemplates", "changeapprovals", "breakglasses")], [])];

    public JsonArray Validating(GuardedSpace space)
    {
        var inside = Selected("In", space.Guarded);
        var outside = Selected("NotIn", [.. space.Guarded, .. options.ExemptNamespaces]);
        var all = Selected("NotIn", options.ExemptNamespaces);
        var guards = space.Guarded.Count > 0;
        var entries = hasMatchConditions ? WithConditions(guards, inside, outside) : WithoutConditions(guards, inside, outside, all);
        // A Service is written by hand.
        entries.Add((JsonNode)Entry("services.deployguard.io", Judge, "Ignore", 3, [all], [Rule("", ["CREATE", "UPDATE"], "services")], []));
        // Without a selector: an update of a namespace is matched by its new labels, and the name's label is one of them, which old servers do not keep.
        entries.Add((JsonNode)(hasMatchConditions
            ? Entry("namespaces.deployguard.io", Judge, "Fail", 3, [all], Namespaces(), [MatchConditions.OtherLabels])
            : Entry("namespaces.deployguard.io", Judge, "Ignore", 3, [], Namespaces(), [])));
        foreach (var entry in hasMatchConditions ? OfStatusAndServing(space, inside, outside) : OfStatusWithoutConditions(space, all))
        {
            entries.Add((JsonNode)entry);
        }

        foreach (var entry in ForRecords())
        {
            entries.Add(entry?.DeepClone());
        }

        return entries;
    }

    public JsonArray Mutating()
    {
        var stamp = Entry("stamp.deployguard.io", "/stamp", "Fail", 3, [], [Rule("deployguard.io", ["CREATE"], "changeapprovals", "breakglasses")], []);
        stamp["reinvocationPolicy"] = "Never";
        return [(JsonNode)stamp];
    }

    private JsonArray WithConditions(bool guards, JsonObject inside, JsonObject outside)
    {
        JsonArray People() => [MatchConditions.NotByItsController(options.Trusted), MatchConditions.MoreThanARestart(options.Noise)];
        JsonArray Everything() => [.. Workloads().Concat(Pods()).Select(r => r?.DeepClone())];
        JsonArray entries = [(JsonNode)Entry("workloads-open.deployguard.io", Judge, "Ignore", 1, [outside], Everything(), People())];
        entries.Add((JsonNode)Entry("scale-open.deployguard.io", Judge, "Ignore", 1, [outside], Scales(), [MatchConditions.MoreReplicas]));
        if (guards)
        {
            entries.Add((JsonNode)Entry("workloads.deployguard.io", Judge, "Fail", 3, [inside], Everything(), People()));
            entries.Add((JsonNode)Entry("scale.deployguard.io", Judge, "Fail", 3, [inside], Scales(), [MatchConditions.MoreReplicas, MatchConditions.NotByAnAutoscaler(options.Trusted)]));
            // Autoscalers scale by themselves: they must not wait for us.
            entries.Add((JsonNode)Entry("autoscale.deployguard.io", Judge, "Ignore", 1, [inside], Scales(), [MatchConditions.MoreReplicas, MatchConditions.ByAnAutoscaler(options.Trusted)]));
        }

        return entries;
    }

    private JsonArray WithoutConditions(bool guards, JsonObject inside, JsonObject outside, JsonObject all)
    {
        JsonArray entries = [(JsonNode)Entry("workloads-open.deployguard.io", Judge, "Ignore", 1, [outside], Workloads(), [])];
        if (guards)
        {
            entries.Add((JsonNode)Entry("workloads.deployguard.io", Judge, "Fail", 3, [inside], Workloads(), []));
        }

        entries.Add((JsonNode)Entry("pods.deployguard.io", Judge, "Ignore", 1, [all], Pods(), []));
        entries.Add((JsonNode)Entry("scale.deployguard.io", Judge, "Ignore", 1, [all], Scales(), []));
        return entries;
    }

    /// <summary>What only a server can be told of that drops what kubelets and controllers write: each of them would call, all the time.</summary>
    private IEnumerable<JsonObject> OfStatusAndServing(GuardedSpace space, JsonObject inside, JsonObject outside)
    {
        if (space.Guarded.Count > 0)
        {
            yield return Entry("labels.deployguard.io", Judge, "Fail", 3, [inside], Statuses("pods/status"), [MatchConditions.NotByTheControlPlane, MatchConditions.OtherMetadata]);
        }

        if (space.SelectsWorkloads)
        {
            yield return Entry("labels-open.deployguard.io", Judge, "Ignore", 1, [outside], Statuses("pods/status"), [MatchConditions.NotByTheControlPlane, MatchConditions.OtherMetadata]);
        }

        if (space.RollingOut.Count > 0)
        {
            // Deletes always pass while nobody answers; evictions have no rule, because a drain is the way of a person's node.
            yield return Entry(
                "pace.deployguard.io", Judge, "Ignore", 1, [Selected("In", space.RollingOut)], Removals(),
                [MatchConditions.NotByTheControlPlane, MatchConditions.NotByItsController(options.Trusted), MatchConditions.FewerPods(options.Noise)]);
        }

        if (space.Canaried.Count > 0)
        {
            // Under Ignore: some operators fail a database over by writing Endpoints, and nothing tells them from people.
            yield return Entry(
                "endpoints.deployguard.io", Judge, "Ignore", 1, [Selected("In", space.Canaried)], Addresses(), [MatchConditions.NotByTheControlPlane, MatchConditions.OtherAddresses]);
        }
    }

    private IEnumerable<JsonObject> OfStatusWithoutConditions(GuardedSpace space, JsonObject all) =>
        space.SelectsWorkloads ? [Entry("labels.deployguard.io", Judge, "Ignore", 1, [all], Statuses(), [])] : [];

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

    private static JsonArray Namespaces() => [(JsonNode)Rule("", ["UPDATE"], "namespaces", "namespaces/status", "namespaces/finalize")];

    /// <summary>Where labels can be changed besides the object itself.</summary>
    /// <param name="pods">The status of Pods, which every kubelet writes all the time, where that can be dropped.</param>
    private static JsonArray Statuses(params string[] pods) =>
    [
        (JsonNode)Rule("apps", ["UPDATE"], "deployments/status", "statefulsets/status", "daemonsets/status", "replicasets/status"),
        (JsonNode)Rule("batch", ["UPDATE"], "jobs/status", "cronjobs/status"),
        (JsonNode)Rule("", ["UPDATE"], [.. pods, "replicationcontrollers/status"]),
    ];

    private static JsonArray Removals() =>
    [
        (JsonNode)Rule("", ["DELETE"], "pods"),
        (JsonNode)Rule("apps", ["DELETE", "UPDATE"], "replicasets"),
        (JsonNode)Rule("apps", ["UPDATE"], "replicasets/scale"),
    ];

    private static JsonArray Addresses() =>
    [
        (JsonNode)Rule("", ["CREATE", "UPDATE"], "endpoints"),
        (JsonNode)Rule("discovery.k8s.io", ["CREATE", "UPDATE"], "endpointslices"),
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

    private JsonObject Entry(string name, string path, string failurePolicy, int timeoutSeconds, IReadOnlyList<JsonObject> namespaces, JsonArray rules, JsonArray conditions)
    {
        var entry = new JsonObject
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
            ["namespaceSelector"] = namespaces.Count == 0 ? [] : new JsonObject { ["matchExpressions"] = new JsonArray([.. namespaces.Select(n => n.DeepClone())]) },
            ["objectSelector"] = new JsonObject(),
            ["sideEffects"] = "NoneOnDryRun",
            ["timeoutSeconds"] = timeoutSeconds,
            ["admissionReviewVersions"] = Strings(["v1"]),
        };
        if (conditions.Count > 0)
        {
            entry["matchConditions"] = conditions;
        }

        return entry;
    }

    private static JsonArray Strings(IEnumerable<string> values) => [.. values.Select(v => (JsonNode?)JsonValue.Create(v))];
}
