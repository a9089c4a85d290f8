using System.Net;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Manifests;

namespace DeployGuard.Cli;

/// <summary>Finds the workload that an argument names, with the user's own permissions.</summary>
internal sealed class WorkloadLookup(ApiConnection api, string @namespace)
{
    /// <summary>The workload, whether or not it exists.</summary>
    /// <exception cref="ManifestException">The argument names no kind that the API server has, or a name alone names not exactly one
    /// workload.</exception>
    public async Task<WorkloadRef> ReadAsync(string text, CancellationToken cancel)
    {
        var argument = WorkloadArgument.Parse(text);
        return argument.Kind.Length == 0
            ? await FindByNameAsync(argument.Name, cancel)
            : (await KindAsync(text, argument, cancel)).Named(@namespace, argument.Name);
    }

    /// <summary>The workload, which exists as far as the user may know.</summary>
    /// <exception cref="ManifestException">As for <see cref="ReadAsync"/>; or it does not exist.</exception>
    public async Task<FoundWorkload> FindAsync(string text, CancellationToken cancel)
    {
        var argument = WorkloadArgument.Parse(text);
        if (argument.Kind.Length == 0)
        {
            return new FoundWorkload(await FindByNameAsync(argument.Name, cancel), IsKnownToExist: true);
        }

        var kind = await KindAsync(text, argument, cancel);
        var workload = kind.Named(@namespace, argument.Name);
        return await ExistsAsync(kind, argument.Name, cancel) switch
        {
            false => throw new ManifestException(
                $"there is no {workload}. Check the name and the namespace; to list what is there, run: kubectl get {kind.KubectlResource} -n {@namespace}"
            ),
            var exists => new FoundWorkload(workload, exists is true),
        };
    }

    private async Task<GuardedKind> KindAsync(string text, WorkloadArgument argument, CancellationToken cancel) =>
        argument.BuiltIn
        ?? await new ServedKinds(api).FindAsync(argument.Kind, argument.ApiGroup, cancel)
        ?? throw new ManifestException(
            $"{text}: the API server has no kind {argument.TypedKind}; use one of {string.Join(", ", GuardedKind.BuiltIn.Select(k => k.Kind))}, "
                + "or a custom kind with its group, such as Rollout.argoproj.io/web"
        );

    /// <summary>A Service often has the name of its workload, so it must be named with its kind.</summary>
    private async Task<WorkloadRef> FindByNameAsync(string name, CancellationToken cancel)
    {
        var custom = (await ConfiguredWorkloadReader.CustomKindsAsync(api, cancel)).Select(k => (k.Kind, k.ApiGroup));
        var kinds = GuardedKind.BuiltIn.SkipLast(1).ToList();
        foreach (var (kind, group) in custom)
        {
            kinds.AddRange(await new ServedKinds(api).FindAsync(kind, group, cancel) is { } served ? [served] : []);
        }

        var found = await Task.WhenAll(kinds.Select(async kind => (Kind: kind, Exists: await ExistsAsync(kind, name, cancel))));
        var named = found.Where(f => f.Exists is true).Select(f => f.Kind.Named(@namespace, name)).ToList();
        var unreadable = found.Where(f => f.Exists is null).Select(f => f.Kind.KubectlResource).ToList();
        return (named, unreadable) switch
        {
            ([var only], []) => only,
            ([], []) => throw new ManifestException(
                $"no workload in namespace {@namespace} has the name {name}. Check the namespace, or name the kind too, such as "
                    + $"deployment/{name}; to list what is there, run: kubectl get {string.Join(',', kinds.Select(k => k.KubectlResource))} -n {@namespace}"
            ),
            (_, []) => throw new ManifestException(
                $"several workloads in namespace {@namespace} have the name {name}; pass one of: {string.Join(", ", named.Select(w => w.KubectlName))}"
            ),
            _ => throw new ManifestException(
                $"you may not read {string.Join(", ", unreadable)} in namespace {@namespace}, so the kind of {name} is not known. Name the "
                    + $"kind too, such as {(named is [var first, ..] ? first.KubectlName : $"deployment/{name}")}"
            ),
        };
    }

    /// <summary>Null if the user may not know.</summary>
    private async Task<bool?> ExistsAsync(GuardedKind kind, string name, CancellationToken cancel)
    {
        try
        {
            using var found = await api.FindAsync(kind.PathOf(@namespace, name), cancel);
            using var before =
                found is null && kind.Named(@namespace, name).Type.RunsOnSchedule
                    ? await api.FindAsync(ApiPaths.One(ApiPaths.In(ApiPaths.CronJobsBeta, @namespace), name), cancel)
                    : null;
            return (found ?? before) is not null;
        }
        catch (ApiException refused) when (refused.StatusCode is HttpStatusCode.Forbidden)
        {
            return null;
        }
    }
}

/// <param name="IsKnownToExist">Not where the user may not read it.</param>
internal sealed record FoundWorkload(WorkloadRef Workload, bool IsKnownToExist);
