using System.Text.Json;
using DeployGuard.Cluster.Caches;
using DeployGuard.Cluster.Records;
using DeployGuard.Core;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cluster.Files;

/// <summary>
/// Files that stand for a cluster and what it is asked: policies, workloads before and after, approvals and Changes on record, and
/// who asks when. What <c>deployguard check</c> judges, and what the examples are made of.
/// </summary>
public sealed class CheckCase
{
    private readonly List<SafeguardPolicy> _policies = [];
    private readonly List<Manifest> _after = [];
    private readonly List<Workload> _before = [];
    private readonly List<Approval> _approvals = [];
    private readonly List<BreakGlass> _glasses = [];
    private readonly List<RecordedChange> _changes = [];
    private readonly Dictionary<string, IReadOnlyDictionary<string, string>> _namespaces = [];

    public Requester Requester { get; set; } = new("somebody", "", []);

    public bool DryRun { get; set; }

    public DateTimeOffset Now { get; set; }

    /// <summary>The namespace of objects that name none.</summary>
    public string DefaultNamespace { get; set; } = "default";

    /// <summary>
    /// Reads a folder of <c>manifests/examples</c>: <c>policy.yaml</c> and <c>after.yaml</c>, and where they are there
    /// <c>before.yaml</c>, <c>records.yaml</c> and <c>request.yaml</c>.
    /// </summary>
    /// <exception cref="ManifestException">A file is missing or cannot be used.</exception>
    public static CheckCase ReadExample(string folder, DateTimeOffset now)
    {
        var example = new CheckCase { Now = now };
        example.Add(ManifestReader.Read(Path.Combine(folder, "policy.yaml"), TextReader.Null));
        example.Add(ManifestReader.Read(Path.Combine(folder, "after.yaml"), TextReader.Null));
        foreach (var (file, take) in (IEnumerable<(string, Action<IReadOnlyList<Manifest>>)>)
            [("before.yaml", example.AddBefore), ("records.yaml", example.Add), ("request.yaml", m => example.TakeRequest(m[0]))])
        {
            if (File.Exists(Path.Combine(folder, file)))
            {
                take(ManifestReader.Read(Path.Combine(folder, file), TextReader.Null));
            }
        }

        return example;
    }

    public static bool IsExample(string path) => File.Exists(Path.Combine(path, "policy.yaml")) && File.Exists(Path.Combine(path, "after.yaml"));

    /// <summary>Takes objects as a cluster would: policies and records are known, workloads are asked for.</summary>
    /// <exception cref="ManifestException">An object of one of our kinds, or a workload, cannot be read.</exception>
    public void Add(IReadOnlyList<Manifest> manifests)
    {
        foreach (var manifest in manifests)
        {
            switch (manifest.ApiVersion, manifest.Kind)
            {
                case (PolicyReader.ApiVersion, PolicyReader.Kind):
                    _policies.Add(PolicyFolder.Read(manifest));
                    break;
                case (PolicyReader.ApiVersion, ApprovalReader.Kind):
                    _approvals.Add(Read(manifest, m => ApprovalReader.Read(m, Now)));
                    break;
                case (PolicyReader.ApiVersion, BreakGlassReader.Kind):
                    _glasses.Add(Read(manifest, m => BreakGlassReader.Read(m, Now)));
                    break;
                case (PolicyReader.ApiVersion, "Change"):
                    _changes.Add(ChangeJson.ReadOrNull(manifest.Content) ?? throw new ManifestException($"{manifest.Source}: not a Change as DeployGuard writes it"));
                    break;
                case ("v1", "Namespace"):
                    AddNamespace(manifest);
                    break;
                default:
                    AddWorkload(manifest);
                    break;
            }
        }
    }

    /// <summary>Takes workloads as what the cluster holds before the request.</summary>
    /// <exception cref="ManifestException">One of them cannot be read.</exception>
    public void AddBefore(IReadOnlyList<Manifest> manifests) => _before.AddRange(manifests.Select(Workload));

    /// <summary>One request for every workload that was added, with the view that it is judged in.</summary>
    public IEnumerable<CheckedRequest> Requests() => _after.Select(manifest =>
    {
        var after = Workload(manifest);
        var before = _before.FirstOrDefault(b => b.Ref == after.Ref);
        var isDefaulted = ServerDefaults.ArePresent(manifest.Content);
        var request = new WorkloadRequest
        {
            Operation = before is null ? Operation.Create : Operation.Update,
            Requester = Requester,
            DryRun = DryRun,
            Target = after.Ref,
            Before = before,
            After = after,
        };
        return new CheckedRequest(request, View(before, after, isDefaulted), isDefaulted);
    });

    private ClusterView View(Workload? before, Workload after, bool isDefaulted)
    {
        var translation = HashTranslation.OfNothingLive.For(before, after);
        return new ClusterView
        {
            Policies = _policies,
            NamespaceLabels = _namespaces.GetValueOrDefault(after.Ref.Namespace),
            Changes = translation.Changes([.. _changes.Where(c => c.Workload == after.Ref)]),
            Approvals = translation.Approvals([.. _approvals.Where(a => a.Workload == after.Ref)]),
            BreakGlasses = _glasses,
            ApproveBy = isDefaulted ? ApproveBy.ChangeName : ApproveBy.Nothing,
        };
    }

    private void AddNamespace(Manifest manifest)
    {
        var metadata = manifest.Content.GetProperty("metadata");
        _namespaces[metadata.GetProperty("name").GetString() ?? ""] = metadata.TryGetProperty("labels", out var labels)
            ? labels.EnumerateObject().ToDictionary(l => l.Name, l => l.Value.ToString())
            : [];
    }

    private void AddWorkload(Manifest manifest)
    {
        var (group, kind) = Read(manifest, WorkloadReader.TypeOf);
        if (WorkloadKinds.BuiltIn.TemplatePath(group, kind) is not null)
        {
            _ = Workload(manifest);
            _after.Add(manifest);
        }
    }

    private void TakeRequest(Manifest manifest)
    {
        var request = manifest.Content;
        if (request.TryGetProperty("user", out var user))
        {
            Requester = new Requester(
                user.GetProperty("username").GetString() ?? "",
                "",
                user.TryGetProperty("groups", out var groups) ? [.. groups.EnumerateArray().Select(g => g.GetString() ?? "")] : []);
        }

        DryRun = request.TryGetProperty("dryRun", out var dryRun) && dryRun.ValueKind is JsonValueKind.True;
        Now = request.TryGetProperty("now", out var now) ? now.GetDateTimeOffset() : Now;
    }

    private Workload Workload(Manifest manifest)
    {
        var workload = Read(manifest, WorkloadReader.Default.Read);
        return workload.Ref.Namespace.Length > 0 ? workload : workload with { Ref = workload.Ref with { Namespace = DefaultNamespace } };
    }

    private static T Read<T>(Manifest manifest, Func<JsonElement, T> read)
    {
        try
        {
            return read(manifest.Content);
        }
        catch (MalformedObjectException wrong)
        {
            throw new ManifestException($"{manifest.Source}: {wrong.Message}", wrong);
        }
    }
}

/// <param name="IsDefaulted">The object carries the API server's defaults, so that its hash is the one the cluster will see.</param>
public sealed record CheckedRequest(WorkloadRequest Request, ClusterView View, bool IsDefaulted);
