using System.Text.Json;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Manifests;

/// <summary>
/// A test case from files: policies, workloads before and after, approvals, Changes, the requester and the time. <c>deployguard check</c>
/// and the tests of the examples evaluate it.
/// </summary>
/// <param name="reader">Has the kinds, injectors and template noise of the cluster.</param>
public sealed class CheckCase(WorkloadReader reader)
{
    private readonly List<Manifest> _after = [];
    private readonly List<Workload> _before = [];
    private readonly List<Approval> _approvals = [];
    private readonly List<BreakGlass> _breakGlasses = [];
    private readonly List<Change> _changes = [];

    /// <summary>
    /// The case contains everything that a cluster would. Otherwise there is no refused request yet, so there is no Change to approve.
    /// </summary>
    private bool _isComplete;

    public Requester Requester { get; set; } = new("somebody", "", []);

    public bool DryRun { get; set; }

    public DateTimeOffset Now { get; set; }

    /// <summary>The namespace of objects without one.</summary>
    public string DefaultNamespace { get; set; } = "default";

    public CheckedPolicies Policies { get; } = new();

    public NamespaceLabels Namespaces { get; } = new();

    /// <summary>Objects that are not evaluated.</summary>
    public SkippedObjects Skipped { get; } = new();

    /// <summary>
    /// Reads a folder of <c>manifests/examples</c>: <c>policy.yaml</c> and <c>after.yaml</c>, and if present <c>before.yaml</c>,
    /// <c>records.yaml</c> and <c>request.yaml</c>.
    /// </summary>
    /// <exception cref="ManifestException">A file is missing or invalid; the first one is reported.</exception>
    public static CheckCase ReadExample(string folder, DateTimeOffset now) =>
        ReadExample(folder, now, WorkloadReader.Default, wrong => throw wrong);

    /// <summary>Like <see cref="ReadExample(string, DateTimeOffset)"/>, without invalid files and objects.</summary>
    /// <param name="unusable">Receives each error in a file or an object, with its line.</param>
    public static CheckCase ReadExample(string folder, DateTimeOffset now, WorkloadReader reader, Action<ManifestException> unusable)
    {
        var example = new CheckCase(reader) { Now = now, _isComplete = true };
        foreach (
            var (file, take) in (IEnumerable<(string, Action<Manifest>)>)
                [
                    ("policy.yaml", example.Add),
                    ("after.yaml", example.Add),
                    ("before.yaml", example.AddBefore),
                    ("records.yaml", example.Add),
                    ("request.yaml", example.TakeRequest),
                ]
        )
        {
            if (file is "policy.yaml" or "after.yaml" || File.Exists(Path.Combine(folder, file)))
            {
                Take(ManifestReader.Read(Path.Combine(folder, file), unusable), take, unusable);
            }
        }

        return example;
    }

    public static bool IsExample(string path) =>
        File.Exists(Path.Combine(path, "policy.yaml")) && File.Exists(Path.Combine(path, "after.yaml"));

    /// <summary>Passes the objects on one by one. An error in one does not affect the next.</summary>
    public static void Take(IEnumerable<Manifest> manifests, Action<Manifest> take, Action<ManifestException> unusable)
    {
        foreach (var manifest in manifests)
        {
            try
            {
                take(manifest);
            }
            catch (ManifestException wrong)
            {
                unusable(wrong);
            }
        }
    }

    /// <summary>Adds an object: a policy or record becomes part of the snapshot, a workload becomes a request.</summary>
    /// <exception cref="ManifestException">It is a workload or a kind of DeployGuard, and cannot be read.</exception>
    public void Add(Manifest manifest)
    {
        var (group, kind) = Read(manifest, WorkloadReader.TypeOf);
        switch (manifest.ApiVersion, kind)
        {
            case (PolicyReader.ApiVersion, PolicyReader.Kind):
                Policies.Add(manifest);
                break;
            case (PolicyReader.ApiVersion, ApprovalReader.Kind):
                _approvals.Add(Read(manifest, m => ApprovalReader.Read(m, Now)));
                break;
            case (PolicyReader.ApiVersion, BreakGlassReader.Kind):
                _breakGlasses.Add(Read(manifest, m => BreakGlassReader.Read(m, Now)));
                break;
            case (PolicyReader.ApiVersion, ChangeReader.Kind):
                _changes.Add(Read(manifest, ChangeReader.Read));
                break;
            case (not PolicyReader.ApiVersion, _) when group == PolicyReader.Group:
                throw new ManifestException(
                    $"{manifest.Source}: apiVersion: {manifest.ApiVersion} is not known; expected {PolicyReader.ApiVersion}"
                );
            case ("v1", "Namespace"):
                AddNamespace(manifest);
                break;
            default:
                AddWorkload(manifest, group, kind);
                break;
        }
    }

