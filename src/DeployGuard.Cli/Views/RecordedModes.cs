using DeployGuard.Core.Policies;

namespace DeployGuard.Cli.Views;

/// <summary>The modes of policies as Changes record them, for users who may not read policies: the newest request knows best.</summary>
internal static class RecordedModes
{
    public static IReadOnlyDictionary<string, Mode> In(IEnumerable<ChangeView> changes)
    {
        var modes = new Dictionary<string, Mode>(StringComparer.Ordinal);
        foreach (var change in changes.OrderBy(c => c.Parsed?.LastRequestedAt ?? default))
        {
            foreach (var (policy, mode) in change.PolicyModes)
            {
                modes[policy] = mode;
            }
        }

        return modes;
    }
}
