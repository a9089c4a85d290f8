namespace DeployGuard.Core.Identities;

/// <summary>An authenticated user, as in <c>userInfo</c> of the admission request.</summary>
public sealed record Requester(string Username, string Uid, IReadOnlyList<string> Groups)
{
    private const string ServiceAccountPrefix = "system:serviceaccount:";

    /// <summary>
    /// User names of Kubernetes itself begin with <c>system:</c>: service accounts, nodes, controllers, the anonymous user.
    /// None of them is a person.
    /// </summary>
    public bool IsMachine => IsMachineName(Username);

    /// <summary>
    /// Kubernetes' own components: controllers, nodes, the scheduler. Service accounts of other namespaces than <c>kube-system</c> are not
    /// among them, since a deployer may act as those of their own.
    /// </summary>
    public bool IsControlPlane =>
        Username.StartsWith("system:", StringComparison.Ordinal) && ServiceAccountNamespace(Username) is (null or "kube-system");

    /// <summary>The namespace of a service account; null for any other user.</summary>
    public static string? ServiceAccountNamespace(string username) =>
        username.StartsWith(ServiceAccountPrefix, StringComparison.Ordinal) ? username[ServiceAccountPrefix.Length..].Split(':')[0] : null;

    public static bool IsMachineName(string username) => username.Length == 0 || username.StartsWith("system:", StringComparison.Ordinal);
}
