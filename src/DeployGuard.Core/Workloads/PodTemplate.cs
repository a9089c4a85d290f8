namespace DeployGuard.Core.Workloads;

/// <summary>What a workload runs: every image in it, wherever it hides, and the hash over its canonical form.</summary>
public sealed class PodTemplate
{
    private readonly TemplateSource? _source;
    private readonly TemplateFingerprint? _kept;

    internal PodTemplate(
        IReadOnlyDictionary<string, string> labels,
        IReadOnlyDictionary<string, string> annotations,
        IReadOnlyList<Container> containers,
        IReadOnlyList<ImageUse> images,
        TemplateSource source)
        : this(labels, annotations, containers, images) => _source = source;

    private PodTemplate(
        IReadOnlyDictionary<string, string> labels,
        IReadOnlyDictionary<string, string> annotations,
        IReadOnlyList<Container> containers,
        IReadOnlyList<ImageUse> images,
        TemplateFingerprint? kept,
        TemplateSource? source)
        : this(labels, annotations, containers, images) => (_kept, _source) = (kept, source);

    private PodTemplate(
        PodTemplate other,
        IReadOnlyDictionary<string, string> annotations,
        IReadOnlyList<Container> containers,
        TemplateFingerprint? kept)
        : this(other.Labels, annotations, containers, other.Images)
    {
        _kept = kept;
        _source = kept is null ? other._source : null;
    }

    private PodTemplate(
        IReadOnlyDictionary<string, string> labels,
        IReadOnlyDictionary<string, string> annotations,
        IReadOnlyList<Container> containers,
        IReadOnlyList<ImageUse> images)
    {
        (Labels, Annotations, Containers, Images) = (labels, annotations, containers, images);
        ImageNames = [.. images.Select(i => i.Reference.Text)];
    }

    public IReadOnlyDictionary<string, string> Labels { get; }

    public IReadOnlyDictionary<string, string> Annotations { get; }

    /// <summary>The main containers in the order of the object, and after them its native sidecars: init containers that go on running.</summary>
    public IReadOnlyList<Container> Containers { get; }

    /// <summary>Init, main and ephemeral containers, image volumes and injection annotations, in that order.</summary>
    public IReadOnlyList<ImageUse> Images { get; }

    /// <summary>The same as the template names them.</summary>
    public IReadOnlyList<string> ImageNames { get; }

    /// <summary>JSON path of <see cref="Annotations"/> in the object.</summary>
    internal string AnnotationsPath { get; init; } = "metadata.annotations";

    /// <summary>What its annotations were read by.</summary>
    internal InjectionTable Injections { get; init; } = InjectionTable.None;

    /// <summary>The images, with those that further annotations name.</summary>
    public IReadOnlyList<ImageUse> ImagesWith(InjectionTable more) => more.All.Count == 0 ? Images
        : [.. Images, .. more.ImagesIn(Annotations, AnnotationsPath).Where(i => Images.All(known => known.Path != i.Path))];

    /// <summary>What injectors add that cannot be read here, also because of further annotations; none where its annotations were not kept.</summary>
    public IReadOnlyList<UnreadableInjection> UnreadableWith(InjectionTable more) =>
    [
        .. Injections.UnreadableIn(Annotations, AnnotationsPath).Where(u => !(u.IsGuess && more.Knows(u.Key)) && (u.IsBadDocument || !more.Excludes(u.Key)))
            .Concat(more.UnreadableIn(Annotations, AnnotationsPath)).DistinctBy(u => u.Path),
    ];

    /// <summary>
    /// Worked out when first asked for: most requests change no template and never need it. Null where its hashes alone were kept.
    /// </summary>
    public CanonicalTemplate? Canonical => _source?.Canonical;

    /// <summary><c>v2:</c> and 64 hex digits.</summary>
    public string Hash => _kept?.Hash ?? Source.Canonical.Hash;

    /// <summary>What version 0.2 named it by: <c>v1:</c> and 64 hex digits. Only to find records and approvals of that version.</summary>
    public string LegacyHash => _kept?.LegacyHash ?? Source.LegacyHash;

