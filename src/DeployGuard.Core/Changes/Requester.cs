namespace DeployGuard.Core.Changes;

/// <summary>Who asks, as the API server authenticated him.</summary>
public sealed record Requester(string Username, string Uid, IReadOnlyList<string> Groups)
{
    /// <summary>
    /// Everything Kubernetes itself names begins with <c>system:</c>: service accounts, nodes, controllers, the anonymous user.
    /// None of them is a person.
    /// </summary>
    public bool IsMachine => IsMachineName(Username);

    public static bool IsMachineName(string username) => username.Length == 0 || username.StartsWith("system:", StringComparison.Ordinal);
}
