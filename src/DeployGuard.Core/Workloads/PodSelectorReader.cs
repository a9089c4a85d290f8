namespace DeployGuard.Core.Workloads;

/// <summary>Reads a workload's pod selector. Null if the object has none: it then selects no pods.</summary>
internal static class PodSelectorReader
{
    /// <summary>Reads <c>matchLabels</c> and <c>matchExpressions</c>.</summary>
    /// <exception cref="MalformedObjectException">It has one of another form.</exception>
    public static LabelSelector? OfRequirements(Field root) =>
        root.Object("spec")?.Object("selector") is { } selector ? Of(selector) : null;

    /// <summary>Reads a plain map of labels.</summary>
    /// <exception cref="MalformedObjectException">It has one of another form.</exception>
    public static LabelSelector? OfLabels(Field root) =>
        root.Object("spec") is { } spec && spec.Map("selector") is { Count: > 0 } labels ? new LabelSelector(Equal(labels)) : null;

    private static LabelSelector Of(Field selector)
    {
        var equal = Equal(selector.Map("matchLabels"));
        return new(selector["matchExpressions"] is null ? equal : [.. equal, .. selector.Items("matchExpressions").Select(Requirement)]);
    }

    private static LabelRequirement[] Equal(IReadOnlyDictionary<string, string> labels)
    {
        var (equal, count) = (new LabelRequirement[labels.Count], 0);
        foreach (var (key, value) in labels)
        {
            equal[count++] = new LabelRequirement(key, LabelOperator.In, [value]);
        }

        return equal;
    }

    private static LabelRequirement Requirement(Field expression) =>
        new(
            expression.AsObject().Text("key") ?? "",
            Enum.TryParse<LabelOperator>(expression.Text("operator"), out var known)
                ? known
                : throw new MalformedObjectException(
                    $"{expression.Path}.operator",
                    $"expected one of {string.Join(", ", Enum.GetNames<LabelOperator>())}"
                ),
            [.. expression.Texts("values")]
        );
}
