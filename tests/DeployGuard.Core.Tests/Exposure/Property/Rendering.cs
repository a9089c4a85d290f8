using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests.Serving;

/// <summary>The simulated namespace in the types of Core. Templates are built without JSON: other tests check the hash.</summary>
internal static partial class Rendering
{
    public const string Namespace = "shop";

    private static readonly ConcurrentDictionary<(string Hashed, TagSet Labels, int Image), PodTemplate> s_templates = new();
    private static readonly ConcurrentDictionary<TagSet, LabelSelector> s_selectors = new();
    private static readonly ConcurrentDictionary<int, (IReadOnlyList<Container> Containers, IReadOnlyList<ImageUse> Images)> s_images =
        new();

    public static string Reference(int image) => $"registry.example.com/web@sha256:{image:x64}";

    public static WorkloadRef Ref(string kind, string name) =>
        new(
            kind switch
            {
                "Pod" => "",
                "Job" => "batch",
                _ => "apps",
            },
            kind,
            Namespace,
            name
        );

    public static Workload ToWorkload(this Controller made) =>
        new()
        {
            Ref = Ref(made.Kind, made.Name),
            Uid = made.Uid,
            ResourceVersion = $"{made.Generation}",
            Generation = made.Generation,
            Labels = made.Labels.Map,
            Template = TemplateOf(
                made.Template.Image,
                made.Template.Labels,
                made.Kind == "ReplicaSet" ? WithoutNoise(made.Name, made.Template.Labels) : made.Template.Labels,
                ""
            ),
            Replicas = made.Replicas,
            Strategy = StrategyOf(made),
            ControllerUid = made.Owner?.Uid,
            OwnerReferences = OwnersOf(made),
            CreatedAt = made.Created,
            Selector = s_selectors.GetOrAdd(
                made.Selector,
                s => new LabelSelector([.. s.Map.Select(l => new LabelRequirement(l.Key, LabelOperator.In, [l.Value]))])
            ),
        };

    public static Workload ToWorkload(this Pod pod) =>
        new()
        {
            Ref = Ref("Pod", pod.Name),
            Uid = pod.Uid,
            Labels = pod.Labels.Map,
            Template = TemplateOf(pod),
            Replicas = 1,
            Strategy = RolloutStrategy.Unknown,
            ControllerUid = pod.Owner?.Uid,
            OwnerReferences = OwnersOf(pod),
            CreatedAt = pod.Created,
        };

    public static Service ToService(this SimulatedService front) =>
        new(front.Name, front.Selector.Map, front.Alias is not null)
        {
            ExternalName = front.Alias is null ? "" : $"{front.Alias}.{Namespace}.svc.cluster.local",
        };

    public static NamespaceObjects ToObjects(
        this SimulatedNamespace world,
        IReadOnlyList<Change> changes,
        IReadOnlyDictionary<string, AdoptedPods> adopted
    ) =>
        new()
        {
            Namespace = Namespace,
            Services = world.Services.ConvertAll(s => s.ToService()),
            Workloads = world.Controllers.ConvertAll(c => ToLive(world, c)),
            Revisions = world.Revisions.ConvertAll(r => new LiveRevision(
                r.Name,
                r.OwnerUid,
                TemplateOf(r.Template.Image, r.Template.Labels, r.Template.Labels, ""),
                r.Number,
                r.Name
            )
            {
                Uid = r.Uid,
            }),
            Pods =
            [
                .. world
                    .Pods.GroupBy(p => (Uid: p.Owner?.Uid, p.Labels, p.Image))
                    .Select(g => new PodGroup(ShapeOf(g.First()), [.. g.Select(ToLive)])),
            ],
            // The leader changes its list, and a snapshot never changes.
            Changes = [.. changes],
            Adopted = adopted,
        };

    private static LiveWorkload ToLive(SimulatedNamespace world, Controller made)
    {
        var pods =
            made.Kind == "Deployment"
                ? [.. world.Of("ReplicaSet").Where(s => s.Owner?.Uid == made.Uid).SelectMany(world.PodsOf)]
                : world.PodsOf(made).ToList();
        return new LiveWorkload
        {
            Spec = made.ToWorkload(),
            IsObserved = made.Observed == made.Generation,
            ReadyPods = pods.Count(p => p.Ready is not null),
            Revisions = (made.OldRevision, made.NewRevision),
            UpdatedPods = made.Kind == "StatefulSet" ? pods.Count(p => p.Labels[StatefulSetRules.RevisionLabel] == made.NewRevision) : 0,
        };
    }

    private static LivePod ToLive(Pod pod) =>
        new()
        {
            Name = pod.Name,
            Node = pod.Node,
            CreatedAt = pod.Created,
            ReadySince = pod.Ready,
            StartedAt = pod.Ready,
        };

    /// <summary>Only pods without an owner have a hash.</summary>
    private static PodShape ShapeOf(Pod pod) =>
        new(pod.Owner?.Uid, pod.Owner is null ? TemplateOf(pod) : TemplateOf(pod.Image, pod.Labels, null, ""));

    private static PodTemplate TemplateOf(Pod pod) =>
        TemplateOf(pod.Image, pod.Labels, pod.Labels.Without(Template.HashLabel).Without(StatefulSetRules.RevisionLabel), "Pod ");

    public static PodTemplate TemplateOf(int image, TagSet labels, TagSet? hashed, string kind) =>
        s_templates.GetOrAdd(
            (hashed is null ? "" : $"{kind}{image} {hashed.Text}", labels, image),
            static key =>
            {
                var (containers, images) = s_images.GetOrAdd(
                    key.Image,
                    static i =>
                        (
                            [new Container("app", Reference(i), [new ContainerPort("", 8080, "TCP")], HasReadinessProbe: true)],
                            [new ImageUse("spec.containers[0].image", new ImageReference(Reference(i)))]
                        )
                );
                var hash =
                    key.Hashed.Length == 0 ? "" : $"v2:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key.Hashed)))}";
                return PodTemplate.OfPod(key.Labels.Map, containers, images, hash);
            }
        );

    private static TagSet WithoutNoise(string name, TagSet labels) =>
        labels[Template.HashLabel] is { } hash && EncodedHash().IsMatch(hash) && name.EndsWith($"-{hash}", StringComparison.Ordinal)
            ? labels.Without(Template.HashLabel)
            : labels;

    private static RolloutStrategy StrategyOf(Controller made)
    {
        var pace = new IntOrPercent(made.Pacing.AtOnce, made.Pacing.IsPercent);
        var isSet = made.Kind == "StatefulSet";
        return new RolloutStrategy(
            made.ReplacesAllAtOnce
                ? isSet
                    ? "OnDelete"
                    : "Recreate"
                : "RollingUpdate",
            isSet ? null : pace,
            isSet ? pace : new IntOrPercent(0, IsPercent: false),
            isSet ? made.Partition : null,
            made.Pacing.IsTimed ? 600 : 0,
            1200,
            made.Paused
        );
    }

    private static IReadOnlyList<OwnerReference> OwnersOf(SimulatedObject made) =>
        made.Owner is { } owner
            ?
            [
                new OwnerReference(
                    owner.Kind is "Pod" or "ConfigMap" ? "v1" : "apps/v1",
                    owner.Kind,
                    owner.Name,
                    owner.Uid,
                    IsController: true
                ),
            ]
            : [];

    [GeneratedRegex(@"\A[bcdfghjklmnpqrstvwxz2456789]{1,10}\z")]
    private static partial Regex EncodedHash();
}
