namespace DeployGuard.Core.Workloads;

/// <summary>What a workload runs: every image in it, wherever it hides, and the hash over its canonical form.</summary>
public sealed class PodTemplate(
    IReadOnlyDictionary<string, string> labels,
    IReadOnlyDictionary<string, string> annotations,
    IReadOnlyList<Container> containers,
    IReadOnlyList<ImageUse> images,
    Func<CanonicalTemplate> canonical)
{
    private CanonicalTemplate? _canonical;
    private string? _hash;

    public IReadOnlyDictionary<string, string> Labels { get; } = labels;

    public IReadOnlyDictionary<string, string> Annotations { get; } = annotations;

    /// <summary>The main containers, in the order of the object.</summary>
    public IReadOnlyList<Container> Containers { get; } = containers;

    /// <summary>Init, main and ephemeral containers, image volumes and injection annotations, in that order.</summary>
    public IReadOnlyList<ImageUse> Images { get; } = images;

    /// <summary>The same as the template names them.</summary>
    public IReadOnlyList<string> ImageNames { get; } = [.. images.Select(i => i.Reference.Text)];

    /// <summary>Worked out when first asked for: most requests change no template and never need it. Null where its hash alone was kept.</summary>
    public CanonicalTemplate? Canonical => _hash is not null ? null : _canonical ??= canonical();

    /// <summary><c>v1:</c> and 64 hex digits.</summary>
    public string Hash => _hash ?? (_canonical ??= canonical()).Hash;

    /// <summary>The same as if every container had a readiness probe; what it would hash to is nobody's question.</summary>
    public PodTemplate Probed() => new(Labels, Annotations, [.. Containers.Select(c => c with { HasReadinessProbe = true })], Images, canonical) { _hash = _hash, _canonical = _canonical };

    /// <summary>What a pod runs, where only what is alike in many pods is kept.</summary>
    /// <param name="hash">Empty where nobody worked it out: it then equals no revision.</param>
    public static PodTemplate OfPod(IReadOnlyDictionary<string, string> labels, IReadOnlyList<Container> containers, IReadOnlyList<ImageUse> images, string hash) =>
        new(labels, Maps.Empty, containers, images, () => throw new InvalidOperationException("only the hash was kept")) { _hash = hash };

    /// <summary>The same without its body, for those who keep many: it holds on to no document.</summary>
    /// <param name="kept">Which annotations are worth keeping.</param>
    public PodTemplate Slim(Func<string, bool> kept) =>
        new(Labels, Annotations.Where(a => kept(a.Key)).ToDictionary(), Containers, Images, () => throw new InvalidOperationException("only the hash was kept")) { _hash = Hash };
}

/// <summary>A main container, as far as the exposure model looks at it.</summary>
/// <param name="Image">As the object names it; empty where it names none.</param>
public sealed record Container(string Name, string Image, IReadOnlyList<ContainerPort> Ports, bool HasReadinessProbe)
{
    public bool DeclaresPorts => Ports.Count > 0;
}

/// <summary>A port that a container declares.</summary>
/// <param name="Name">Empty where it has none.</param>
/// <param name="Protocol"><c>TCP</c> where the object does not say.</param>
public sealed record ContainerPort(string Name, int Number, string Protocol);
