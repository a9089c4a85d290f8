namespace DeployGuard.Core.Changes;

/// <summary>Who asks, as the API server authenticated him.</summary>
public sealed record Requester(string Username, string Uid, IReadOnlyList<string> Groups)
{
    private const string ServiceAccountPrefix = "system:serviceaccount:";

    /// <summary>
    /// Everything Kubernetes itself names begins with <c>system:</c>: service accounts, nodes, controllers, the anonymous user.
    /// None of them is a person.
    /// </summary>
    public bool IsMachine => Username.Length == 0 || Username.StartsWith("system:", StringComparison.Ordinal);

    public bool IsServiceAccount => Username.StartsWith(ServiceAccountPrefix, StringComparison.Ordinal);
}
