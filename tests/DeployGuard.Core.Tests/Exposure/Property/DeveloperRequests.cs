using DeployGuard.Core.Admission;

namespace DeployGuard.Core.Tests.Serving;

/// <summary>Requests of a developer: everyday ones, and those that try to exceed a step.</summary>
internal sealed class DeveloperRequests(SimulatedNamespace world, Random random)
{
    public const int Images = 4;

    private static readonly string[] s_apps = ["web", "api", "idle"];
    private static readonly string[] s_names = ["w1", "w2", "w3", "w4-broken"];

    /// <summary>Null if no request is possible this time.</summary>
    public SimulatedRequest? RandomRequest()
    {
        var request = random.Next(20) switch
        {
            0 or 1 => CreateWorkload(),
            2 or 3 or 4 => Workload(),
            5 or 6 => Size(),
            7 or 8 => new ControllerObjectRequests(world, random).RandomRequest(),
            9 or 10 or 11 => new ControllerObjectRequests(world, random).RandomPodRequest(),
            12 or 13 => Service(),
            14 => CreateSetOrPod(),
            15 => Delete(),
            16 => Owner(),
            17 => Job(),
            18 => Undo(),
            _ => new ControllerObjectRequests(world, random).RandomSizeRequest(),
        };
        return request is null ? null : request with { WithBreakGlass = random.Next(100) == 0 };
    }

    private T? Pick<T>(IEnumerable<T> some)
        where T : class => some.ToList() is { Count: > 0 } all ? all[random.Next(all.Count)] : null;

    private Controller? Root() => Pick(world.Controllers.Where(c => c.Kind is "Deployment" or "StatefulSet"));

    private Pacing AnyPacing() => new(random.Next(1, 4) * (random.Next(3) == 0 ? 10 : 1), random.Next(3) == 0, random.Next(3) > 0);

    private SimulatedRequest? CreateWorkload()
    {
        var free = s_names.Where(n => world.Find("Deployment", n) is null && world.Find("StatefulSet", n) is null);
        return Pick(free) is { } name ? SimulatedRequests.Create(Plan(name, random.Next(4) == 0 ? "StatefulSet" : "Deployment")) : null;
    }

    private Controller Plan(string name, string kind)
    {
        var labels = TagSet.None.With("app", s_apps[random.Next(s_apps.Length)]).With("track", name);
        var wide = random.Next(8) == 0 && labels["app"] != "idle";
        return new Controller
        {
            Kind = kind,
            Name = name,
            Uid = world.NewUid(),
            Labels = labels,
            Created = world.Now,
            Selector = wide ? labels.Without("track") : labels.Without("app"),
            Template = new Template(random.Next(Images), labels),
            Replicas = random.Next(3) == 0 ? random.Next(1, 9) : 1,
            Pacing = AnyPacing(),
            ReplacesAllAtOnce = random.Next(6) == 0,
            Owner = random.Next(10) == 0 ? AnyOwner() : null,
            Partition = kind == "StatefulSet" ? random.Next(3) : 0,
        };
    }

    private SimulatedRequest? Workload() =>
        Root() is not { } root
            ? null
            : random.Next(8) switch
            {
                0 or 1 => NewImage(root, (root.Template.Image + 1) % Images, Pacing.OneByOne, replacesAllAtOnce: false),
                2 => NewImage(root, random.Next(Images), AnyPacing(), random.Next(4) == 0),
                3 => Pace(root, AnyPacing(), random.Next(3) == 0),
                4 => SimulatedRequests.Change(root, "pause or resume", c => c.Paused = c.Kind == "Deployment" && !c.Paused),
                5 when root.Kind == "StatefulSet" => Partition(root, random.Next(root.Replicas + 2)),
                5 or 6 => Relabel(root),
                _ => RollOutAndScale(root, random.Next(Images), random.Next(1, 12), AnyPacing()),
            };

