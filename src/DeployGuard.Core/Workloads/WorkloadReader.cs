using System.Collections.Concurrent;
using System.Text.Json;

namespace DeployGuard.Core.Workloads;

/// <summary>Reads a workload from the JSON of its object. Differences between kinds are in <see cref="WorkloadKind"/>.</summary>
public sealed class WorkloadReader(WorkloadKinds kinds, TemplateNoise noise, InjectionTable injections)
{
    /// <summary>The built-in kinds and injectors with the default noise.</summary>
    public static WorkloadReader Default { get; } = new(WorkloadKinds.BuiltIn, TemplateNoise.Default, InjectionTable.BuiltIn);

    /// <summary>kubectl keeps a copy of the whole manifest in it. Nothing here uses it.</summary>
    public const string LastApplied = "kubectl.kubernetes.io/last-applied-configuration";

    /// <summary>There is one template path for each kind.</summary>
    private static readonly ConcurrentDictionary<string, TemplatePath> s_paths = new(StringComparer.Ordinal);

    public WorkloadKinds Kinds { get; } = kinds;

    /// <summary>The injection annotations that are read.</summary>
    internal InjectionTable Injections => injections;

    /// <summary>
    /// Reads an object of any known kind. The workload refers to <paramref name="obj"/> until its template hash is computed, so its
    /// document must stay alive until then.
    /// </summary>
    /// <exception cref="MalformedObjectException">A required field is missing or has the wrong type.</exception>
    public Workload Read(JsonElement obj) => Read(obj, other: null);

    /// <summary>
    /// The same for another state of an object that was read: what has the same bytes in both, such as the template, is not read again.
    /// </summary>
    /// <exception cref="MalformedObjectException">A required field is missing or has the wrong type.</exception>
    public Workload Read(JsonElement obj, ReadState? other)
    {
        var root = Field.Root(obj).AsObject();
        var (apiGroup, kind) = other?.TypeOf(obj) ?? TypeOf(root);
        var path = PathOf(
            Kinds.TemplatePath(apiGroup, kind)
                ?? throw new MalformedObjectException("kind", $"{kind} is not a kind with a pod template that DeployGuard knows")
        );
        var like = other?.Workload is { } known && (known.Ref.ApiGroup, known.Ref.Kind) == (apiGroup, kind) ? known : null;
        var metadata = root.RequiredObject("metadata");
        var type = BuiltInKinds.Of(apiGroup, kind);
        var name = metadata.Text("name", like?.Ref.Name);
        var holder = new TemplateHolder(type, name ?? "", metadata.Text("uid", like?.Uid) ?? "");
        return new Workload
        {
            Ref = new WorkloadRef(
                apiGroup,
                kind,
                metadata.Text("namespace", like?.Ref.Namespace) ?? "",
                name ?? metadata.Text("generateName") ?? ""
            ),
            Uid = holder.Uid,
            ResourceVersion = metadata.Text("resourceVersion") ?? "",
            Generation = metadata.Long("generation"),
            Labels = metadata.Map("labels", like: like?.Labels),
            Annotations = metadata.Map("annotations", LastApplied, like?.Annotations),
            ControllerUid = ControllerUid(metadata),
            OwnerReferences = metadata["ownerReferences"] is null ? [] : [.. OwnersOf(metadata)],
            Finalizers = metadata.Texts("finalizers"),
            IsDeleting = metadata.Text("deletionTimestamp") is not null,
            CreatedAt = metadata.Time("creationTimestamp"),
            ActiveDeadline = type.IsItsOwnTemplate ? root.RequiredObject("spec").Long("activeDeadlineSeconds") : null,
            Selector = like is not null && other?.HasSelectorOf(obj) is true ? like.Selector : type.ReadSelector(root),
            Template = ReadTemplate(
                TemplateAt(other is { HasTemplateOfBoth: true } ? Field.Root(other.From).AsObject() : root, path),
                path,
                holder,
                type.HasClaims ? root.RequiredObject("spec")["volumeClaimTemplates"] : null,
                like?.Template
            ),
            Replicas = type.ReadSize(root),
            // Fields of the same names may have another meaning in a custom kind.
            Strategy = type.IsBuiltInWorkload ? StrategyReader.Read(root.RequiredObject("spec")) : RolloutStrategy.Unknown,
        };
    }

    /// <summary>The replicas that a Scale requests; 0 if absent, because the API server omits zero.</summary>
    /// <exception cref="MalformedObjectException">The object has no spec, or its replicas are not a number.</exception>
    public static int ReadScale(JsonElement scale) => Field.Root(scale).AsObject().RequiredObject("spec").Int("replicas") ?? 0;

    /// <summary>Reads the fields of a Service that pools depend on.</summary>
    /// <exception cref="MalformedObjectException">It has no name or spec, or its selector is not a map of strings.</exception>
    public static Service ReadService(JsonElement service) => ServiceReader.Read(Field.Root(service).AsObject());

    /// <summary>The owner reference of any object that is marked as controller; null if there is none.</summary>
    /// <exception cref="MalformedObjectException">Its owner references have another form.</exception>
    public static OwnerReference? ReadController(JsonElement obj) =>
        Field.Root(obj).AsObject().Object("metadata") is { } metadata ? OwnersOf(metadata).FirstOrDefault(o => o.IsController) : null;

