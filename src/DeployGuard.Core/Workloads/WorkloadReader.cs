using System.Text.Json;

namespace DeployGuard.Core.Workloads;

/// <summary>Reads a workload from the JSON of its object. What differs from kind to kind is in <see cref="WorkloadKind"/>.</summary>
public sealed class WorkloadReader(WorkloadKinds kinds, TemplateNoise noise, InjectionTable injections)
{
    /// <summary>The built-in kinds and injectors with the default noise.</summary>
    public static WorkloadReader Default { get; } = new(WorkloadKinds.BuiltIn, TemplateNoise.Default, InjectionTable.BuiltIn);

    public WorkloadKinds Kinds { get; } = kinds;

    /// <summary>The injectors whose annotations are read.</summary>
    internal InjectionTable Injections => injections;

    /// <summary>
    /// Reads an object of any kind in the table. The workload keeps a view of <paramref name="obj"/> until its template's hash
    /// was asked for; its document must live that long.
    /// </summary>
    /// <exception cref="MalformedObjectException">A field that is needed is missing or has the wrong type.</exception>
    public Workload Read(JsonElement obj)
    {
        var root = Field.Root(obj).AsObject();
        var (apiGroup, kind) = TypeOf(root);
        var path = Kinds.TemplatePath(apiGroup, kind)
            ?? throw new MalformedObjectException("kind", $"{kind} is not a kind with a pod template that DeployGuard knows");
        var metadata = root.RequiredObject("metadata");
        var type = BuiltInKinds.Of(apiGroup, kind);
        var holder = new TemplateHolder(type, metadata.Text("name") ?? "", metadata.Text("uid") ?? "");
        return new Workload
        {
            Ref = new WorkloadRef(apiGroup, kind, metadata.Text("namespace") ?? "", metadata.Text("name") ?? metadata.Text("generateName") ?? ""),
            Uid = holder.Uid,
            ResourceVersion = metadata.Text("resourceVersion") ?? "",
            Generation = metadata.Long("generation"),
            Labels = metadata.Map("labels"),
            Annotations = metadata.Map("annotations"),
            ControllerUid = ControllerUid(metadata),
            OwnerReferences = [.. OwnersOf(metadata)],
            Finalizers = metadata.Texts("finalizers"),
            IsDeleting = metadata.Text("deletionTimestamp") is not null,
            CreatedAt = metadata.Time("creationTimestamp"),
            ActiveDeadline = type.IsItsOwnTemplate ? root.RequiredObject("spec").Long("activeDeadlineSeconds") : null,
            Selector = type.ReadSelector(root),
            Template = ReadTemplate(
                TemplateAt(root, path), holder, type.HasClaims ? root.RequiredObject("spec")["volumeClaimTemplates"] : null),
            Replicas = type.ReadSize(root),
            // Another kind's fields of the same names may mean anything.
            Strategy = type.IsBuiltInWorkload ? StrategyReader.Read(root.RequiredObject("spec")) : RolloutStrategy.Unknown,
        };
    }

    /// <summary>The replicas that a Scale asks for; an absent number is 0 there, as the API server writes it.</summary>
    /// <exception cref="MalformedObjectException">The object has no spec, or replicas that are no number.</exception>
    public static int ReadScale(JsonElement scale) => Field.Root(scale).AsObject().RequiredObject("spec").Int("replicas") ?? 0;

    /// <summary>A Service, as far as pools depend on it.</summary>
    /// <exception cref="MalformedObjectException">It has no name or spec, or a selector that is no map of strings.</exception>
    public static Service ReadService(JsonElement service) => ServiceReader.Read(Field.Root(service).AsObject());

    /// <summary>The owner of any object that is marked as its controller; null if there is none.</summary>
    /// <exception cref="MalformedObjectException">It has owners of another form.</exception>
    public static OwnerReference? ReadController(JsonElement obj) =>
        Field.Root(obj).AsObject().Object("metadata") is { } metadata ? OwnersOf(metadata).FirstOrDefault(o => o.IsController) : null;

