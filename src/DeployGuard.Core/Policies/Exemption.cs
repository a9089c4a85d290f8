using DeployGuard.Core.Identities;

namespace DeployGuard.Core.Policies;

/// <summary>The identities that a policy exempts, by their authenticated names; never by a label.</summary>
/// <param name="Users">User names.</param>
/// <param name="Groups">Group names.</param>
/// <param name="ServiceAccounts"><c>namespace/name</c>.</param>
public sealed record Exemption(IReadOnlyList<string> Users, IReadOnlyList<string> Groups, IReadOnlyList<string> ServiceAccounts)
{
    public static readonly Exemption Nobody = new([], [], []);

    public bool IsNobody => Users.Count == 0 && Groups.Count == 0 && ServiceAccounts.Count == 0;

    public bool Includes(Requester who) =>
        Users.Contains(who.Username)
        || Groups.Any(who.Groups.Contains)
        || ServiceAccounts.Any(a => who.Username == $"system:serviceaccount:{a.Replace('/', ':')}");
}
