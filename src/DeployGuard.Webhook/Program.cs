using DeployGuard.Kubernetes.Certificates;
using DeployGuard.Manifests;
using DeployGuard.Webhook.Hosting;
using k8s.Exceptions;

try
{
    return await CommandLine.RunAsync(
        args,
        (options, cancel) =>
            options.StandalonePolicies is { } folder
                ? Programs.RunStandaloneAsync(options, folder, cancel)
                : Programs.RunInClusterAsync(options, cancel)
    );
}
catch (Exception problem) when (problem is CertificateProblemException or ManifestException or KubeConfigException or IOException)
{
    // A bad configuration stops the start with a message and without a stack trace.
    Console.Error.WriteLine($"deployguard-webhook: {problem.Message}");
    return 1;
}
