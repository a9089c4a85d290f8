using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Benchmarks.Evidence;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Workloads;
using DeployGuard.Rig;

namespace DeployGuard.Benchmarks.Api;

/// <summary>A control plane with DeployGuard as its chart installs it, and the bare server as another webhook.</summary>
internal sealed class BenchCluster : IAsyncDisposable
{
    /// <summary>In each namespace.</summary>
    public const int Deployments = 5;

    private const int Replicas = 2;
    private const string Guarded = "bench-guarded";
    private const string Configuration = "apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/deployguard";

    private readonly RunningRig _rig;
    private Daemon? _bare;

    private BenchCluster(RunningRig rig) => _rig = rig;

    public Uri Url => new(_rig.Plane.Server);

    public Version Kubernetes => _rig.Tools.Kubernetes;

    /// <summary>Of an administrator: flow control does not delay them.</summary>
    public string Token { get; private set; } = "";

    /// <summary>DeployGuard exempts the namespaces of the cluster itself, so nothing else has to be switched off in them.</summary>
    public IReadOnlyList<Target> Targets { get; } =
    [
        new("no webhook", Webhook.None, "kube-public"),
        new("bare Kestrel", Webhook.Bare, "kube-node-lease"),
        new("DeployGuard", Webhook.DeployGuard, Guarded),
    ];

