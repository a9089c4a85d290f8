using DeployGuard.Core.Comparison;
using DeployGuard.Core.Evaluation;

namespace DeployGuard.Kubernetes.Changes;

/// <summary>
/// The whole template that one request contains, and the one that it replaces. Does not keep the request's buffers alive.
/// </summary>
/// <param name="Name">Of its Change.</param>
/// <param name="Before">
/// The template of the workload before the request, as read from the cluster; null if there was none, or it is not known.
/// </param>
/// <param name="BeforeIsUnknown">There was one before.</param>
internal sealed record TemplateEntry(
    string Namespace,
    string Name,
    string Requester,
    RecordedTemplate After,
    RecordedTemplate? Before,
    bool BeforeIsUnknown
)
{
    /// <summary>The memory that it takes while it waits to be written.</summary>
    public int Bytes => After.Bytes + (Before?.Bytes ?? 0);

    /// <summary>The template alone: what is on record of the one that it replaced stays.</summary>
    public TemplateEntry WithoutBase() => this with { Before = null, BeforeIsUnknown = true };

    /// <summary>Null for a request without a template: a <c>/scale</c>.</summary>
    public static TemplateEntry? OfOrNull(Verdict verdict)
    {
        var evaluated = verdict.Evaluated;
        if (evaluated.After is not { } workload || RecordedTemplate.OfOrNull(workload.Template) is not { } after)
        {
            return null;
        }

        // If the revision is unchanged, the template that it once replaced is not known here.
        var before =
            evaluated.ConfirmedBefore is { } seen && seen.Template.Hash != after.Hash ? RecordedTemplate.OfOrNull(seen.Template) : null;
        return new TemplateEntry(
            workload.Ref.Namespace,
            evaluated.Name,
            RequesterOf(verdict),
            after,
            before,
            before is null && (evaluated.Before is not null || evaluated.LiveHash is not null)
        );
    }

    private static string RequesterOf(Verdict verdict) =>
        verdict.Evaluated.Recorded is { Requesters: [var first, ..] } ? first : verdict.Evaluated.Request.Requester.Username;
}