    /// <summary>The version of any object; empty where it says none.</summary>
    public static string ReadVersion(JsonElement obj) => Field.Root(obj).AsObject().Object("metadata")?.Text("resourceVersion") ?? "";

    /// <summary>The labels of any object.</summary>
    /// <exception cref="MalformedObjectException">It has no metadata, or labels that are no strings.</exception>
    public static IReadOnlyDictionary<string, string> ReadLabels(JsonElement obj) => Field.Root(obj).AsObject().RequiredObject("metadata").Map("labels");

    /// <summary>Group and kind of an object; the groups that the built-in kinds came from are named as they are named today.</summary>
    public static (string ApiGroup, string Kind) TypeOf(JsonElement obj) => TypeOf(Field.Root(obj).AsObject());

    private static (string ApiGroup, string Kind) TypeOf(Field root)
    {
        var kind = root.Text("kind") ?? throw new MalformedObjectException("kind", "is missing");
        var version = root.Text("apiVersion") ?? throw new MalformedObjectException("apiVersion", "is missing");
        var slash = version.IndexOf('/', StringComparison.Ordinal);
        var group = slash < 0 ? "" : version[..slash];
        return (BuiltInKinds.GroupToday(group), kind);
    }

    /// <summary>A pod template that stands by itself: <c>{metadata, spec}</c>, as a ControllerRevision keeps it.</summary>
    /// <exception cref="MalformedObjectException">It has no spec, or a field of the wrong type.</exception>
    public PodTemplate ReadTemplate(JsonElement template) =>
        ReadTemplate(Field.Root(template).AsObject(), TemplateHolder.None, claims: null);

    /// <summary>For a template that was written down.</summary>
    internal TemplateSource SourceOf(TemplateDocumentState document) => new(
        document.Template, new TemplateHolder(BuiltInKinds.Of(document.ApiGroup, document.Kind), document.Name, document.Uid), document.Claims, noise);

    private static Field TemplateAt(Field root, string path) =>
        path.Length == 0 ? root : path.Split('.').Aggregate(root, (field, name) => field.RequiredObject(name));

    private PodTemplate ReadTemplate(Field template, TemplateHolder holder, Field? claims)
    {
        var metadata = template.Object("metadata");
        var annotations = metadata?.Map("annotations") ?? Maps.Empty;
        var spec = template.RequiredObject("spec");
        PodSpecLists.Check(spec);
        var path = $"{(template.Path.Length == 0 ? "" : $"{template.Path}.")}metadata.annotations";
        return new PodTemplate(
            metadata?.Map("labels") ?? Maps.Empty,
            annotations,
            [.. spec.Items("containers").Select(ReadContainer), .. spec.Items("initContainers").Where(IsSidecar).Select(c => ReadContainer(c) with { IsSidecar = true })],
            [.. ImageVisitor.Visit(spec), .. injections.ImagesIn(annotations, path)],
            new TemplateSource(template.Element, holder, claims?.Element, noise))
        {
            AnnotationsPath = path,
            Injections = injections,
        };
    }

    private static bool IsSidecar(Field initContainer) => initContainer.AsObject().Text("restartPolicy") == "Always";

    private static Container ReadContainer(Field container) => new(
        container.AsObject().Text("name") ?? "",
        container.Text("image") ?? "",
        [.. container.Items("ports").Select(p => p.AsObject()).Select(p => new ContainerPort(p.Text("name") ?? "", p.Int("containerPort") ?? 0, p.Text("protocol") ?? "TCP"))],
        container.Object("readinessProbe") is not null);

    private static string? ControllerUid(Field metadata) =>
        metadata.Items("ownerReferences").Where(o => o.AsObject().Flag("controller")).Select(o => o.Text("uid")).FirstOrDefault();

    private static IEnumerable<OwnerReference> OwnersOf(Field metadata) => metadata.Items("ownerReferences").Select(o => o.AsObject())
        .Select(o => new OwnerReference(o.Text("apiVersion") ?? "", o.Text("kind") ?? "", o.Text("name") ?? "", o.Text("uid") ?? "", o.Flag("controller")));
}
