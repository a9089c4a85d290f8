using DeployGuard.Core.Comparison;
using DeployGuard.Core.Evaluation;

namespace DeployGuard.Kubernetes.Changes;

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
        var evaluated = verdict.Evaluated;
        if (evaluated.After is not { } workload || RecordedTemplate.OfOrNull(workload.Template) is not { } after)
        {
            return null;
        }

        // What reaches further is the revision itself: what it once replaced is not known here.
        var before = evaluated.SeenBefore is { } seen && seen.Template.Hash != after.Hash ? RecordedTemplate.OfOrNull(seen.Template) : null;
        return new TemplateEntry(workload.Ref.Namespace, evaluated.Name, RequesterOf(verdict), after, before, before is null && (evaluated.Before is not null || evaluated.LiveHash is not null));
    }

    private static string RequesterOf(Verdict verdict) => verdict.Evaluated.Recorded is { Requesters: [var first, ..] } ? first : verdict.Evaluated.Request.Requester.Username;
}