    public static async Task<BenchCluster> StartAsync(string folder)
    {
        Environment.SetEnvironmentVariable("DEPLOYGUARD_WEBHOOK", RecompilingWebhook.WriteTo(folder));
        var cluster = new BenchCluster(await RunningRig.StartAsync(await Toolbox.InstallAsync()));
        try
        {
            await cluster.InstallAsync();
            await cluster.RegisterBareAsync(folder);
            await cluster.FillAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>How many requests about Deployments the replicas answered.</summary>
    public async Task<double> CallsAsync()
    {
        var replicas = _rig.Installation?.Replicas ?? [];
        var counts = await Task.WhenAll(
            replicas.Select(r => r.ReadAsync("deployguard_admission_requests_total", "resource=\"deployments\""))
        );
        return counts.Sum(c => c.Sum());
    }

    public async ValueTask DisposeAsync()
    {
        _bare?.Dispose();
        await _rig.DisposeAsync();
    }

    private async Task InstallAsync()
    {
        (await _rig.Plane.HelmAsync("admin", Installation.HelmArguments(Toolbox.Chart))).OrFail();
        await _rig.RunInstalledAsync(Replicas);
        using var admin = JsonDocument.Parse(await File.ReadAllTextAsync(_rig.Plane.Kubeconfig("admin")));
        Token = admin.RootElement.GetProperty("users")[0].GetProperty("user").GetProperty("token").GetString() ?? "";
    }

    private async Task RegisterBareAsync(string folder)
    {
        var (tls, port) = (TlsPair.WriteTo(folder), Ports.Free());
        _bare = Daemon.Start(
            "bare",
            folder,
            "env",
            ["DOTNET_TieredCompilation=1", Self.Program, .. Self.Arguments, "bare", $"{port}", tls.Certificate, tls.Key]
        );
        await _bare.WaitUntilAsync(() => Ports.ListensAsync(port), TimeSpan.FromSeconds(60));
        var ca = Convert.ToBase64String(await File.ReadAllBytesAsync(tls.Ca));
        await _rig.Plane.Api.CreateAsync(
            "apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
            $$$"""
            {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "bench-bare"},
             "webhooks": [{"name": "bare.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None", "timeoutSeconds": 3,
              "failurePolicy": "Fail", "clientConfig": {"url": "https://127.0.0.1:{{{port}}}/admit/workloads", "caBundle": "{{{ca}}}"},
              "namespaceSelector": {"matchLabels": {"bench": "bare"} },
              "rules": [{"apiGroups": ["apps"], "apiVersions": ["*"], "operations": ["CREATE", "UPDATE"], "resources": ["deployments"]}]}]}
            """
        );
    }

    private async Task FillAsync()
    {
        await _rig.CreateNamespaceAsync(Guarded);
        await LabelAsync("kube-public", "none");
        await LabelAsync("kube-node-lease", "bare");
        foreach (var target in Targets)
        {
            for (var i = 0; i < Deployments; i++)
            {
                await _rig.Plane.Api.CreateAsync($"apis/apps/v1/namespaces/{target.Namespace}/deployments", await DeploymentAsync(i));
            }
        }

        foreach (var target in Targets)
        {
            await UntilRolledOutAsync(target.Namespace);
        }

        await GuardAsync();
        foreach (var target in Targets)
        {
            // A refusal is told in full here; wrk would only count it.
            await _rig.Plane.Api.MergeAsync(
                $"apis/apps/v1/namespaces/{target.Namespace}/deployments/web-0?dryRun=All",
                """{"spec": {"progressDeadlineSeconds": 700}}"""
            );
        }
    }

    /// <summary>Older servers do not label a namespace with its name, by which DeployGuard exempts it.</summary>
    private Task LabelAsync(string @namespace, string bench) =>
        _rig.Plane.Api.MergeAsync(
            $"api/v1/namespaces/{@namespace}",
            $$"""{"metadata": {"labels": {"kubernetes.io/metadata.name": "{{@namespace}}", "bench": "{{bench}}"} } }"""
        );

    private Task GuardAsync() => GuardAsync(Guarded, """ "images": {"pin": "Digest"} """);

    /// <summary>Puts a namespace under a policy, and waits until requests in it depend on DeployGuard.</summary>
    /// <param name="rules">Blocks of the policy's spec.</param>
    private async Task GuardAsync(string @namespace, string rules)
    {
        await _rig.Plane.Api.CreateAsync(
            "apis/deployguard.io/v1alpha1/safeguardpolicies",
            $$$"""
            {"apiVersion": "deployguard.io/v1alpha1", "kind": "SafeguardPolicy", "metadata": {"name": "{{{@namespace}}}"},
             "spec": {"mode": "Enforce", "match": {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "{{{@namespace}}}"} } },
              {{{rules}}} } }
            """
        );
        await Wait.UntilAsync(
            () => _rig.Plane.Api.FindAsync(Configuration),
            found => found?.GetRawText().Contains($"\"{@namespace}\"", StringComparison.Ordinal) ?? false,
            $"the webhook entry for {@namespace}"
        );
    }

    /// <summary>
    /// Two more namespaces, in which a new Deployment of an attested image is allowed: in the first because what nothing is known of counts
    /// as human, in the second only because signed evidence says that no AI had a part.
    /// </summary>
    public async Task<IReadOnlyList<Creation>> AddAttestedAsync(AttestedImage image)
    {
        const string Plain = "bench-plain";
        const string Signed = "bench-signed";
        var deployment = await UnattestedAsync(image.Reference);
        image.Attest(AttestedImage.NoCommit, await TemplateOfAsync(deployment, Signed));
        var origin = image.Origin;
        origin["unknown"] = "AiAssisted";
        List<Creation> added = [];
        foreach (
            var (name, @namespace, known) in ((string, string, string)[])
                [("without evidence", Plain, """{"unknown": "Human"}"""), ("with evidence", Signed, origin.ToJsonString())]
        )
        {
            await _rig.CreateNamespaceAsync(@namespace);
            await GuardAsync(
                @namespace,
                $$"""
                "approval": {"required": "AiAssisted", "quorum": [{"groups": ["directors"]}]}, "images": {"pin": "Digest"}, "origin": {{known}}
                """
            );
            added.Add(new Creation(name, $"/apis/apps/v1/namespaces/{@namespace}/deployments?dryRun=All", deployment));
        }

        return added;
    }

    /// <summary>With one container, whose image is attested, and nothing that says that an AI had a part.</summary>
    private static async Task<string> UnattestedAsync(string image)
    {
        var deployment = JsonNode.Parse(await DeploymentAsync(0))?.AsObject() ?? throw new InvalidOperationException("no Deployment");
        deployment["metadata"]?["name"] = "attested";
        var template = deployment["spec"]?["template"]?.AsObject() ?? throw new InvalidOperationException("no template");
        template["metadata"]?.AsObject().Remove("annotations");
        var web = template["spec"]?["containers"]?[0]?.DeepClone();
        web?["image"] = image;
        template["spec"]?["containers"] = new JsonArray(web);
        template["spec"]?.AsObject().Remove("initContainers");
        return deployment.ToJsonString();
    }

    /// <summary>The template with the defaults of the API server, as a statement about a workload of a namespace names it.</summary>
    private async Task<StatementSubject> TemplateOfAsync(string deployment, string @namespace)
    {
        const string Exempt = "kube-public";
        await _rig.Plane.Api.CreateAsync($"apis/apps/v1/namespaces/{Exempt}/deployments", deployment);
        var stored = await _rig.Plane.Api.FindAsync($"apis/apps/v1/namespaces/{Exempt}/deployments/attested");
        var there = stored
            ?.GetRawText()
            .Replace($"\"namespace\":\"{Exempt}\"", $"\"namespace\":\"{@namespace}\"", StringComparison.Ordinal);
        using var read = JsonDocument.Parse(there ?? throw new InvalidOperationException("the Deployment is not there"));
        var workload = WorkloadReader.Default.Read(read.RootElement);
        return StatementSubject.Of($"{workload.Ref}", StatementSubject.TemplateHash, workload.Template.Hash);
    }

    private async Task UntilRolledOutAsync(string @namespace) =>
        await Wait.UntilAsync(
            async () => await _rig.Plane.Api.FindAsync($"apis/apps/v1/namespaces/{@namespace}/deployments"),
            found => found is { } list && list.GetProperty("items").EnumerateArray().Count(IsAvailable) == Deployments,
            $"the Deployments in {@namespace} to be available"
        );

    private static bool IsAvailable(JsonElement deployment) =>
        deployment.GetProperty("status").TryGetProperty("availableReplicas", out var count)
        && count.GetInt32() == deployment.GetProperty("spec").GetProperty("replicas").GetInt32();

    /// <summary>The Deployment of the recorded review, with images that the policy allows.</summary>
    private static async Task<string> DeploymentAsync(int i)
    {
        var review = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "review.json")));
        var recorded = review?["request"]?["oldObject"]?.AsObject() ?? throw new InvalidOperationException("the review has no oldObject");
        var deployment = new JsonObject
        {
            ["apiVersion"] = "apps/v1",
            ["kind"] = "Deployment",
            ["metadata"] = new JsonObject { ["name"] = $"web-{i}" },
            ["spec"] = recorded["spec"]?.DeepClone(),
        };
        return deployment
            .ToJsonString()
            .Replace("\"app\":\"web\"", $"\"app\":\"web-{i}\"", StringComparison.Ordinal)
            .Replace(RecordedUpdate.OldImage, $"envoyproxy/envoy@sha256:{new string('1', 64)}", StringComparison.Ordinal);
    }
}
