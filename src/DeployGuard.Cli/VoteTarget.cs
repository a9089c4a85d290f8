using DeployGuard.Cli.Views;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Comparison;
using DeployGuard.Core.Workloads;
using DeployGuard.Manifests;

namespace DeployGuard.Cli;

/// <summary>The revision that a vote is about, and the description that the voter reads.</summary>
/// <param name="IsShownInFull">Whether the description shows everything that an approval signs.</param>
/// <param name="View">Its Change; null if there is none yet.</param>
internal sealed record VoteTarget(
    WorkloadRef Workload,
    string TemplateHash,
    IReadOnlyList<string> Images,
    string Description,
    bool IsShownInFull,
    ChangeView? View = null
)
{
    /// <summary>What differs, on one line, for the confirmation; empty if that is not known.</summary>
    public string Summary { get; private init; } = "";

    /// <summary>Whether there is nothing to sign, so that nothing is left out either.</summary>
    public bool NeedsNoApproval { get; private init; }

    /// <summary>Whether it was admitted by break-glass, so that an approval is its review.</summary>
    public bool IsUnreviewed => View?.Parsed is { IsUnreviewed: true };

    /// <param name="isFull">Also what is folded by default.</param>
    public static VoteTarget Of(ChangeView change, TemplateView template, bool isFull)
    {
        var recorded =
            change.Parsed
            ?? throw new ManifestException(
                $"change {change.Name} is not a valid Change{(change.Problem is { } problem ? $": {problem}" : "")}"
            );
        // The template comes last, next to the confirmation.
        var description = $"{ChangePage.Of(change, recorded, isFull)}\n\n{template.Text}";
        return new VoteTarget(
            recorded.Workload,
            recorded.TemplateHash,
            [.. recorded.Images.Distinct()],
            description,
            template.IsComplete,
            change
        )
        {
            Summary = template.Summary,
            NeedsNoApproval = template.NeedsNoApproval,
        };
    }

    /// <summary>
    /// A workload and a hash, before there is a Change. Digits without a version count as today's version, unless version 0.2 recorded
    /// them.
    /// </summary>
    /// <param name="recorded">The Changes of the namespace.</param>
    /// <exception cref="ManifestException">The text is not a hash.</exception>
    public static VoteTarget OfHash(WorkloadRef workload, string hash, IEnumerable<Change> recorded)
    {
        var hex = Core.Workloads.TemplateHash.DigitsOf(hash);
        if (!Core.Workloads.TemplateHash.AreDigits(hex))
        {
            throw new ManifestException($"--hash {hash}: expected 64 lower-case hex digits");
        }

        var known = recorded
            .Where(c => c.Workload == workload)
            .Select(c => c.TemplateHash)
            .Where(h => Core.Workloads.TemplateHash.DigitsOf(h) == hex)
            .OrderBy(Core.Workloads.TemplateHash.IsLegacy)
            .FirstOrDefault();
        var full = hex != hash ? hash : known ?? Core.Workloads.TemplateHash.Prefix + hex;
        return new VoteTarget(
            workload,
            full,
            [],
            $"Workload  {workload}\nHash      {hex}\nThere is no Change to read. Make sure that you know which template this "
                + "hash identifies.",
            IsShownInFull: false
        );
    }
}
