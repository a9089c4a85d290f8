namespace DeployGuard.Core.Tests.Serving;

/// <summary>A namespace as the API server stores it: objects only. The controllers' rules change it.</summary>
internal sealed class SimulatedNamespace
{
    private int _lastNumber;

    public DateTimeOffset Now { get; set; } = Some.Now;

    public List<Controller> Controllers { get; private init; } = [];

    public List<Pod> Pods { get; private init; } = [];

    public List<Revision> Revisions { get; private init; } = [];

    public List<SimulatedService> Services { get; private init; } = [];

    public SimulatedNamespace Copy() =>
        new()
        {
            _lastNumber = _lastNumber,
            Now = Now,
            Controllers = Controllers.ConvertAll(c => c.Copy()),
            Pods = Pods.ConvertAll(p => p.Copy()),
            Revisions = [.. Revisions],
            Services = [.. Services],
        };

    public string NewUid() => $"uid-{++_lastNumber}";

    /// <summary>A number for names that the API server generates.</summary>
    public int NewNumber() => ++_lastNumber;

    public IEnumerable<Controller> Of(string kind) => Controllers.Where(c => c.Kind == kind);

    public Controller? Find(string kind, string name) => Controllers.Find(c => c.Kind == kind && c.Name == name);

    public Controller? ByUid(string? uid) => uid is null ? null : Controllers.Find(c => c.Uid == uid);

    public Pod? PodByUid(string uid) => Pods.Find(p => p.Uid == uid);

    public SimulatedService? Service(string name) => Services.Find(s => s.Name == name);

    public bool Exists(string uid) => uid == OutsideUid || Controllers.Exists(c => c.Uid == uid) || Pods.Exists(p => p.Uid == uid);

    /// <summary>The uid of a ConfigMap, which any object may name as its owner.</summary>
    public const string OutsideUid = "uid-of-a-configmap";

    public IEnumerable<Pod> PodsOf(Controller controller) => Pods.Where(p => p.Owner?.Uid == controller.Uid);

    public bool IsAvailable(Pod pod, Pacing pacing) => pod.Ready is { } since && (!pacing.IsTimed || Now - since >= MinReady);

    public static TimeSpan MinReady => TimeSpan.FromMinutes(10);

    public Pod MakePod(string name, Template template, Claim? owner, bool crashes = false)
    {
        var number = NewNumber();
        var pod = new Pod
        {
            Kind = "Pod",
            Name = name,
            Uid = NewUid(),
            Labels = template.Labels,
            Owner = owner,
            Created = Now,
            Image = template.Image,
            Node = $"node-{number % 3}",
            Crashes = crashes,
        };
        Pods.Add(pod);
        return pod;
    }

    /// <summary>Pods behind a Service, by its selector alone.</summary>
    public IEnumerable<Pod> Behind(SimulatedService service) =>
        service.Alias is { } alias
            ? Service(alias) is { Alias: null } target
                ? Behind(target)
                : []
            : Pods.Where(p => service.Selector.Selects(p.Labels));

    public override string ToString() =>
        $"  {string.Join("\n  ", Services)}\n  {string.Join("\n  ", Controllers)}\n  "
        + string.Join(
            "\n  ",
            Pods.GroupBy(p => (p.Owner?.Name, p.Image, p.Labels, Ready: p.Ready is not null)).Select(g => $"{g.Count()} pods {g.First()}")
        );
}
