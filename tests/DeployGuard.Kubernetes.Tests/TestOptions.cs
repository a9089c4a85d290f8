namespace DeployGuard.Kubernetes.Tests;

/// <summary>An installation as the chart names its parts.</summary>
internal static class TestOptions
{
    public static readonly ClusterOptions Installed = new()
    {
        Namespace = "deployguard-system",
        Service = "deployguard",
        Secret = "deployguard-tls",
        WebhookConfiguration = "deployguard",
        Lease = "deployguard-leader",
    };
}
