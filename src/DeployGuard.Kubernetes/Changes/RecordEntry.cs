using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Kubernetes.Events;

namespace DeployGuard.Kubernetes.Changes;

/// <summary>What waits to be written after an answer.</summary>
/// <param name="Change">Null if the Change was written before the answer, or there is none.</param>
internal sealed record RecordEntry(ChangeEntry? Change, EventEntry? Event)
{
    /// <summary>Entries of one key are written in order: namespace and name of the Change.</summary>
    public required string Key { get; init; }

    public TemplateEntry? Template { get; init; }

    /// <summary>Of the Change that was written before the answer.</summary>
    public string ChangeUid { get; init; } = "";

    /// <summary>A vote that was withdrawn.</summary>
    public Withdrawal? Withdrawal { get; init; }

    public string Name =>
        Change?.Name ?? Template?.Name ?? Withdrawal?.Vote.Name ?? $"{Event?.About.Kind} {Event?.About.Namespace}/{Event?.About.Name}";
}

/// <summary>A vote that was withdrawn.</summary>
/// <param name="Voted">The Change that it was on.</param>
/// <param name="By">User name.</param>
internal sealed record Withdrawal(Change Voted, Approval Vote, string By, DateTimeOffset At);
