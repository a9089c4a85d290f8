using DeployGuard.Core;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Comparison;

namespace DeployGuard.Cluster.Records;

/// <summary>The whole template that one request asks for, and what it replaces. Holds nothing of the request's own buffers.</summary>
/// <param name="Name">Of its Change.</param>
/// <param name="Before">What the workload ran when it was asked for, as the cluster has it; null if that was nothing, or is not known.</param>
/// <param name="BeforeIsUnknown">There was something before.</param>
internal sealed record TemplateEntry(string Namespace, string Name, string Requester, RecordedTemplate After, RecordedTemplate? Before, bool BeforeIsUnknown)
{
    /// <summary>What it holds on to while it waits to be written.</summary>
    public int Bytes => After.Bytes + (Before?.Bytes ?? 0);

    /// <summary>Null where the request carries no template: a <c>/scale</c>.</summary>
    public static TemplateEntry? OfOrNull(Verdict verdict)
    {
        var change = verdict.Change;
        if (change.After is not { } workload || RecordedTemplate.OfOrNull(workload.Template) is not { } after)
        {
            return null;
        }

        // What reaches further is the revision itself: what it once replaced is not known here.
        var before = change.SeenBefore is { } seen && seen.Template.Hash != after.Hash ? RecordedTemplate.OfOrNull(seen.Template) : null;
        return new TemplateEntry(workload.Ref.Namespace, change.Name, RequesterOf(verdict), after, before, before is null && (change.Before is not null || change.LiveHash is not null));
    }

    private static string RequesterOf(Verdict verdict) => verdict.Change.Recorded is { Requesters: [var first, ..] } ? first : verdict.Change.Request.Requester.Username;
}
