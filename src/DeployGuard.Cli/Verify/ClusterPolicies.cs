using System.Net;
using System.Text.Json.Nodes;
using DeployGuard.Cli.Doctor;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Ports;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Verify;

/// <summary>The policies of a cluster, and what a workload in it runs, read with the user's own permissions.</summary>
internal sealed class ClusterPolicies : PolicySource
{
    private readonly Workload _running;
    private readonly IReadOnlyList<Change> _changes;

    private ClusterPolicies(
        IReadOnlyList<SafeguardPolicy> policies,
        IOwnSecrets secrets,
        Workload running,
        IReadOnlyList<Change> changes
    ) => (Policies, Secrets, _running, _changes) = (policies, secrets, running, changes);

    public override IReadOnlyList<SafeguardPolicy> Policies { get; }

    public override IOwnSecrets Secrets { get; }

    public override WorkloadRef Workload => _running.Ref;

    /// <summary>The valid policies that trust keys.</summary>
    public static async Task<IReadOnlyList<SafeguardPolicy>> ReadAsync(ApiConnection api, CancellationToken cancel)
    {
        var policies = new List<SafeguardPolicy>();
        await api.ListAsync(ApiPaths.Policies, item => policies.Add(PolicyReader.Read(item)), cancel);
        return [.. policies.Where(p => p is { Errors.Count: 0, SignedOrigin: not null })];
    }

    /// <summary>Those of the policies that match the workload.</summary>
    /// <exception cref="ManifestException">There is no such workload.</exception>
    public static async Task<ClusterPolicies> OfWorkloadAsync(
        IReadOnlyList<SafeguardPolicy> policies,
        IOwnSecrets secrets,
        string workload,
        ApiConnection api,
        string @namespace,
        CancellationToken cancel
    )
    {
        var found = (await new WorkloadLookup(api, @namespace).FindAsync(workload, cancel)).Workload;
        var kind =
            GuardedKind.BuiltIn.FirstOrDefault(k => k.Named(@namespace, found.Name) == found)
            ?? await new ServedKinds(api).FindAsync(found.Kind, found.ApiGroup, cancel)
            ?? throw new ManifestException($"--workload {workload}: the API server has no kind {found.Kind}");
        using var read = await api.FindAsync(kind.PathOf(@namespace, found.Name), cancel);
        var reader = await ConfiguredWorkloadReader.OfAsync(api, cancel);
        var running = read is null ? throw NoWorkload(workload, @namespace) : reader.Read(read.RootElement.Clone());
        var changes = await new RecordClient(api, @namespace).ParsedChangesAsync(cancel);
        var matching = (await InNamespaceAsync(policies, api, @namespace, cancel)).Where(p => p.Match.Includes(running)).ToList();
        return new ClusterPolicies(matching, secrets, running, [.. changes.Where(c => c.Workload == found)]);
    }

    /// <summary>Many users may not read their namespace. Policies that select others by name are left out then too.</summary>
    private static async Task<IReadOnlyList<SafeguardPolicy>> InNamespaceAsync(
        IReadOnlyList<SafeguardPolicy> policies,
        ApiConnection api,
        string @namespace,
        CancellationToken cancel
    )
    {
        try
        {
            using var read = await api.FindAsync(ApiPaths.One(ApiPaths.Namespaces, @namespace), cancel);
            if (read is not null)
            {
                var labels = WorkloadReader.ReadLabels(read.RootElement);
                return [.. policies.Where(p => p.Match.IncludesNamespace(labels))];
            }
        }
        catch (ApiException refused) when (refused.StatusCode is HttpStatusCode.Forbidden)
        {
            // What its labels are is not known.
        }

        return Manifests.NamespaceLabels.PossibleIn(@namespace, policies);
    }

    /// <summary>The Secrets that the policies' keys name; what the user may not read is an error only where it is needed.</summary>
    public static async Task<IOwnSecrets> SecretsAsync(
        IReadOnlyList<SafeguardPolicy> policies,
        ApiConnection api,
        string @namespace,
        CancellationToken cancel
    )
    {
        var read = new Dictionary<string, JsonNode?>(StringComparer.Ordinal);
        foreach (var name in policies.SelectMany(p => p.SignedOrigin?.Keys ?? []).Select(k => k.Secret?.Name).OfType<string>().Distinct())
        {
            try
            {
                read[name] = await CheckContext.ReadAsync(api, ApiPaths.One(ApiPaths.Secrets(@namespace), name), cancel);
            }
            catch (ApiException refused) when (refused.StatusCode is HttpStatusCode.Forbidden)
            {
                // Named by the lookup, if a policy needs it.
            }
        }

        return new ReadSecrets(new KnownSecrets(read), @namespace);
    }

    /// <summary>
    /// As the webhook asks of a request that replaces images of the same repository; where there are none, images of the same sources.
    /// Where there are none of these either, any image may be replaced, and the commit of each must be known.
    /// </summary>
    public override Task<IReadOnlyList<RunningImage>> RunningAsync(
        string image,
        SafeguardPolicy policy,
        KeySet keys,
        CancellationToken cancel
    )
    {
        var repository = ImagePattern.RepositoryOf(image);
        var all = _running.Template.ImageNames.Distinct().ToList();
        var ofRepository = all.FindAll(i => ImagePattern.RepositoryOf(i) == repository);
        var ofSources = ofRepository.Count > 0 ? ofRepository : SignedQuestions.StartsAmong(all, image, policy, []);
        return Task.FromResult<IReadOnlyList<RunningImage>>([
            .. (ofSources.Count > 0 ? ofSources : all).Select(i => new RunningImage(i, SignedQuestions.CommitOf(i, policy, keys, Cluster))),
        ]);
    }

    public override string GapBeside(ImageProvenance provenance) =>
        provenance.ReviewedTemplates.Any(t => t.Workload == $"{_running.Ref}") || SignedQuestions.IsProven(_running, Cluster)
            ? ""
            : $"the revision of {_running.Ref.KubectlName} that runs now is not proven, so that the webhook does not compare a new template "
                + "with it. Wait until its Change is Proven, or attest the template too: attest --manifest FILE";

    private ClusterSnapshot Cluster => new() { Changes = _changes };

    private static ManifestException NoWorkload(string workload, string @namespace) =>
        new($"--workload {workload}: you may not read it, or it is gone from namespace {@namespace}");

    private sealed class ReadSecrets(KnownSecrets secrets, string @namespace) : IOwnSecrets
    {
        /// <summary>What is missing is named, as <c>doctor</c> does.</summary>
        public ReadOnlyMemory<byte>? Find(string name, string key)
        {
            if (!secrets.IsRead(name))
            {
                throw new UnavailableException($"you may not read the Secret {name} of namespace {@namespace}");
            }

            if (secrets.ProblemWith(name) is { } problem)
            {
                throw Missing(name, key, problem);
            }

            return secrets.Find(name, key) ?? throw Missing(name, key, $"has no field {key}");
        }

        private UnavailableException Missing(string name, string key, string problem) =>
            new($"Secret {name} of namespace {@namespace} {problem}")
            {
                Remedy = $"Ask the platform team to create it from the public key, with the field {key}",
            };
    }
}
