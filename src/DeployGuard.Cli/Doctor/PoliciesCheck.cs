using DeployGuard.Core.Policies;

namespace DeployGuard.Cli.Doctor;

/// <summary>Whether every policy can be read, and guards what its author will have meant.</summary>
internal sealed class PoliciesCheck : ICheck
{
    public string Name => "policies";

    public async Task<IReadOnlyList<Diagnosis>> LookAsync(CheckContext patient, CancellationToken cancel) =>
        Judge(await patient.PoliciesAsync(cancel), await patient.NamespacesAsync(cancel), patient.Now);

    public static IReadOnlyList<Diagnosis> Judge(IReadOnlyList<SafeguardPolicy> policies, IReadOnlyList<NamespaceLabels> namespaces, DateTimeOffset now)
    {
        List<Diagnosis> found = [.. policies.Where(p => p.Errors.Count > 0).Select(Unreadable), .. policies.SelectMany(p => Lint(p, namespaces, now))];
        return found.Count > 0 ? found : [Diagnosis.Ok($"{policies.Count} can be read ({string.Join(", ", policies.GroupBy(p => p.Mode).Select(g => $"{g.Count()} {g.Key}"))})")];
    }

    private static Diagnosis Unreadable(SafeguardPolicy policy)
    {
        var consequence = policy.Mode is Mode.Enforce ? "refuses new revisions where it matches" : "guards nothing";
        return Diagnosis.Failed($"{policy.Name} cannot be read, and {consequence}:{string.Concat(policy.Errors.Select(e => $"\n           - {e}"))}", $"Mend it: kubectl edit safeguardpolicy {policy.Name}");
    }

    private static IEnumerable<Diagnosis> Lint(SafeguardPolicy policy, IReadOnlyList<NamespaceLabels> namespaces, DateTimeOffset now)
    {
        if (policy.Match.Kinds.Count > 0)
        {
            yield return Diagnosis.Warning($"{policy.Name} lists match.kinds: what it would refuse as a {policy.Match.Kinds[0]} passes as another kind", "Leave match.kinds out");
        }

        if (policy is { Mode: Mode.Enforce, Approval: { Required: not Required.Never, Covers: ApprovalCovers.Template }, Images: not { Pin: Pin.Digest } })
        {
            yield return Diagnosis.Warning($"{policy.Name} enforces approvals, and allows images named by tag, which can be moved after the approval", "Add images: {pin: Digest}");
        }

        if (policy.Active.Until is { } until && until <= now)
        {
            yield return Diagnosis.Warning($"{policy.Name} was active until {until:u}, and guards nothing since", $"Delete it, or give it another end: kubectl edit safeguardpolicy {policy.Name}");
        }
        else if (policy.Mode is Mode.Enforce && !namespaces.Any(n => policy.Match.IncludesNamespace(n.Labels)))
        {
            yield return Diagnosis.Warning($"{policy.Name} is in Enforce and matches no namespace", "Label one as its match.namespaceSelector asks, or mend that");
        }
    }
}
