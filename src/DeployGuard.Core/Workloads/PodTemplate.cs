namespace DeployGuard.Core.Workloads;

/// <summary>The pod template of a workload: all of its images, and the hash of its canonical form.</summary>
public sealed class PodTemplate
{
    private readonly TemplateSource? _source;
    private readonly TemplateFingerprint? _kept;

    internal PodTemplate(
        IReadOnlyDictionary<string, string> labels,
        IReadOnlyDictionary<string, string> annotations,
        IReadOnlyList<Container> containers,
        IReadOnlyList<ImageUse> images,
        TemplateSource source
    )
        : this(labels, annotations, containers, images) => _source = source;

    private PodTemplate(
        IReadOnlyDictionary<string, string> labels,
        IReadOnlyDictionary<string, string> annotations,
        IReadOnlyList<Container> containers,
        IReadOnlyList<ImageUse> images,
        TemplateFingerprint? kept,
        TemplateSource? source
    )
        : this(labels, annotations, containers, images) => (_kept, _source) = (kept, source);

    private PodTemplate(
        PodTemplate other,
        IReadOnlyDictionary<string, string> annotations,
        IReadOnlyList<Container> containers,
        TemplateFingerprint? kept
    )
        : this(other.Labels, annotations, containers, other.Images)
    {
        _kept = kept;
        _source = kept is null ? other._source : null;
    }

    private PodTemplate(
        IReadOnlyDictionary<string, string> labels,
        IReadOnlyDictionary<string, string> annotations,
        IReadOnlyList<Container> containers,
        IReadOnlyList<ImageUse> images
    )
    {
        (Labels, Annotations, Containers, Images) = (labels, annotations, containers, images);
        ImageNames = [.. images.Select(i => i.Reference.Text)];
    }

    public IReadOnlyDictionary<string, string> Labels { get; }

    public IReadOnlyDictionary<string, string> Annotations { get; }

    /// <summary>
    /// The main containers in the object's order, followed by its native sidecars (init containers with <c>restartPolicy: Always</c>).
    /// </summary>
    public IReadOnlyList<Container> Containers { get; }

    /// <summary>Init, main and ephemeral containers, image volumes and injection annotations, in that order.</summary>
    public IReadOnlyList<ImageUse> Images { get; }

    /// <summary>The texts of <see cref="Images"/>, in the same order.</summary>
    public IReadOnlyList<string> ImageNames { get; }

    /// <summary>JSON path of <see cref="Annotations"/> in the object.</summary>
    internal string AnnotationsPath { get; init; } = "metadata.annotations";

    /// <summary>The table with which its annotations were read.</summary>
    internal InjectionTable Injections { get; init; } = InjectionTable.None;

    /// <summary>The images, including those that further annotations name.</summary>
    public IReadOnlyList<ImageUse> ImagesWith(InjectionTable more) =>
        more.All.Count == 0
            ? Images
            : [.. Images, .. more.ImagesIn(Annotations, AnnotationsPath).Where(i => Images.All(known => known.Path != i.Path))];

    /// <summary>Injected images that cannot be read, also under further annotations; none if the annotations were not kept.</summary>
    public IReadOnlyList<UnreadableInjection> UnreadableWith(InjectionTable more) =>
        [
            .. Injections
                .UnreadableIn(Annotations, AnnotationsPath)
                .Where(u => !(u.IsGuess && more.Knows(u.Key)) && (u.IsBadDocument || !more.Excludes(u.Key)))
                .Concat(more.UnreadableIn(Annotations, AnnotationsPath))
                .DistinctBy(u => u.Path),
        ];

    /// <summary>Computed on first use, because most requests change no template. Null if only the hashes were kept.</summary>
    public CanonicalTemplate? Canonical => _source?.Canonical;

    /// <summary>See <see cref="CanonicalTemplate.HasLostText"/>; false if only the hashes were kept.</summary>
    public bool HasLostText => _source is { HasLostText: true };

    /// <summary>Whether it was read from the same bytes in the same object, with the same table.</summary>
    internal bool IsReadFrom(TemplateSource source, InjectionTable injections) =>
        ReferenceEquals(Injections, injections) && _source?.HasBytesOf(source) is true;

    /// <summary>Whether both have the same hash. Templates of the same bytes do, and are not hashed for it.</summary>
    public bool HasHashOf(PodTemplate other) =>
        (_kept is null && other._kept is null && _source is { } one && other._source is { } two && one.HasBytesOf(two))
        || Hash == other.Hash;

    /// <summary><c>v2:</c> and 64 hex digits.</summary>
    public string Hash => _kept?.Hash ?? Source.Canonical.Hash;

    /// <summary>
    /// The hash of version 0.2: <c>v1:</c> and 64 hex digits. It is used only to find records and approvals of that version.
    /// </summary>
    public string LegacyHash => _kept?.LegacyHash ?? Source.LegacyHash;

    /// <summary>The hash of a Pod without its node; for other kinds the same as <see cref="Hash"/>.</summary>
    public string UnboundHash => _kept?.UnboundHash ?? Source.UnboundHash;

