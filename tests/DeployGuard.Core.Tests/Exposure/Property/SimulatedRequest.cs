using DeployGuard.Core.Admission;
using DeployGuard.Core.Identities;

namespace DeployGuard.Core.Tests.Serving;

/// <summary>A request of a developer, and its effect on the stored objects if it passes.</summary>
/// <param name="What">A description for the log of a failure.</param>
/// <param name="Image">The image of the requested revision; null if the request names none.</param>
internal sealed record SimulatedRequest(string What, Request Request, Action<SimulatedNamespace> Apply, int? Image = null)
{
    /// <summary>A rollback or a scale-down: it must never be refused.</summary>
    public bool IsRollback { get; init; }

    public bool WithBreakGlass { get; init; }
}

/// <summary>Creates the requests by their effect on an object.</summary>
internal static class SimulatedRequests
{
    private static readonly Requester s_autoscaler = new(
        "system:serviceaccount:kube-system:horizontal-pod-autoscaler",
        "",
        ["system:serviceaccounts"]
    );

    public static SimulatedRequest Create(Controller created) =>
        new(
            $"create {created}",
            new WorkloadRequest
            {
                Operation = Operation.Create,
                Requester = Some.Developer,
                Target = Rendering.Ref(created.Kind, created.Name),
                After = created.ToWorkload(),
            },
            world => world.Controllers.Add(created.Copy()),
            created.Template.Image
        );

    public static SimulatedRequest Create(Pod created) =>
        new(
            $"create {created}",
            new WorkloadRequest
            {
                Operation = Operation.Create,
                Requester = Some.Developer,
                Target = Rendering.Ref("Pod", created.Name),
                After = created.ToWorkload(),
            },
            world => world.Pods.Add(created.Copy()),
            created.Image
        );

    /// <param name="subResource">Metadata may be written through <c>status</c> too.</param>
    public static SimulatedRequest Change(Controller before, string what, Action<Controller> change, string subResource = "")
    {
        var after = before.Changed(change);
        return new SimulatedRequest(
            $"{what}: {after}",
            new WorkloadRequest
            {
                Operation = Operation.Update,
                SubResource = subResource,
                Requester = Some.Developer,
                Target = Rendering.Ref(before.Kind, before.Name),
                Before = before.ToWorkload(),
                After = after.ToWorkload(),
            },
            world => Replace(world, before.Uid, change),
            after.Template.Image
        );
    }

    public static SimulatedRequest Change(Pod before, string what, Action<Pod> change, string subResource = "")
    {
        var after = before.Copy();
        change(after);
        return new SimulatedRequest(
            $"{what}: {after}",
            new WorkloadRequest
            {
                Operation = Operation.Update,
                SubResource = subResource,
                Requester = Some.Developer,
                Target = Rendering.Ref("Pod", before.Name),
                Before = before.ToWorkload(),
                After = after.ToWorkload(),
            },
            world => world.Pods.Where(p => p.Uid == before.Uid).ToList().ForEach(change),
            after.Image
        );
    }

    public static SimulatedRequest Scale(Controller before, int replicas, bool isAutoscaler) =>
        new(
            $"scale to {replicas}: {before}",
            new ScaleRequest(before.Replicas, replicas, $"{before.Generation}")
            {
                Operation = Operation.Update,
                Requester = isAutoscaler ? s_autoscaler : Some.Developer,
                Target = Rendering.Ref(before.Kind, before.Name),
            },
            world => Replace(world, before.Uid, c => c.Replicas = replicas),
            before.Template.Image
        );

    public static SimulatedRequest Delete(SimulatedObject deleted, bool orphan) =>
        new(
            $"delete {(orphan ? "and orphan " : "")}{deleted}",
            new WorkloadRequest
            {
                Operation = Operation.Delete,
                Requester = Some.Developer,
                Target = Rendering.Ref(deleted.Kind, deleted.Name),
                Orphans = orphan,
                Before = deleted switch
                {
                    Pod pod => pod.ToWorkload(),
                    Controller { Kind: "ReplicaSet" } set => set.ToWorkload(),
                    _ => null,
                },
            },
            world => world.Delete(deleted.Uid, orphan)
        );

    public static SimulatedRequest ChangeService(SimulatedService? before, SimulatedService after) =>
        new(
            $"{(before is null ? "create" : "change")} {after}",
            new ServiceRequest(before?.ToService(), after.ToService())
            {
                Operation = before is null ? Operation.Create : Operation.Update,
                Requester = Some.Developer,
                Target = Rendering.Ref("Service", after.Name),
            },
            world =>
            {
                world.Services.RemoveAll(s => s.Name == after.Name);
                world.Services.Add(after);
            }
        );

    private static void Replace(SimulatedNamespace world, string uid, Action<Controller> change)
    {
        foreach (var found in world.Controllers.Where(c => c.Uid == uid).ToList())
        {
            change(found);
            found.Generation++;
        }
    }
}
