using DeployGuard.Core;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Origins;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cluster.Records;

/// <summary>What one request adds to the record of its revision. Holds nothing of the request's own buffers.</summary>
internal sealed record ChangeEntry
{
    public required string Name { get; init; }

    public required WorkloadRef Workload { get; init; }

    public required string TemplateHash { get; init; }

    public required Phase Phase { get; init; }

    public required IReadOnlyList<ImageChange> Images { get; init; }

    public IReadOnlyList<string> Diff { get; init; } = [];

    public Origin Origin { get; init; } = Origin.NothingKnown;

    /// <summary>Who asked; null where nobody did: what was adopted.</summary>
    public string? Requester { get; init; }

    public bool Adopted { get; init; }

    public string? OwnedRevision { get; init; }

    public IReadOnlyList<string> Policies { get; init; } = [];

    public IReadOnlyList<JudgedFinding> Findings { get; init; } = [];

    public IReadOnlyList<Core.Approvals.Approval> Approvals { get; init; } = [];

    public static ChangeEntry Of(Verdict verdict, Phase phase)
    {
        var change = verdict.Change;
        var after = change.After ?? throw new InvalidOperationException($"{change.Request.Target} has no template to put on record");
        var before = change.Before?.Template.Images.GroupBy(i => i.Path).ToDictionary(g => g.Key, g => g.First().Reference.Text) ?? [];
        return new ChangeEntry
        {
            Name = change.Name,
            Workload = after.Ref,
            TemplateHash = after.Template.Hash,
            Phase = phase,
            Images = [.. after.Template.Images.Select(i => new ImageChange(i.Path, before.GetValueOrDefault(i.Path), i.Reference.Text))],
            Diff = TemplateDiff.Between(change.Before?.Template.Canonical, after.Template.Canonical),
            Origin = change.Origin,
            Requester = change.Request.Requester.Username,
            Policies = [.. verdict.Policies.Select(p => p.Name)],
            Findings = verdict.Findings,
            Approvals = verdict.Approvals,
        };
    }
}

/// <param name="From">Null where there was no image at this path.</param>
internal sealed record ImageChange(string Path, string? From, string To);
