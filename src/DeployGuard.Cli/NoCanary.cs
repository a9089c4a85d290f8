using DeployGuard.Cli.Doctor;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Cli;

/// <summary>Says why a workload that exists has no canary to show.</summary>
internal sealed class NoCanary(ApiConnection api, TimeProvider time)
{
    public async Task<string> ExplainAsync(WorkloadRef workload, CancellationToken cancel)
    {
        using var found = await api.GetAsync(ApiPaths.One(ApiPaths.Namespaces, workload.Namespace), cancel);
        var labels = NamespaceLabels.Of(found.RootElement).Labels;
        var policies = new List<SafeguardPolicy>();
        await api.ListAsync(ApiPaths.Policies, item => policies.Add(PolicyReader.Read(item)), cancel);
        return Explain(workload, [.. policies.Where(p => p.Match.IncludesNamespace(labels))], time.GetUtcNow());
    }

    /// <param name="policies">Those that match the namespace.</param>
    public static string Explain(WorkloadRef workload, IReadOnlyList<SafeguardPolicy> policies, DateTimeOffset now)
    {
        var canaries = policies
            .Where(p => p.Canary is { Required: not Required.Never } && p.Active.Contains(now))
            .Select(p => p.Name)
            .ToList();
        var why =
            policies.Count == 0 ? $"no policy matches namespace {workload.Namespace}"
            : canaries.Count == 0
                ? $"no active policy of namespace {workload.Namespace} requires a canary ({string.Join(", ", policies.Select(p => p.Name))})"
            : workload is { ApiGroup: "", Kind: "Service" } ? "a canary is of a workload; pass one of those behind this Service"
            : $"it is in no pool of {string.Join(", ", canaries)} now: no replicas, or no pods that users reach";
        return $"{workload} exists and has no canary: {why}.\nTo see what waits for approval, run: kubectl deployguard changes -n {workload.Namespace}";
    }
}
