using System.CommandLine;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Webhook.Hosting;

/// <summary><c>deployguard-webhook probe</c>: whether the API server reaches a replica that answers, for <c>helm test</c>.</summary>
internal static class ProbeCommand
{
    private static readonly Option<int> s_timeout = new("--timeout")
    {
        Description = "Seconds after which the last answers count.",
        HelpName = "SECONDS",
        DefaultValueFactory = _ => 60,
    };

    /// <param name="kubeconfig">The option of the program.</param>
    public static Command Create(Option<FileInfo?> kubeconfig)
    {
        var command = new Command(
            "probe",
            "Request two policies as dry runs, one that DeployGuard refuses and one that it admits, and report the answers."
        )
        {
            s_timeout,
            kubeconfig,
        };
        command.SetAction(
            async (parsed, cancel) =>
            {
                using var api = ApiConnection.Open(parsed.GetValue(kubeconfig));
                var limit = TimeSpan.FromSeconds(parsed.GetValue(s_timeout));
                return await new InstallationProbe(api, TimeProvider.System).RunAsync(limit, parsed.InvocationConfiguration.Output, cancel);
            }
        );
        return command;
    }
}
