using System.Text.Json;
using DeployGuard.Cluster.Caches;
using DeployGuard.Core;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Workloads;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace DeployGuard.Cluster.Tests;

/// <summary>An API server that takes longer than a decision may.</summary>
public class LiveServingTests
{
    private const string V1 = "web@sha256:1111111111111111111111111111111111111111111111111111111111111111";
    private const string V2 = "web@sha256:2222222222222222222222222222222222222222222222222222222222222222";

    private static readonly SafeguardPolicy s_policy = new() { Name = "canary", Canary = new CanaryRules { Required = Required.Always, Steps = [5, 25] } };

    [Test]
    public async Task WherePodsAreListedTooSlowlyTheStepsOnRecordStillCountAndTheMessageSaysSo()
    {
        await using var api = await FakeApi.StartAsync();
        api.Own = AnswerAsync;
        var caches = new ClusterCaches(api.Connection, TimeProvider.System, NullLogger.Instance);
        using var stop = new CancellationTokenSource();
        var running = Task.WhenAll(caches.All.Select(c => c.RunAsync(stop.Token)));
        await UntilAsync(() => caches.All.All(c => c.IsSynced));
        var canary = Workload("canary", V2, 6);
        IReadOnlyList<RecordedChange> changes = [Change(Workload("web", V1, 20), Phase.Proven), Change(canary, Phase.Running) with { Held = [new HeldStep("canary", "Service web", 5, TimeProvider.System.GetUtcNow())] }];
        var known = new NamespaceSnapshot
        {
            Services = [new Service("web", new Dictionary<string, string> { ["app"] = "web" }, false)],
            Members = [Running(Workload("web", V1, 20)), Running(canary)],
            Changes = changes,
        };

        var read = await new LiveServing(api.Connection, caches, TimeSpan.FromSeconds(5)).WithPodsAsync("shop", known, [(canary.Ref, canary.Template.Hash)], CancellationToken.None);
        Assert.That(api.Requests, Has.Some.StartsWith("/api/v1/namespaces/shop/pods?"));
        Assert.That(read.Stale, Is.EqualTo("the API server did not list the pods in time"));
        Assert.That(Refusal(canary, 7, read), Is.EqualTo("7 of 27 pods (25%) behind Service web would be unproven; step 25% allows 6; no pod of it has served here for 10m. Judged by what was known before, because the API server did not list the pods in time"));
        Assert.That(Refusal(Workload("canary", V2, 5), 6, read), Is.Empty, "the step on record counts");
        await stop.CancelAsync();
        await Task.WhenAny(running);
        Assert.That(running.IsFaulted, Is.False);
    }

    private static string Refusal(Workload canary, int replicas, NamespaceSnapshot serving) => string.Join("; ", new Guard(TrustedControllers.BuiltIn).Decide(
        new WorkloadRequest { Operation = Operation.Update, Requester = new Requester("dana", "", []), Target = canary.Ref, Before = canary, After = canary with { Replicas = replicas } },
        new ClusterView { Policies = [s_policy], Snapshot = serving, Changes = serving.Changes },
        TimeProvider.System.GetUtcNow()).Denials.Select(d => d.Finding.Message));

    /// <summary>The canary and its ReplicaSet; pods only after a long while.</summary>
    private static async Task<bool> AnswerAsync(HttpContext context)
    {
        if (context.Request.Query.ContainsKey("watch"))
        {
            return false;
        }

        var path = context.Request.Path.Value ?? "";
        if (path.EndsWith("/pods", StringComparison.Ordinal))
        {
            await Task.Delay(TimeSpan.FromSeconds(30), context.RequestAborted);
        }

        var items = path.EndsWith("/deployments", StringComparison.Ordinal) ? Json("canary", V2, 6)
            : path.EndsWith("/replicasets", StringComparison.Ordinal) ? Json("canary-1", V2, 6).Replace("\"uid\": \"uid-canary-1\"", "\"uid\": \"uid-canary-1\", \"ownerReferences\": [{\"uid\": \"uid-canary\", \"controller\": true}]", StringComparison.Ordinal)
            : "";
        var list = path.EndsWith("/batch/v1", StringComparison.Ordinal) ? """{"resources": [{"name": "cronjobs"}]}""" : $$"""{"metadata": {"resourceVersion": "1"}, "items": [{{items}}]}""";
        await context.Response.WriteAsync(list);
        return true;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!condition())
        {
            await Task.Delay(10, limit.Token);
        }
    }

    private static Member Running(Workload workload) =>
        new() { Spec = workload, Pods = [new RevisionPods(workload.Template.Hash, null, workload.Template.ImageNames, workload.Replicas)] };

    private static RecordedChange Change(Workload workload, Phase phase) => new()
    {
        Name = workload.Ref.Name,
        Workload = workload.Ref,
        TemplateHash = workload.Template.Hash,
        Images = workload.Template.ImageNames,
        Phase = phase,
    };

    private static Workload Workload(string name, string image, int replicas) => ObservedWorkload.Read(JsonDocument.Parse(Json(name, image, replicas)).RootElement, "apps/v1", "Deployment").Spec;

    private static string Json(string name, string image, int replicas) => $$"""
        {"metadata": {"name": "{{name}}", "namespace": "shop", "uid": "uid-{{name}}"},
         "spec": {"replicas": {{replicas}}, "selector": {"matchLabels": {"app": "web"} },
          "template": {"metadata": {"labels": {"app": "web"} }, "spec": {"containers": [{"name": "web", "image": "{{image}}"}] } } } }
        """;
}
