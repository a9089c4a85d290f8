namespace DeployGuard.Core.Workloads;

/// <summary>A Kubernetes label selector. All requirements must hold; none at all selects everything.</summary>
public sealed record LabelSelector(IReadOnlyList<LabelRequirement> Requirements)
{
    public static readonly LabelSelector Everything = new([]);

    public bool Matches(IReadOnlyDictionary<string, string> labels)
    {
        // Every request asks many selectors: a loop allocates nothing.
        for (var i = 0; i < Requirements.Count; i++)
        {
            if (!Requirements[i].Holds(labels))
            {
                return false;
            }
        }

        return true;
    }

    internal LabelSelector With(TextPool texts) => new(Requirements.Select(r => r.With(texts)).ToArray());
}

public enum LabelOperator
{
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

public sealed record LabelRequirement(string Key, LabelOperator Operator, IReadOnlyList<string> Values)
{
    public bool Holds(IReadOnlyDictionary<string, string> labels)
    {
        var present = labels.TryGetValue(Key, out var value);
        return Operator switch
        {
            LabelOperator.In => present && Values.Contains(value),
            // As in Kubernetes, an absent label matches NotIn.
            LabelOperator.NotIn => !present || !Values.Contains(value),
            LabelOperator.Exists => present,
            LabelOperator.DoesNotExist => !present,
            _ => throw new InvalidOperationException($"unknown label operator {Operator}"),
        };
    }

    internal LabelRequirement With(TextPool texts) => new(texts.Same(Key), Operator, texts.Same(Values));
}
