using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Rig;

namespace DeployGuard.EndToEnd;

/// <summary>The namespace of one test.</summary>
public sealed class Sandbox
{
    public const string V1 = "registry.example.com/web@sha256:1111111111111111111111111111111111111111111111111111111111111111";
    public const string V2 = "registry.example.com/web@sha256:2222222222222222222222222222222222222222222222222222222222222222";
    public const string V3 = "registry.example.com/web@sha256:3333333333333333333333333333333333333333333333333333333333333333";

    private static int s_count;

    private Sandbox(string name) => Namespace = name;

    public string Namespace { get; }

    private static ControlPlane Plane => TestCluster.Rig.Plane;

    private static IReadOnlyList<Replica> Replicas => TestCluster.Rig.Installation?.Replicas ?? [];

    /// <summary>An empty namespace under the policy of that label value.</summary>
    public static async Task<Sandbox> GuardedAsync(string policy = "guarded")
    {
        var sandbox = await UnguardedAsync();
        await sandbox.GuardAsync(policy);
        return sandbox;
    }

    /// <summary>A namespace in which Deployment web runs v1, and which came under the policy after that.</summary>
    public static async Task<Sandbox> WithWebRunningAsync(string policy = "guarded", int replicas = 3)
    {
        var sandbox = await UnguardedAsync();
        await sandbox.CreateDeploymentAsync(Web(V1, replicas));
        await sandbox.IsRolledOutAsync("web");
        await sandbox.GuardAsync(policy);
        return sandbox;
    }

    public static async Task<Sandbox> UnguardedAsync()
    {
        var sandbox = new Sandbox($"t{Interlocked.Increment(ref s_count)}");
        await TestCluster.Rig.CreateNamespaceAsync(sandbox.Namespace);
        return sandbox;
    }

    public Task<Run> KubectlAsync(string user, params IEnumerable<string> arguments) =>
        Plane.KubectlAsync(user, [.. arguments, "-n", Namespace]);

    /// <summary>By the on-call engineer, for Deployment web.</summary>
    public Task<Run> BreakGlassAsync(string reason, params IEnumerable<string> more) =>
        KubectlAsync("olga", ["deployguard", "breakglass", "deployment/web", "--incident", "INC-1", "--reason", reason, .. more]);

    /// <summary>Repeated while a replica is busy.</summary>
    public Task<Run> ApplyAsync(string user, JsonObject manifest, params IEnumerable<string> more) =>
        Busy.AnsweredAsync(() => Plane.KubectlAsync(user, manifest.ToJsonString(), ["apply", "-f", "-", "-n", Namespace, .. more]));

    /// <summary>Repeated while a replica is busy.</summary>
    public Task<Run> CreateAsync(string user, JsonObject manifest) =>
        Busy.AnsweredAsync(() => Plane.KubectlAsync(user, manifest.ToJsonString(), ["create", "-f", "-", "-n", Namespace]));

    /// <summary>
    /// Creates a Deployment as if admin had applied it, with the annotation that a later <c>kubectl apply</c> compares. It uses the API
    /// directly, which saves a process of kubectl.
    /// </summary>
    public Task CreateDeploymentAsync(JsonObject deployment)
    {
        var applied = deployment.DeepClone().AsObject();
        applied["metadata"]!["namespace"] = Namespace;
        applied["metadata"]!["annotations"] ??= new JsonObject();
        var placed = applied.DeepClone().AsObject();
        placed["metadata"]!["annotations"]!["kubectl.kubernetes.io/last-applied-configuration"] = $"{applied.ToJsonString()}\n";
        return Plane.Api.CreateAsync(
            $"apis/apps/v1/namespaces/{Namespace}/deployments?fieldManager=kubectl-client-side-apply",
            placed.ToJsonString()
        );
    }

    /// <summary>The objects of a resource in this namespace; none if the API server does not answer.</summary>
    /// <param name="resource">With a selector if there is one: <c>pods?labelSelector=app=web</c>.</param>
    public async Task<IReadOnlyList<JsonElement>> ListAsync(string groupVersion, string resource) =>
        await Plane.Api.FindAsync($"{groupVersion}/namespaces/{Namespace}/{resource}") is { } list
            ? [.. list.GetProperty("items").EnumerateArray()]
            : [];

    /// <summary>Waits until every pod of a Deployment has its newest revision and is available.</summary>
    public Task IsRolledOutAsync(string deployment) =>
        Wait.UntilAsync(
            async () => await Plane.Api.FindAsync($"apis/apps/v1/namespaces/{Namespace}/deployments/{deployment}"),
            found => found is { } there && IsRolledOut(there),
            $"Deployment {deployment} in {Namespace} to be rolled out",
            seconds: 600
        );