    private static SimulatedRequest NewImage(Controller root, int image, Pacing pacing, bool replacesAllAtOnce) =>
        SimulatedRequests.Change(
            root,
            "roll out",
            c =>
            {
                c.Template = c.Template with { Image = image };
                (c.Pacing, c.ReplacesAllAtOnce) = (pacing, replacesAllAtOnce);
            }
        );

    private static SimulatedRequest Pace(Controller root, Pacing pacing, bool replacesAllAtOnce) =>
        SimulatedRequests.Change(root, "other pace", c => (c.Pacing, c.ReplacesAllAtOnce) = (pacing, replacesAllAtOnce));

    private static SimulatedRequest Partition(Controller root, int partition) =>
        SimulatedRequests.Change(root, "other partition", c => c.Partition = partition);

    private static SimulatedRequest RollOutAndScale(Controller root, int image, int size, Pacing pacing) =>
        SimulatedRequests.Change(
            root,
            "roll out and scale",
            c =>
            {
                c.Template = c.Template with { Image = image };
                (c.Pacing, c.Replicas) = (pacing, size);
            }
        );

    /// <summary>Its template joins other Services; its selector, which cannot change, still matches.</summary>
    private SimulatedRequest? Relabel(Controller root)
    {
        var app = s_apps[random.Next(s_apps.Length)];
        return root.Selector["app"] is not null
            ? null
            : SimulatedRequests.Change(
                root,
                "labels of the template",
                c => c.Template = c.Template with { Labels = c.Template.Labels.With("app", app) }
            );
    }

    private SimulatedRequest? Size()
    {
        if (Root() is not { } root)
        {
            return null;
        }

        var size = random.Next(3) == 0 ? random.Next(0, 25) : Math.Max(0, root.Replicas + random.Next(-3, 4));
        return SimulatedRequests.Scale(root, size, random.Next(2) == 0) with { IsRollback = size < root.Replicas };
    }

    private SimulatedRequest? Delete() =>
        random.Next(3) > 0 && Root() is { } root && (root.Name != "web" || random.Next(4) == 0)
            ? SimulatedRequests.Delete(root, random.Next(2) == 0) with
            {
                IsRollback = true,
            }
        : Pick(world.Of("Job")) is { } job ? SimulatedRequests.Delete(job, random.Next(2) == 0) with { IsRollback = true }
        : null;

    private Claim AnyOwner() =>
        random.Next(3) == 0 || Root() is not { } root ? new Claim("ConfigMap", "settings", SimulatedNamespace.OutsideUid)
        : random.Next(2) == 0 && Pick(world.Of("ReplicaSet")) is { } set ? set.AsOwner
        : root.AsOwner;

    /// <summary>A forged or removed owner.</summary>
    private SimulatedRequest? Owner()
    {
        Claim? owner = random.Next(2) == 0 ? AnyOwner() : null;
        return random.Next(2) == 0 && Pick(world.Pods) is { } pod
            ? pod.Uid == owner?.Uid
                ? null
                : SimulatedRequests.Change(pod, "owner of", p => p.Owner = owner)
            : Pick(world.Controllers.Where(c => c.Uid != owner?.Uid)) is not { } controller
                ? null
                // Owners in a ring collect each other, so the outcome is undefined.
                : owner is not null && world.ByUid(owner.Uid)?.Owner is not null && controller.Kind != "ReplicaSet"
                    ? null
                    : SimulatedRequests.Change(controller, "owner of", c => c.Owner = owner);
    }

    private SimulatedRequest? Job()
    {
        if (Pick(world.Of("Job")) is { } known && random.Next(2) == 0)
        {
            var parallel = random.Next(0, 12);
            return SimulatedRequests.Change(known, "parallelism of", c => c.Replicas = parallel);
        }

        var (name, uid) = ($"job-{world.NewNumber()}", world.NewUid());
        var labels = TagSet.None.With("app", s_apps[random.Next(s_apps.Length)]).With("controller-uid", uid);
        return world.Of("Job").Count() > 2
            ? null
            : SimulatedRequests.Create(
                new Controller
                {
                    Kind = "Job",
                    Name = name,
                    Uid = uid,
                    Labels = TagSet.None,
                    Created = world.Now,
                    Selector = TagSet.None.With("controller-uid", uid),
                    Template = new Template(random.Next(Images), labels),
                    Replicas = random.Next(1, 12),
                    Owner = random.Next(6) == 0 ? AnyOwner() : null,
                }
            );
    }