    /// <summary>Adds a workload to the state before the request; other objects are ignored.</summary>
    /// <exception cref="ManifestException">It cannot be read.</exception>
    public void AddBefore(Manifest manifest)
    {
        var (group, kind) = Read(manifest, WorkloadReader.TypeOf);
        if (reader.Kinds.TemplatePath(group, kind) is not null)
        {
            _before.Add(Workload(manifest));
        }
    }

    /// <summary>One request for each added workload, with the snapshot for its evaluation.</summary>
    public IEnumerable<CheckedRequest> Requests() =>
        _after.Select(manifest =>
        {
            var after = Workload(manifest);
            var before = _before.FirstOrDefault(b => b.Ref == after.Ref);
            var isDefaulted = ServerDefaults.ArePresent(manifest.Content, reader.Kinds);
            var request = new WorkloadRequest
            {
                Operation = before is null ? Operation.Create : Operation.Update,
                Requester = Requester,
                DryRun = DryRun,
                Target = after.Ref,
                Before = before,
                After = after,
            };
            return new CheckedRequest(manifest.Place, request, () => SnapshotFor(before, after, isDefaulted), isDefaulted)
            {
                IsOfExample = _isComplete,
            };
        });

    /// <summary>Skipped Services and addresses that a policy with a canary concerns.</summary>
    public IEnumerable<CanaryTraffic> TrafficUnderCanary() => CanaryTraffic.Of(Skipped, Policies.All, Namespaces);

    private ClusterSnapshot SnapshotFor(Workload? before, Workload after, bool isDefaulted)
    {
        var translation = HashTranslation.WithoutCluster.For(before, after);
        return new ClusterSnapshot
        {
            Policies = Manifests.NamespaceLabels.PossibleIn(after.Ref.Namespace, Policies.All),
            NamespaceLabels = Namespaces.Of(after.Ref.Namespace),
            Changes = translation.Changes([.. _changes.Where(c => c.Workload == after.Ref)]),
            Approvals = translation.Approvals([.. _approvals.Where(a => a.Workload == after.Ref)]),
            BreakGlasses = _breakGlasses,
            ApproveBy =
                !isDefaulted ? ApproveBy.NotYet
                : _isComplete ? ApproveBy.ChangeName
                : ApproveBy.Hash,
        };
    }

    private void AddNamespace(Manifest manifest)
    {
        var name = Read(manifest, m => Field.Root(m).AsObject().RequiredObject("metadata").RequiredText("name"));
        Namespaces.Read(name, Read(manifest, WorkloadReader.ReadLabels));
    }

    private void AddWorkload(Manifest manifest, string group, string kind)
    {
        if (reader.Kinds.TemplatePath(group, kind) is null)
        {
            Skipped.Add(manifest, group, kind, DefaultNamespace);
            return;
        }

        _ = Workload(manifest);
        _after.Add(manifest);
    }

    private void TakeRequest(Manifest manifest)
    {
        var request = Read(manifest, ExampleRequest.Read);
        Requester = request.Requester ?? Requester;
        DryRun = request.DryRun;
        Now = request.Now ?? Now;
    }

    private Workload Workload(Manifest manifest)
    {
        var workload = Read(manifest, reader.Read);
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
            // The message begins with the path of the field.
            throw new ManifestException($"{manifest.Place.AtField(wrong.Message.Split(": ")[0])}: {wrong.Message}", wrong);
        }
    }
}