    /// <summary>Waits for the one Change in a phase, and returns its name. A pending Change must also be known to every replica.</summary>
    public async Task<string> ChangeInPhaseAsync(string phase)
    {
        bool IsInPhase(JsonElement change) => PhaseOf(change) == phase;
        var changes = await Wait.UntilAsync(ChangesAsync, found => found.Any(IsInPhase), $"a change in phase {phase} in {Namespace}");
        if (phase == "Pending")
        {
            await EveryReplicaSeesPendingAsync(1);
        }

        return Text(changes.Single(IsInPhase), "metadata", "name");
    }

    /// <summary>The name of the Change of the revision with an image, alone or as the last of its images; empty if there is none.</summary>
    public async Task<string> ChangeOfAsync(string image)
    {
        static string Last(JsonElement change) =>
            change.GetProperty("spec").TryGetProperty("images", out var images) && images.GetArrayLength() > 0
                ? Text(images.EnumerateArray().Last(), "to")
                : "";
        return (await ChangesAsync()).Where(c => Last(c) == image).Select(c => Text(c, "metadata", "name")).SingleOrDefault() ?? "";
    }

    /// <summary>
    /// Waits until every replica knows at least so many pending Changes here: votes and the inbox are checked by the caches.
    /// </summary>
    public Task EveryReplicaSeesPendingAsync(int changes) =>
        Wait.UntilAsync(
            () => Task.WhenAll(Replicas.Select(r => r.ReadAsync("deployguard_changes_waiting", $"namespace=\"{Namespace}\""))),
            counts => counts.All(c => c.Sum() >= changes),
            $"every replica to see {changes} pending changes in {Namespace}"
        );

    /// <summary>Waits until the answer of every replica to a dry run, which uses its caches, contains a text.</summary>
    public async Task EveryReplicaAnswersAsync(string text, JsonObject after, JsonObject? before = null, int seconds = 120)
    {
        using var call = new DirectCall();
        foreach (var replica in Replicas)
        {
            await Wait.UntilAsync(
                () => call.DryRunAsync(replica, Namespace, after, before),
                answer => answer.Contains(text, StringComparison.Ordinal),
                $"a replica to answer: {text}",
                seconds
            );
        }
    }

    /// <summary>Waits until every replica applies a policy here. Every policy refuses a ControllerRevision that a person creates.</summary>
    public async Task EveryReplicaAppliesAsync(string policy, int seconds = 120)
    {
        var revision = Parse("""{"apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": {"name": "by-hand"}, "revision": 1}""");
        await EveryReplicaAnswersAsync(policy, revision, seconds: seconds);
    }

    /// <summary>Waits until every replica knows a policy.</summary>
    public static Task EveryReplicaKnowsAsync(string policy) =>
        Wait.UntilAsync(
            () => Task.WhenAll(Replicas.Select(r => r.ReadAsync("deployguard_policy_active", $"policy=\"{policy}\""))),
            known => known.All(k => k.Count == 1),
            $"every replica to know the policy {policy}"
        );

    /// <summary>
    /// Waits until the controller of a workload has observed its current spec. Before that, an undo cannot leave the newest revision.
    /// </summary>
    /// <param name="workload">As kubectl names it: <c>deployment/web</c>.</param>
    public Task ObservedAsync(string workload) =>
        Wait.UntilAsync(
            async () =>
                await Plane.Api.FindAsync($"apis/apps/v1/namespaces/{Namespace}/{workload.Replace("/", "s/", StringComparison.Ordinal)}"),
            found => found is { } there && IsObserved(there),
            $"the controller of {workload} to see its spec"
        );

    /// <summary>Requests another image of Deployment web. Repeated while a replica is busy.</summary>
    public Task<Run> SetImageAsync(string image = V2, string user = "dana") => Busy.AnsweredAsync(() => SetImageOnceAsync(image, user));

    public Task<Run> SetImageOnceAsync(string image = V2, string user = "dana") =>
        KubectlAsync(user, "set", "image", "deployment/web", $"web={image}");

    /// <summary>The same as a dry run, which changes nothing.</summary>
    public Task<Run> DryRunSetImageAsync(string image = V2) =>
        Busy.AnsweredAsync(
            () => KubectlAsync("dana", "set", "image", "deployment/web", $"web={image}", "--dry-run=server"),
            isDryRun: true
        );

    /// <summary>Waits until no admitted change of Deployment web is in progress.</summary>
    public Task SettleAsync() =>
        Wait.UntilAsync(
            ChangesAsync,
            changes => !changes.Any(c => Text(c, "spec", "workload", "name") == "web" && PhaseOf(c) is "Admitted" or "Running"),
            "every change of web to be Completed"
        );

