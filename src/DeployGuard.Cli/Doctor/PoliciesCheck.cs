using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Cli.Doctor;

/// <summary>Whether every policy is valid, and guards what its author intended.</summary>
internal sealed class PoliciesCheck : ICheck
{
    public string Name => "policies";

    public async Task<IReadOnlyList<Diagnosis>> RunAsync(CheckContext context, CancellationToken cancel) =>
        Diagnose(await context.PoliciesAsync(cancel), await context.NamespacesAsync(cancel), context.Now);

    public static IReadOnlyList<Diagnosis> Diagnose(
        IReadOnlyList<SafeguardPolicy> policies,
        IReadOnlyList<NamespaceLabels> namespaces,
        DateTimeOffset now
    )
    {
        List<Diagnosis> found =
        [
            .. policies.Where(p => p.Errors.Count > 0).Select(Invalid),
            .. policies.SelectMany(p => Lint(p, namespaces, now)),
        ];
        return found.Count > 0
            ? found
            :
            [
                Diagnosis.Ok(
                    $"{policies.Count} valid ({string.Join(", ", policies.GroupBy(p => p.Mode).Select(g => $"{g.Count()} {g.Key}"))})"
                ),
            ];
    }

    private static Diagnosis Invalid(SafeguardPolicy policy)
    {
        var consequence = policy.Mode is Mode.Enforce ? "refuses new revisions where it matches" : "guards nothing";
        return Diagnosis.Failed(
            $"{policy.Name} is not valid, and {consequence}:{string.Concat(policy.Errors.Select(e => $"\n           - {e}"))}",
            $"Fix it: kubectl edit safeguardpolicy {policy.Name}"
        );
    }

    private static IEnumerable<Diagnosis> Lint(SafeguardPolicy policy, IReadOnlyList<NamespaceLabels> namespaces, DateTimeOffset now)
    {
        if (policy.Match.Kinds.Count > 0)
        {
            yield return Diagnosis.Warning(
                $"{policy.Name} lists match.kinds: a revision that it refuses as a {policy.Match.Kinds[0]} passes as another kind",
                $"Remove match.kinds: kubectl patch safeguardpolicy {policy.Name} --type=json -p "
                    + """'[{"op": "remove", "path": "/spec/match/kinds"}]'"""
            );
        }

        if (
            policy is
            {
                Mode: Mode.Enforce,
                Approval: { Required: not Required.Never, Covers: ApprovalCovers.Template },
                Images: not { Pin: Pin.Digest }
            }
        )
        {
            yield return Diagnosis.Warning(
                $"{policy.Name} requires approval but allows image tags, which can be moved after the approval",
                $"Add images: {{pin: Digest}} to its spec: kubectl edit safeguardpolicy {policy.Name}"
            );
        }

        if (policy.Active.Until is { } until && until <= now)
        {
            yield return Diagnosis.Warning(
                $"{policy.Name} was active until {Rfc3339.Show(until)}, and guards nothing now",
                $"Delete it, or set active.until to a later time: kubectl edit safeguardpolicy {policy.Name}"
            );
        }
        else if (policy.Mode is Mode.Enforce && !namespaces.Any(n => policy.Match.IncludesNamespace(n.Labels)))
        {
            yield return Diagnosis.Warning(
                $"{policy.Name} is in mode Enforce, and matches no namespace",
                $"Label a namespace as match.namespaceSelector requires, or fix the selector: kubectl edit safeguardpolicy {policy.Name}"
            );
        }
    }
}
