using System.Text.Json.Nodes;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Kubernetes.Webhooks;

/// <summary>
/// The entries of the webhook configurations, with every default written out, so that they can be compared with the stored ones. If the
/// server supports matchConditions, every object that a person can write in an enforced namespace is under Fail. Otherwise objects that
/// controllers write often (Pods, ReplicaSets, Jobs, <c>/scale</c>) are under Ignore everywhere, and Fail covers the others.
/// </summary>
internal sealed class WebhookEntries(ClusterOptions options, string caBundle, bool hasMatchConditions)
{
    private const string NamespaceLabel = "kubernetes.io/metadata.name";
    private const string AdmitPath = "/admit/workloads";

    /// <summary>The entry that protects DeployGuard's own records; no rollout waits for it.</summary>
    public JsonArray ForRecords() =>
        [
            (JsonNode)Entry(
                "records.deployguard.io",
                "/admit/records",
                "Fail",
                3,
                [],
                [
                    Rule(
                        "deployguard.io",
                        ["CREATE", "UPDATE", "DELETE"],
                        "safeguardpolicies",
                        "changes",
                        "changetemplates",
                        "changeapprovals",
                        "breakglasses"
                    ),
                ],
                []
            ),
        ];

    public JsonArray Validating(WebhookScope scope)
    {
        var inside = Selected("In", scope.Guarded);
        var outside = Selected("NotIn", [.. scope.Guarded, .. options.ExemptNamespaces]);
        var all = Selected("NotIn", options.ExemptNamespaces);
        var guards = scope.Guarded.Count > 0;
        var entries = hasMatchConditions ? WithConditions(guards, inside, outside) : WithoutConditions(guards, inside, outside, all);
        // Services are written by people.
        entries.Add(
            (JsonNode)Entry("services.deployguard.io", AdmitPath, "Ignore", 3, [all], [Rule("", ["CREATE", "UPDATE"], "services")], [])
        );
        // Without a selector: an update of a namespace is matched by its new labels, and old servers do not protect the label with its
        // name.
        entries.Add(
            (JsonNode)(
                hasMatchConditions
                    ? Entry("namespaces.deployguard.io", AdmitPath, "Fail", 3, [all], Namespaces(), [MatchConditions.OtherLabels])
                    : Entry("namespaces.deployguard.io", AdmitPath, "Ignore", 3, [], Namespaces(), [])
            )
        );
        foreach (var entry in hasMatchConditions ? OfStatusAndServing(scope, inside, outside) : OfStatusWithoutConditions(scope, all))
        {
            entries.Add((JsonNode)entry);
        }

        foreach (var entry in ForRecords())
        {
            entries.Add(entry?.DeepClone());
        }

        return entries;
    }

    /// <summary>
    /// A policy without a mode may be stored while no replica answers: it then enforces. While one answers, <c>/admit/records</c> refuses
    /// what was not stamped.
    /// </summary>
    public JsonArray Mutating() =>
        [
            (JsonNode)Stamp("stamp.deployguard.io", "Fail", "changeapprovals", "breakglasses"),
            (JsonNode)Stamp("modes.deployguard.io", "Ignore", "safeguardpolicies"),
        ];

    private JsonObject Stamp(string name, string failurePolicy, params string[] resources)
    {
        var stamp = Entry(name, "/stamp", failurePolicy, 3, [], [Rule("deployguard.io", ["CREATE"], resources)], []);
        stamp["reinvocationPolicy"] = "Never";
        return stamp;
    }

    private JsonArray WithConditions(bool guards, JsonObject inside, JsonObject outside)
    {
        JsonArray People() => [MatchConditions.NotByItsController(options.Trusted), MatchConditions.MoreThanARestart(options.Noise)];
        JsonArray Everything() => [.. Workloads().Concat(Pods()).Select(r => r?.DeepClone())];
        JsonArray entries = [(JsonNode)Entry("workloads-open.deployguard.io", AdmitPath, "Ignore", 1, [outside], Everything(), People())];
        entries.Add(
            (JsonNode)Entry("scale-open.deployguard.io", AdmitPath, "Ignore", 1, [outside], Scales(), [MatchConditions.MoreReplicas])
        );
        if (guards)
        {
            entries.Add((JsonNode)Entry("workloads.deployguard.io", AdmitPath, "Fail", 3, [inside], Everything(), People()));
            entries.Add(
                (JsonNode)Entry(
                    "scale.deployguard.io",
                    AdmitPath,
                    "Fail",
                    3,
                    [inside],
                    Scales(),
                    [MatchConditions.MoreReplicas, MatchConditions.NotByAnAutoscaler(options.Trusted)]
                )
            );
            // Autoscalers must not wait for DeployGuard.
            entries.Add(
                (JsonNode)Entry(
                    "autoscale.deployguard.io",
                    AdmitPath,
                    "Ignore",
                    1,
                    [inside],
                    Scales(),
                    [MatchConditions.MoreReplicas, MatchConditions.ByAnAutoscaler(options.Trusted)]
                )
            );
        }

        return entries;
    }

