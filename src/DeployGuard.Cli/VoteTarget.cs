using DeployGuard.Kubernetes.Files;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Comparison;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cli;

/// <summary>What is about to be approved or rejected, and what is shown of it.</summary>
/// <param name="IsShownWhole">Nothing that an approval signs is missing from what is shown.</param>
/// <param name="IsUnreviewed">It came in by break-glass: an approval is its review.</param>
internal sealed record VoteTarget(WorkloadRef Workload, string TemplateHash, IReadOnlyList<string> Images, string Description, bool IsShownWhole, bool IsUnreviewed = false)
{
    /// <summary>What version 0.2 recorded it under; null where it did not.</summary>
    public string? LegacyHash { get; init; }

    /// <summary>Whether a vote is about it.</summary>
    public bool IsMeantBy(Approval vote) => vote.Workload == Workload
        && (vote.TemplateHash is { } hash ? hash == TemplateHash || hash == LegacyHash : vote.Images.Any(Images.Contains));

    public static VoteTarget Of(ChangeView change, ShownChange shown)
    {
        var recorded = change.Recorded
            ?? throw new ManifestException($"change {change.Name} is not as DeployGuard writes it{(change.Problem is { } problem ? $": {problem}" : "")}");
        var evidence = recorded.Evidence.Count == 0 ? "" : $" ({VisibleText.Line(string.Join(", ", recorded.Evidence.Select(e => $"{e.Source} {e.Key}: {e.Value}{(e.By is null ? "" : $", by {e.By}")}")))})";
        List<string> lines =
        [
            $"Change    {change.Name}, {change.Phase}",
            $"Workload  {recorded.Workload}",
            $"Origin    {change.Origin}{evidence}",
            $"Asked by  {VisibleText.Line(string.Join(", ", recorded.Requesters))}",
            .. Block("Release", change.ChangeIds),
            .. Block("Images", change.Images),
            .. Block("Policies", change.Policies),
            .. Block("Votes", change.Approvals),
            .. Block("Glass", change.BreakGlass),
            .. Block("Found", change.Findings),
        ];
        // Last: it is next to the question.
        var description = $"{Text.Printable(string.Join('\n', lines))}\n\n{shown.Text}";
        return new VoteTarget(recorded.Workload, recorded.TemplateHash, [.. recorded.Images.Distinct()], description, shown.IsWhole, recorded.IsUnreviewed) { LegacyHash = recorded.LegacyHash };
    }

    /// <summary>
    /// A workload and hash, ahead of any Change. Bare digits are of today's version, unless a record that version 0.2 made has them.
    /// </summary>
    /// <param name="recorded">The Changes of the namespace.</param>
    /// <exception cref="ManifestException">The kind is not known, or the hash is none.</exception>
    public static VoteTarget Ahead(WorkloadRef workload, string hash, IEnumerable<Change> recorded)
    {
        var hex = Core.Workloads.TemplateHash.DigitsOf(hash);
        if (!Core.Workloads.TemplateHash.AreDigits(hex))
        {
            throw new ManifestException($"--hash {hash}: expected 64 lower-case hex digits");
        }

        var alike = recorded.Where(c => c.Workload == workload).Select(c => c.TemplateHash)
            .Where(known => Core.Workloads.TemplateHash.DigitsOf(known) == hex)
            .OrderBy(Core.Workloads.TemplateHash.IsLegacy).FirstOrDefault();
        var full = hex != hash ? hash : alike ?? Core.Workloads.TemplateHash.Prefix + hex;
        return new VoteTarget(workload, full, [], $"Workload  {workload}\nHash      {hex}\nThere is no Change to look at: make sure that you know what this hash stands for.", IsShownWhole: false);
    }

    /// <summary>Reads <c>deployment/web</c>, or of a custom kind, as its objects spell it, <c>Rollout.argoproj.io/web</c>.</summary>
    /// <exception cref="ManifestException">It is not of this form, or the kind is not known. Which custom kinds are guarded the server knows.</exception>
    public static WorkloadRef ReadWorkload(string what, string @namespace)
    {
        if (what.Split('/') is not [{ Length: > 0 } kind, { Length: > 0 } name])
        {
            throw new ManifestException($"{what}: expected kind/name such as deployment/web");
        }

        if (kind.Split('.', 2) is [{ Length: > 0 } custom, { Length: > 0 } group])
        {
            return new WorkloadRef(group, custom, @namespace, name);
        }

        // What decides who reaches a workload's pods has safeguards too.
        if (kind.Equals("service", StringComparison.OrdinalIgnoreCase) || kind.Equals("svc", StringComparison.OrdinalIgnoreCase))
        {
            return new WorkloadRef("", "Service", @namespace, name);
        }

        var known = WorkloadKinds.BuiltIn.Find(kind)
            ?? throw new ManifestException($"{what}: {kind} is not one of {string.Join(", ", WorkloadKinds.BuiltIn.Names)}; a custom kind is given with its group, such as Rollout.argoproj.io/web");
        return new WorkloadRef(known.ApiGroup, known.Kind, @namespace, name);
    }

    private static IEnumerable<string> Block(string title, IEnumerable<string> lines) => lines.Select((line, i) => $"{(i == 0 ? title : ""),-10}{VisibleText.Line(line)}");
}
