using System.Text.Json;
using DeployGuard.Core.Policies;

namespace DeployGuard.Manifests;

/// <summary>The policies of a check. A policy that names no mode audits, as it would when it is created in a cluster.</summary>
public sealed class CheckedPolicies
{
    private readonly List<(Manifest Manifest, SafeguardPolicy Policy)> _read = [];
    private readonly List<string> _notes = [];

    public IReadOnlyList<SafeguardPolicy> All { get; private set; } = [];

    /// <summary>How many were read, with those that were read twice.</summary>
    public int Read { get; private set; }

    /// <summary>The valid ones, with their places.</summary>
    public IEnumerable<(ManifestPlace Place, SafeguardPolicy Policy)> Valid =>
        _read.Where(r => r.Policy.Errors.Count == 0).Select(r => (r.Manifest.Place, r.Policy));

    /// <summary>A sentence for each policy that may not do what its author meant.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>An invalid policy is added too, because the webhook refuses requests that it might match.</summary>
    /// <exception cref="ManifestException">It is not valid, or another policy has its name.</exception>
    internal void Add(Manifest manifest)
    {
        Read++;
        var policy = PolicyReader.Read(manifest.Content);
        var namesMode = NamesMode(manifest.Content);
        var former = IsNamed(policy) ? _read.Find(r => r.Policy.Name == policy.Name).Manifest : null;
        if (former is not null && JsonElement.DeepEquals(former.Content, manifest.Content))
        {
            AddSame(former, manifest, policy.Name);
            return;
        }

        _read.Add((manifest, namesMode ? policy : policy with { Mode = Mode.Audit }));
        All = [.. _read.Select(r => r.Policy)];
        PolicyFolder.Usable(manifest, policy);
        if (!namesMode)
        {
            _notes.Add($"{manifest.Source}: policy {policy.Name} names no mode: it audits; set mode: Enforce to refuse");
        }

        if (former is not null)
        {
            throw new ManifestException(
                $"{manifest.Source}: SafeguardPolicy {policy.Name} is another one at {former.Source}, and a cluster has one of a name; "
                    + "rename or remove one of them"
            );
        }
    }

    /// <summary>One file may be given twice, as a policy and in a folder.</summary>
    private void AddSame(Manifest former, Manifest manifest, string name)
    {
        if (Path.GetFullPath(former.Place.File) != Path.GetFullPath(manifest.Place.File) || former.Place.Line != manifest.Place.Line)
        {
            _notes.Add($"{manifest.Source}: SafeguardPolicy {name} is the same as at {former.Source}; remove one of them");
        }
    }

    private static bool IsNamed(SafeguardPolicy policy) =>
        !policy.Errors.Any(e => e.StartsWith("metadata.name:", StringComparison.Ordinal));

    private static bool NamesMode(JsonElement policy) =>
        policy.ValueKind is not JsonValueKind.Object
        || !policy.TryGetProperty("spec", out var spec)
        || spec.ValueKind is not JsonValueKind.Object
        || (spec.TryGetProperty("mode", out var mode) && mode.ValueKind is not JsonValueKind.Null);
}
