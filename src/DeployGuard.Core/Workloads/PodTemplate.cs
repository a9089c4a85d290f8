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

    public IReadOnlyDictionary<string, string> Labels { get; } = labels;

    public IReadOnlyDictionary<string, string> Annotations { get; } = annotations;

    /// <summary>The main containers, in the order of the object.</summary>
    public IReadOnlyList<Container> Containers { get; } = containers;

    /// <summary>Init, main and ephemeral containers, image volumes and injection annotations, in that order.</summary>
    public IReadOnlyList<ImageUse> Images { get; } = images;

    /// <summary>Worked out when first asked for: most requests change no template and never need it.</summary>
    public CanonicalTemplate Canonical => _canonical ??= canonical();

    /// <summary><c>v1:</c> and 64 hex digits.</summary>
    public string Hash => Canonical.Hash;
}

/// <summary>A main container, as far as a rollout's pace depends on it.</summary>
public sealed record Container(string Name, bool DeclaresPorts, bool HasReadinessProbe);