    /// <summary>A ReplicaSet or Pod created by hand, under its own name or one that a controller would choose.</summary>
    private SimulatedRequest? CreateSetOrPod()
    {
        var root = Root();
        var like =
            root is not null && random.Next(2) == 0
                ? root.Template
                : new Template(
                    random.Next(Images),
                    TagSet.None.With("app", s_apps[random.Next(s_apps.Length)]).With("track", $"x{random.Next(3)}")
                );
        var template = random.Next(2) == 0 ? like : like with { Image = random.Next(Images) };
        var owner = random.Next(3) == 0 ? AnyOwner() : null;
        if (random.Next(2) == 0)
        {
            var ordinal =
                root is { Kind: "StatefulSet" } && random.Next(2) == 0 ? $"{root.Name}-{root.Replicas}" : $"pod-{world.NewNumber()}";
            return world.Pods.Exists(p => p.Name == ordinal)
                ? null
                : SimulatedRequests.Create(
                    new Pod
                    {
                        Kind = "Pod",
                        Name = ordinal,
                        Uid = world.NewUid(),
                        Labels = template.Labels,
                        Owner = owner,
                        Created = world.Now,
                        Image = template.Image,
                        Node = $"node-{random.Next(3)}",
                    }
                );
        }

        var hash = DeploymentRules.HashOf(template, random.Next(2));
        var name = root is not null && random.Next(2) == 0 ? $"{root.Name}-{hash}" : $"set-{world.NewNumber()}";
        var labels = random.Next(2) == 0 ? template.Labels.With(Template.HashLabel, hash) : template.Labels;
        return world.Find("ReplicaSet", name) is not null
            ? null
            : SimulatedRequests.Create(
                new Controller
                {
                    Kind = "ReplicaSet",
                    Name = name,
                    Uid = world.NewUid(),
                    Labels = labels,
                    Owner = owner,
                    Created = world.Now,
                    Selector = labels,
                    Template = template with { Labels = labels },
                    Replicas = random.Next(0, 5),
                }
            );
    }

    private SimulatedRequest? Service()
    {
        var name = random.Next(2) == 0 ? "web" : "api";
        var before = world.Service(name);
        var plain = TagSet.None.With("app", name);
        return random.Next(6) switch
        {
            0 when before is not null => new SimulatedRequest(
                $"delete {before}",
                SimulatedRequests.ChangeService(before, before).Request with
                {
                    Operation = Operation.Delete,
                },
                w => w.Services.RemoveAll(s => s.Name == name)
            )
            {
                IsRollback = true,
            },
            1 or 2 when before is not null && Pick(world.Pods) is { } pod => SimulatedRequests.ChangeService(
                before,
                new SimulatedService(name, random.Next(2) == 0 ? pod.Labels : Some(pod.Labels), null)
            ),
            3 => SimulatedRequests.ChangeService(before, new SimulatedService(name, TagSet.None, name == "web" ? "api" : "web")),
            _ => SimulatedRequests.ChangeService(before, new SimulatedService(name, plain, null)),
        };
    }

    private TagSet Some(TagSet labels) => Pick(labels.Map.Keys) is { } key ? TagSet.None.With(key, labels[key] ?? "") : labels;

    /// <summary>Back to an earlier image of this workload: an undo.</summary>
    private SimulatedRequest? Undo() =>
        Pick(world.Of("Deployment")) is not { } root ? null
        : Pick(world.Of("ReplicaSet").Where(s => s.Owner?.Uid == root.Uid && s.Template.Image != root.Template.Image)) is { } set
            ? NewImage(root, set.Template.Image, root.Pacing, root.ReplacesAllAtOnce)
        : null;
}
