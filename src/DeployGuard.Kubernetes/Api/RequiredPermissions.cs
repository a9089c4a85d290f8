namespace DeployGuard.Kubernetes.Api;

/// <summary>A verb that DeployGuard's service account must have.</summary>
/// <param name="Resource">With its subresource: <c>safeguardpolicies/status</c>.</param>
/// <param name="Namespace">Empty for the whole cluster.</param>
/// <param name="Name">Empty for any object.</param>
/// <param name="Why">What fails without it.</param>
public sealed record AccessRule(string ApiGroup, string Resource, string Verb, string Namespace, string Name, string Why)
{
    public override string ToString() =>
        $"{Verb} {Resource}{(ApiGroup.Length > 0 ? $".{ApiGroup}" : "")}{(Name.Length > 0 ? $" {Name}" : "")}"
        + (Namespace.Length > 0 ? $" -n {Namespace}" : "");
}

/// <summary>
/// The permissions that DeployGuard's service account needs, no more and no less. The chart's roles are tested against this list, and
/// <c>deployguard doctor</c> asks the API server for each.
/// </summary>
public static class RequiredPermissions
{
    private const string Own = "deployguard.io";
    private const string Registrations = "admissionregistration.k8s.io";

    public static IReadOnlyList<AccessRule> Of(ClusterOptions options)
    {
        string[] watch = ["list", "watch"];
        string[] read = ["get", .. watch];
        return
        [
            .. InCluster(Own, ["safeguardpolicies"], [.. read, "create"], "no policy is known, and the policy baseline is not created"),
            .. InCluster(Own, ["safeguardpolicies"], ["patch"], "a stored policy without a mode enforces, and does not say so"),
            .. InCluster(Own, ["safeguardpolicies/status"], ["update"], "no namespace is adopted, and kubectl get sgp shows no scope"),
            .. InCluster(
                Own,
                ["changes"],
                [.. read, "create", "update", "delete"],
                "gated requests are refused, because they must be recorded first"
            ),
            .. InCluster(
                Own,
                ["changetemplates"],
                ["get", "list", "create", "update", "delete"],
                "approvers are shown an incomplete difference"
            ),
            .. InCluster(
                Own,
                ["changeapprovals"],
                ["get", .. watch, "delete"],
                "no approval counts, none expires, and votes are not recorded"
            ),
            .. InCluster(Own, ["breakglasses"], [.. watch, "delete"], "no break-glass counts, and none expires"),
            .. InCluster("", ["namespaces", "replicationcontrollers"], read, "no replica becomes ready, and nothing is decided"),
            .. InCluster("", ["services"], watch, "no replica becomes ready, and nothing is decided"),
            .. InCluster(
                "",
                ["pods"],
                read,
                "serving pods are not known: canaries are refused as EvaluationIncomplete, and none completes a step"
            ),
            .. InCluster(
                "",
                ["nodes"],
                ["get", "list"],
                "a new DaemonSet under a canary is refused as EvaluationIncomplete, and a drain during a rollout may be"
            ),
            .. InCluster(
                "apps",
                ["deployments", "statefulsets", "replicasets"],
                read,
                "no replica becomes ready, and rollbacks are not known as such"
            ),
            .. InCluster(
                "apps",
                ["daemonsets", "controllerrevisions"],
                watch,
                "no replica becomes ready, and rollbacks are not known as such"
            ),
            .. InCluster("batch", ["jobs", "cronjobs"], watch, "no replica becomes ready"),
            .. options.CustomKinds.SelectMany(k =>
                InCluster(k.ApiGroup, [k.Resource], ["get", "list"], $"no {k.Kind} is seen to complete")
            ),
            .. InCluster("", ["events"], ["create", "get", "patch"], "no Events are written"),
            .. InCluster(
                "authorization.k8s.io",
                ["subjectaccessreviews"],
                ["create"],
                "no user has the verbs exempt, override, review and breakglass-namespace"
            ),
            .. InCluster(
                "rbac.authorization.k8s.io",
                ["clusterroles", "roles", "clusterrolebindings", "rolebindings"],
                ["list"],
                "the author of a policy is not warned of a quorum that nobody can fill"
            ),
            .. InCluster(
                Registrations,
                ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"],
                ["get", "patch"],
                "the registration is not kept",
                options.WebhookConfiguration
            ),
            .. InOurs(options, "", "secrets", ["get", "patch"], "no certificate, and the leader cannot remember its work", options.Secret),
            .. InOurs(
                options,
                "",
                "configmaps",
                ["get", "create", "update"],
                "canaries, and rollouts under a budget, are refused as EvaluationIncomplete"
            ),
            .. InOurs(options, "coordination.k8s.io", "leases", ["get", "update"], "no replica leads", options.Lease),
            // A create cannot be limited by name.
            .. InOurs(options, "coordination.k8s.io", "leases", ["create"], "no replica leads"),
        ];
    }

    private static IEnumerable<AccessRule> InCluster(string group, string[] resources, string[] verbs, string why, string name = "") =>
        resources.SelectMany(resource => verbs.Select(verb => new AccessRule(group, resource, verb, "", name, why)));

    private static IEnumerable<AccessRule> InOurs(
        ClusterOptions options,
        string group,
        string resource,
        string[] verbs,
        string why,
        string name = ""
    ) => verbs.Select(verb => new AccessRule(group, resource, verb, options.Namespace, name, why));
}