    /// <summary>The fields of the spec that decide on which nodes its pods may run, as JSON; empty if only the hashes were kept.</summary>
    public string Placement => _source?.Placement ?? "";

    /// <summary>Digest of the volume claim templates of a StatefulSet; empty if there are none.</summary>
    public string ClaimsDigest => _kept?.ClaimsDigest ?? Source.Canonical.ClaimsDigest;

    /// <summary>The pod reads its own annotations. Then a restart annotation may contain only a time.</summary>
    public bool ReadsAnnotations => _kept?.ReadsAnnotations ?? Source.ReadsAnnotations;

    /// <summary>The restart annotations and their values. Without its body, a template keeps them only if its pods read them.</summary>
    public IReadOnlyDictionary<string, string> RestartTimes => _kept?.RestartTimes ?? Source.RestartTimes(Annotations);

    /// <summary>The state for serialization.</summary>
    internal PodTemplateState State =>
        new(
            Labels,
            Annotations,
            Containers,
            Images,
            AnnotationsPath,
            !ReferenceEquals(Injections, InjectionTable.None),
            _kept,
            _source?.State
        );

    private TemplateSource Source => _source ?? throw new InvalidOperationException("only the hashes were kept");

    /// <summary>The template from a serialized state.</summary>
    /// <param name="reader">Reads the serialized document when a computed value is first needed.</param>
    internal static PodTemplate Of(PodTemplateState state, WorkloadReader reader) =>
        new(
            state.Labels,
            state.Annotations,
            state.Containers,
            state.Images,
            state.Kept,
            state.Document is { } document ? reader.SourceOf(document) : null
        )
        {
            AnnotationsPath = state.AnnotationsPath,
            Injections = state.ReadsInjections ? reader.Injections : InjectionTable.None,
        };

    /// <summary>The template as if every container had a readiness probe. Its hash stays unchanged and must not be used.</summary>
    public PodTemplate WithReadinessProbes() =>
        new(this, Annotations, [.. Containers.Select(c => c with { HasReadinessProbe = true })], _kept);

    /// <summary>The template of a pod, with only the parts that many pods share.</summary>
    /// <param name="hash">Empty if it was not computed: it then equals no revision.</param>
    /// <param name="texts">Shares the texts with other objects; null to share none.</param>
    public static PodTemplate OfPod(
        IReadOnlyDictionary<string, string> labels,
        IReadOnlyList<Container> containers,
        IReadOnlyList<ImageUse> images,
        string hash,
        TextPool? texts = null
    ) =>
        new PodTemplate(
            labels,
            Maps.Empty,
            containers,
            images,
            new TemplateFingerprint(hash, "", hash, "", false, Maps.Empty),
            source: null
        ).With(texts);

    /// <summary>The template without its document, for caches that keep many.</summary>
    /// <param name="kept">Selects the annotations to keep.</param>
    /// <param name="texts">Shares the texts with other objects; null to share none.</param>
    public PodTemplate WithoutDocument(Func<string, bool> kept, TextPool? texts = null) =>
        new PodTemplate(
            this,
            Annotations.Where(a => kept(a.Key)).ToDictionary(),
            Containers,
            new TemplateFingerprint(
                Hash,
                LegacyHash,
                UnboundHash,
                ClaimsDigest,
                ReadsAnnotations,
                ReadsAnnotations ? RestartTimes : Maps.Empty
            )
        ).With(texts);

    /// <summary>The same with shared texts, in the least room. Only without a document, whose texts would stay.</summary>
    private PodTemplate With(TextPool? texts) =>
        texts is null || _kept is null
            ? this
            : new(
                texts.Same(Labels),
                texts.Same(Annotations),
                Containers.Select(c => c.With(texts)).ToArray(),
                Images.Select(i => i with { Reference = new ImageReference(texts.Same(i.Reference.Text)) }).ToArray(),
                _kept.With(texts),
                source: null
            )
            {
                AnnotationsPath = AnnotationsPath,
                Injections = Injections,
            };
}

/// <summary>A container that keeps running, with the fields that the exposure model uses.</summary>
/// <param name="Image">The image text; empty if the object has none.</param>
public sealed record Container(string Name, string Image, IReadOnlyList<ContainerPort> Ports, bool HasReadinessProbe)
{
    public bool DeclaresPorts => Ports.Count > 0;

    /// <summary>A native sidecar. Users reach its ports too.</summary>
    public bool IsSidecar { get; init; }

    internal Container With(TextPool texts) =>
        this with
        {
            Name = texts.Same(Name),
            Image = texts.Same(Image),
            Ports = Ports.Select(p => p with { Name = texts.Same(p.Name), Protocol = texts.Same(p.Protocol) }).ToArray(),
        };
}

/// <summary>A port that a container declares.</summary>
/// <param name="Name">Empty if it has none.</param>
/// <param name="Protocol"><c>TCP</c> if the object does not set it.</param>
public sealed record ContainerPort(string Name, int Number, string Protocol);
