namespace DeployGuard.Core.Workloads;

/// <summary>Reads which pods a workload's controller takes for its own.</summary>
internal static class PodSelectorReader
{
    /// <summary>Null where the kind has no selector, or the object none: nothing is taken in then.</summary>
    /// <exception cref="MalformedObjectException">It has one of another form.</exception>
    public static LabelSelector? Read(Field root, string kind) => kind switch
    {
        "Deployment" or "StatefulSet" or "DaemonSet" or "ReplicaSet" or "Job" => root.Object("spec")?.Object("selector") is { } selector ? Of(selector) : null,
        "ReplicationController" => root.Object("spec") is { } spec && spec.Map("selector") is { Count: > 0 } labels ? new LabelSelector(Equal(labels)) : null,
        _ => null,
    };

    private static LabelSelector Of(Field selector) => new([.. Equal(selector.Map("matchLabels")), .. selector.Items("matchExpressions").Select(Requirement)]);

    private static List<LabelRequirement> Equal(IReadOnlyDictionary<string, string> labels) =>
        [.. labels.Select(l => new LabelRequirement(l.Key, LabelOperator.In, [l.Value]))];

    private static LabelRequirement Requirement(Field expression) => new(
        expression.AsObject().Text("key") ?? "",
        Enum.TryParse<LabelOperator>(expression.Text("operator"), out var known) ? known
            : throw new MalformedObjectException($"{expression.Path}.operator", $"expected one of {string.Join(", ", Enum.GetNames<LabelOperator>())}"),
        [.. expression.Texts("values")]);
}