    /// <summary>No pod in the namespace runs an image.</summary>
    public async Task AssertNothingRunsAsync(string image)
    {
        var pods =
            await Plane.Api.FindAsync($"api/v1/namespaces/{Namespace}/pods")
            ?? throw new InvalidOperationException($"the pods of {Namespace} cannot be listed");
        Assert.That(pods.GetProperty("items").EnumerateArray().Select(p => p.GetProperty("spec").GetRawText()), Has.None.Contains(image));
    }

    public Task<Run> ApproveAsync(string user, string change) => KubectlAsync(user, "deployguard", "approve", change, "--yes");

    public static JsonObject Web(string image, int replicas = 3, bool aiAssisted = false)
    {
        var annotations = aiAssisted ? """{"deployguard.io/ai-assisted": "true", "deployguard.io/ai-tool": "claude-code"}""" : "{}";
        return Parse(
            $$$"""
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
             "spec": {"replicas": {{{replicas}}}, "minReadySeconds": 1, "selector": {"matchLabels": {"app": "web"}},
              "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
              "template": {"metadata": {"labels": {"app": "web"}, "annotations": {{{annotations}}}},
               "spec": {"containers": [{"name": "web", "image": "{{{image}}}", "ports": [{"containerPort": 8080}],
                        "readinessProbe": {"httpGet": {"path": "/", "port": 8080} } }] } } } }
            """
        );
    }

    /// <summary>Several manifests for one <c>kubectl apply</c>.</summary>
    public static JsonObject Together(params JsonNode[] manifests) =>
        new()
        {
            ["apiVersion"] = "v1",
            ["kind"] = "List",
            ["items"] = new JsonArray(manifests),
        };

    public static JsonObject Parse(string json) => JsonNode.Parse(json)?.AsObject() ?? throw new InvalidOperationException("no object");

    /// <summary>
    /// Puts the namespace under a policy, and waits until its workloads were adopted and every replica applies the policy.
    /// </summary>
    public async Task GuardAsync(string policy)
    {
        await Plane.Api.MergeAsync($"api/v1/namespaces/{Namespace}", $$"""{"metadata": {"labels": {"tests": "{{policy}}"} } }""");
        await EveryReplicaAppliesAsync(policy);
        if (policy == "warns")
        {
            return;
        }

        await Wait.UntilAsync(
            () => Plane.Api.FindAsync($"apis/deployguard.io/v1alpha1/safeguardpolicies/{policy}"),
            IsAdopted,
            $"adoption of {Namespace} under {policy}"
        );
        await Wait.UntilAsync(
            () => Plane.Api.FindAsync("apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/deployguard"),
            found =>
                found is { } registered
                && registered.TryGetProperty("webhooks", out var entries)
                && entries.EnumerateArray().Any(IsTheFailEntry),
            $"the Fail entry for {Namespace}"
        );
    }

    public Task<IReadOnlyList<JsonElement>> ChangesAsync() => ListAsync("apis/deployguard.io/v1alpha1", "changes");

    /// <summary>Empty for one that has no status yet.</summary>
    public static string PhaseOf(JsonElement change) => Text(change, "status", "phase");

    /// <summary>The same condition as <c>kubectl rollout status</c>.</summary>
    private static bool IsRolledOut(JsonElement deployment)
    {
        var wanted = deployment.GetProperty("spec").GetProperty("replicas").GetInt32();
        int Count(string of) => deployment.GetProperty("status").TryGetProperty(of, out var count) ? count.GetInt32() : 0;
        return IsObserved(deployment)
            && Count("replicas") == wanted
            && Count("updatedReplicas") == wanted
            && Count("availableReplicas") == wanted;
    }

    private static bool IsObserved(JsonElement workload) =>
        workload.GetProperty("status").TryGetProperty("observedGeneration", out var seen)
        && seen.GetInt64() >= workload.GetProperty("metadata").GetProperty("generation").GetInt64();

    /// <summary>A text by its path; empty if it is not there.</summary>
    private static string Text(JsonElement from, params IEnumerable<string> path)
    {
        foreach (var name in path)
        {
            if (!from.TryGetProperty(name, out from))
            {
                return "";
            }
        }

        return from.GetString() ?? "";
    }

    private bool IsTheFailEntry(JsonElement entry) =>
        entry.GetProperty("name").ValueEquals("workloads.deployguard.io")
        && entry.GetProperty("namespaceSelector").GetRawText().Contains($"\"{Namespace}\"", StringComparison.Ordinal);

    private bool IsAdopted(JsonElement? policy) =>
        policy is { } found
        && found.TryGetProperty("status", out var status)
        && status.TryGetProperty("adopted", out var adopted)
        && adopted.EnumerateArray().Any(a => a.GetProperty("namespace").ValueEquals(Namespace));
}