    /// <summary>The resourceVersion of any object; empty if it has none.</summary>
    public static string ReadVersion(JsonElement obj) => Field.Root(obj).AsObject().Object("metadata")?.Text("resourceVersion") ?? "";

    /// <summary>The labels of any object.</summary>
    /// <exception cref="MalformedObjectException">It has no metadata, or its labels are not strings.</exception>
    public static IReadOnlyDictionary<string, string> ReadLabels(JsonElement obj) =>
        Field.Root(obj).AsObject().RequiredObject("metadata").Map("labels");

    /// <summary>Group and kind of an object. Former groups of built-in kinds are mapped to the current ones.</summary>
    public static (string ApiGroup, string Kind) TypeOf(JsonElement obj) => TypeOf(Field.Root(obj).AsObject());

    private static (string ApiGroup, string Kind) TypeOf(Field root)
    {
        var kind = root.Text("kind") ?? throw new MalformedObjectException("kind", "is missing");
        var version = root.Text("apiVersion") ?? throw new MalformedObjectException("apiVersion", "is missing");
        var slash = version.IndexOf('/', StringComparison.Ordinal);
        var group = slash < 0 ? "" : version[..slash];
        return (BuiltInKinds.CurrentGroup(group), kind);
    }

    /// <summary>Reads a pod template without an object: <c>{metadata, spec}</c>, as in a ControllerRevision.</summary>
    /// <exception cref="MalformedObjectException">It has no spec, or a field of the wrong type.</exception>
    public PodTemplate ReadTemplate(JsonElement template) =>
        ReadTemplate(Field.Root(template).AsObject(), PathOf(""), TemplateHolder.None, claims: null, like: null);

    /// <summary>The source of a serialized template.</summary>
    internal TemplateSource SourceOf(TemplateDocumentState document) =>
        new(
            document.Template,
            new TemplateHolder(BuiltInKinds.Of(document.ApiGroup, document.Kind), document.Name, document.Uid),
            document.Claims,
            noise
        );

    private static TemplatePath PathOf(string path) => s_paths.GetOrAdd(path, static p => new TemplatePath(p));

    private static Field TemplateAt(Field root, TemplatePath path)
    {
        foreach (var step in path.Steps)
        {
            root = root.RequiredObject(step);
        }

        return root;
    }

    private PodTemplate ReadTemplate(Field template, TemplatePath path, TemplateHolder holder, Field? claims, PodTemplate? like)
    {
        var source = new TemplateSource(template.Element, holder, claims?.Element, noise);
        if (like is not null && like.IsReadFrom(source, injections))
        {
            return like;
        }

        var metadata = template.Object("metadata");
        var annotations = metadata?.Map("annotations", like: like?.Annotations) ?? Maps.Empty;
        var spec = template.RequiredObject("spec");
        PodSpecLists.Check(spec);
        var labels = metadata?.Map("labels", like: like?.Labels) ?? Maps.Empty;
        var containers = ReadContainers(spec);
        return new PodTemplate(
            labels,
            annotations,
            containers,
            [.. ImageVisitor.Visit(spec, path.Spec, containers), .. injections.ImagesIn(annotations, path.Annotations)],
            source
        )
        {
            AnnotationsPath = path.Annotations,
            Injections = injections,
        };
    }

    private static List<Container> ReadContainers(Field spec)
    {
        var containers = new List<Container>();
        foreach (var container in spec.Each("containers"))
        {
            containers.Add(ReadContainer(container));
        }

        foreach (var container in spec.Each("initContainers"))
        {
            if (IsSidecar(container))
            {
                containers.Add(ReadContainer(container) with { IsSidecar = true });
            }
        }

        return containers;
    }

    private static bool IsSidecar(Field initContainer) => initContainer.AsObject().Text("restartPolicy") == "Always";

    private static Container ReadContainer(Field container) =>
        new(
            container.AsObject().Text("name") ?? "",
            container.Text("image") ?? "",
            ReadPorts(container),
            container.Object("readinessProbe") is not null
        );

    private static List<ContainerPort> ReadPorts(Field container)
    {
        List<ContainerPort>? ports = null;
        foreach (var port in container.Each("ports"))
        {
            var read = port.AsObject();
            (ports ??= []).Add(new ContainerPort(read.Text("name") ?? "", read.Int("containerPort") ?? 0, read.Text("protocol") ?? "TCP"));
        }

        return ports ?? [];
    }

    private static string? ControllerUid(Field metadata) =>
        metadata.Items("ownerReferences").Where(o => o.AsObject().Flag("controller")).Select(o => o.Text("uid")).FirstOrDefault();

    private static IEnumerable<OwnerReference> OwnersOf(Field metadata) =>
        metadata
            .Items("ownerReferences")
            .Select(o => o.AsObject())
            .Select(o => new OwnerReference(
                o.Text("apiVersion") ?? "",
                o.Text("kind") ?? "",
                o.Text("name") ?? "",
                o.Text("uid") ?? "",
                o.Flag("controller")
            ));
}