    private JsonArray WithoutConditions(bool guards, JsonObject inside, JsonObject outside, JsonObject all)
    {
        JsonArray entries = [(JsonNode)Entry("workloads-open.deployguard.io", AdmitPath, "Ignore", 1, [outside], Workloads(), [])];
        if (guards)
        {
            entries.Add((JsonNode)Entry("workloads.deployguard.io", AdmitPath, "Fail", 3, [inside], Workloads(), []));
        }

        entries.Add((JsonNode)Entry("pods.deployguard.io", AdmitPath, "Ignore", 1, [all], Pods(), []));
        entries.Add((JsonNode)Entry("scale.deployguard.io", AdmitPath, "Ignore", 1, [all], Scales(), []));
        return entries;
    }

    /// <summary>Entries that need matchConditions: without them, every write of a kubelet or controller would call the webhook.</summary>
    private IEnumerable<JsonObject> OfStatusAndServing(WebhookScope scope, JsonObject inside, JsonObject outside)
    {
        if (scope.Guarded.Count > 0)
        {
            yield return Entry(
                "labels.deployguard.io",
                AdmitPath,
                "Fail",
                3,
                [inside],
                Statuses("pods/status"),
                [MatchConditions.NotByTheControlPlane, MatchConditions.OtherMetadata]
            );
        }

        if (scope.SelectsWorkloads)
        {
            yield return Entry(
                "labels-open.deployguard.io",
                AdmitPath,
                "Ignore",
                1,
                [outside],
                Statuses("pods/status"),
                [MatchConditions.NotByTheControlPlane, MatchConditions.OtherMetadata]
            );
        }

        if (scope.RollingOut.Count > 0)
        {
            // Deletes pass while no replica answers. Evictions have no rule, so that a drain always works.
            yield return Entry(
                "pace.deployguard.io",
                AdmitPath,
                "Ignore",
                1,
                [Selected("In", scope.RollingOut)],
                Removals(),
                [
                    MatchConditions.NotByTheControlPlane,
                    MatchConditions.NotByItsController(options.Trusted),
                    MatchConditions.FewerPods(options.Noise),
                ]
            );
        }

        if (scope.Approving.Count > 0)
        {
            // Controllers must not wait for DeployGuard: a rollback passes while no replica answers.
            yield return Entry(
                "revisions.deployguard.io",
                AdmitPath,
                "Ignore",
                3,
                [Selected("In", scope.Approving)],
                [(JsonNode)Rule("apps", ["UPDATE"], "replicasets")],
                [MatchConditions.ByItsController(options.Trusted), MatchConditions.FirstPods]
            );
        }

        if (scope.Canaried.Count > 0)
        {
            // Under Ignore: some operators fail a database over by writing Endpoints, and cannot be told apart from people.
            yield return Entry(
                "endpoints.deployguard.io",
                AdmitPath,
                "Ignore",
                1,
                [Selected("In", scope.Canaried)],
                Addresses(),
                [MatchConditions.NotByTheControlPlane, MatchConditions.OtherAddresses]
            );
        }
    }

    private IEnumerable<JsonObject> OfStatusWithoutConditions(WebhookScope scope, JsonObject all) =>
        scope.SelectsWorkloads ? [Entry("labels.deployguard.io", AdmitPath, "Ignore", 1, [all], Statuses(), [])] : [];

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

    /// <summary>Subresources by which labels can be changed.</summary>
    /// <param name="pods">The status of Pods, if the server can skip the writes of kubelets.</param>
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
        [(JsonNode)Rule("", ["CREATE", "UPDATE"], "endpoints"), (JsonNode)Rule("discovery.k8s.io", ["CREATE", "UPDATE"], "endpointslices")];

    private static JsonObject Rule(string group, string[] operations, params string[] resources) =>
        new()
        {
            ["apiGroups"] = Strings([group]),
            ["apiVersions"] = Strings(["*"]),
            ["operations"] = Strings(operations),
            ["resources"] = Strings(resources),
            ["scope"] = "*",
        };

    private static JsonObject Selected(string @operator, IReadOnlyList<string> namespaces) =>
        new()
        {
            ["key"] = NamespaceLabel,
            ["operator"] = @operator,
            ["values"] = Strings(namespaces),
        };

    private JsonObject Entry(
        string name,
        string path,
        string failurePolicy,
        int timeoutSeconds,
        IReadOnlyList<JsonObject> namespaces,
        JsonArray rules,
        JsonArray conditions
    )
    {
        var entry = new JsonObject
        {
            ["name"] = name,
            ["clientConfig"] = new JsonObject
            {
                ["service"] = new JsonObject
                {
                    ["namespace"] = options.Namespace,
                    ["name"] = options.Service,
                    ["path"] = path,
                    ["port"] = 443,
                },
                ["caBundle"] = caBundle,
            },
            ["rules"] = rules,
            ["failurePolicy"] = failurePolicy,
            ["matchPolicy"] = "Equivalent",
            ["namespaceSelector"] =
                namespaces.Count == 0
                    ? []
                    : new JsonObject { ["matchExpressions"] = new JsonArray([.. namespaces.Select(n => n.DeepClone())]) },
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
