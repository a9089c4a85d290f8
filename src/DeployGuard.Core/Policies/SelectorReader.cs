using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Policies;

/// <summary>Reads a Kubernetes label selector: <c>matchLabels</c> and <c>matchExpressions</c>.</summary>
internal static class SelectorReader
{
    public static LabelSelector Read(StrictObject selector) =>
        new([
            .. selector.Map("matchLabels").Select(l => new LabelRequirement(l.Key, LabelOperator.In, [l.Value])),
            .. selector.Objects("matchExpressions", ReadRequirement),
        ]);

    private static LabelRequirement ReadRequirement(StrictObject expression)
    {
        var requirement = new LabelRequirement(
            expression.Text("key") ?? "",
            expression.Enum("operator", LabelOperator.Exists),
            expression.Strings("values")
        );
        if (requirement.Key.Length == 0)
        {
            expression.Error("key", "is missing");
        }

        if (!expression.Has("operator"))
        {
            expression.Error("operator", $"is missing; one of {string.Join(", ", Enum.GetNames<LabelOperator>())}");
        }

        var takesValues = requirement.Operator is LabelOperator.In or LabelOperator.NotIn;
        if (takesValues != requirement.Values.Count > 0)
        {
            expression.Error("values", takesValues ? "must have at least one value" : $"must be empty for {requirement.Operator}");
        }

        return requirement;
    }
}