    /// <summary>The hash of a Pod as if nobody had chosen its node; of anything else, its hash.</summary>
    public string UnboundHash => _kept?.UnboundHash ?? Source.UnboundHash;

    /// <summary>What of its spec decides on which nodes its pods may run, as JSON; empty where only the hashes were kept.</summary>
    public string Placement => _source?.Placement ?? "";

    /// <summary>Digest of the claims that a StatefulSet makes for each pod; empty where there are none.</summary>
    public string ClaimsDigest => _kept?.ClaimsDigest ?? Source.Canonical.ClaimsDigest;

    /// <summary>Something in the pod reads its annotations, so that a restart annotation must say no more than the time.</summary>
    public bool ReadsAnnotations => _kept?.ReadsAnnotations ?? Source.Canonical.ReadsAnnotations;

    /// <summary>The restart annotations and their values. Of what is kept without its body, only where its pods read them.</summary>
    public IReadOnlyDictionary<string, string> RestartTimes => _kept?.RestartTimes ?? Source.RestartTimes(Annotations);

    /// <summary>To write it down.</summary>
    internal PodTemplateState State => new(
        Labels, Annotations, Containers, Images, AnnotationsPath, !ReferenceEquals(Injections, InjectionTable.None), _kept, _source?.State);

    private TemplateSource Source => _source ?? throw new InvalidOperationException("only the hashes were kept");

    /// <summary>The template that was written down.</summary>
    /// <param name="reader">Reads what is worked out of its document later.</param>
    internal static PodTemplate Of(PodTemplateState state, WorkloadReader reader) =>
        new(state.Labels, state.Annotations, state.Containers, state.Images, state.Kept, state.Document is { } document ? reader.SourceOf(document) : null)
        {
            AnnotationsPath = state.AnnotationsPath,
            Injections = state.ReadsInjections ? reader.Injections : InjectionTable.None,
        };

    /// <summary>The same as if every container had a readiness probe; what it would hash to is nobody's question.</summary>
    public PodTemplate Probed() => new(this, Annotations, [.. Containers.Select(c => c with { HasReadinessProbe = true })], _kept);

    /// <summary>What a pod runs, where only what is alike in many pods is kept.</summary>
    /// <param name="hash">Empty where nobody worked it out: it then equals no revision.</param>
    public static PodTemplate OfPod(IReadOnlyDictionary<string, string> labels, IReadOnlyList<Container> containers, IReadOnlyList<ImageUse> images, string hash) =>
        new(new PodTemplate(labels, Maps.Empty, containers, images), Maps.Empty, containers, new TemplateFingerprint(hash, "", hash, "", false, Maps.Empty));

    /// <summary>The same without its body, for those who keep many: it holds on to no document.</summary>
    /// <param name="kept">Which annotations are worth keeping.</param>
    public PodTemplate Slim(Func<string, bool> kept) => new(
        this,
        Annotations.Where(a => kept(a.Key)).ToDictionary(),
        Containers,
        new TemplateFingerprint(
            Hash, LegacyHash, UnboundHash, ClaimsDigest, ReadsAnnotations, ReadsAnnotations ? RestartTimes : Maps.Empty));
}

/// <summary>A container that runs beside others, as far as the exposure model looks at it.</summary>
/// <param name="Image">As the object names it; empty where it names none.</param>
public sealed record Container(string Name, string Image, IReadOnlyList<ContainerPort> Ports, bool HasReadinessProbe)
{
    public bool DeclaresPorts => Ports.Count > 0;

    /// <summary>An init container that goes on running. Users are sent to its ports too.</summary>
    public bool IsSidecar { get; init; }
}

/// <summary>A port that a container declares.</summary>
/// <param name="Name">Empty where it has none.</param>
/// <param name="Protocol"><c>TCP</c> where the object does not say.</param>
public sealed record ContainerPort(string Name, int Number, string Protocol);
