namespace DeployGuard.Core.Exposure;

/// <summary>A Service of a namespace, as far as pools depend on it.</summary>
/// <param name="Selector">Empty where it has none: its endpoints are somebody's own.</param>
/// <param name="IsExternalName">Its type is ExternalName: it has no pods, whatever it selects.</param>
public sealed record Service(string Name, IReadOnlyDictionary<string, string> Selector, bool IsExternalName)
{
    /// <summary>Whether users of the Service reach pods with these labels.</summary>
    public bool Selects(IReadOnlyDictionary<string, string> labels)
    {
        if (IsExternalName || Selector.Count == 0)
        {
            return false;
        }

        foreach (var (key, value) in Selector)
        {
            if (!labels.TryGetValue(key, out var found) || found != value)
            {
                return false;
            }
        }

        return true;
    }
}
