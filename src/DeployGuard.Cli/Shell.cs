using System.CommandLine;
using System.CommandLine.Invocation;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Files;
using k8s.Exceptions;

namespace DeployGuard.Cli;

/// <summary>Runs a command line and turns what goes wrong into words and an exit code. Nobody is shown a stack trace for a typo.</summary>
internal static class Shell
{
    public const int Refused = 1;
    public const int Unusable = 2;

    public static async Task<int> InvokeAsync(RootCommand root, string[] args, TextWriter output, TextWriter error)
    {
        var parsed = root.Parse(args);
        if (parsed.Action is ParseErrorAction mistake)
        {
            // The error names the mistake; whoever wants the help asks for it.
            mistake.ShowHelp = false;
        }

        try
        {
            var exitCode = await parsed.InvokeAsync(new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false });
            return parsed.Errors.Count > 0 ? Unusable : exitCode;
        }
        catch (ManifestException wrong)
        {
            return await FailAsync(error, wrong.Message, Unusable);
        }
        catch (Exception wrong) when (wrong is KubeConfigException or KubernetesClientException)
        {
            return await FailAsync(error, $"no cluster: {KubeconfigFile.FirstLine(wrong)}", Unusable);
        }
        catch (ApiException refused)
        {
            return await FailAsync(error, refused.ServerMessage, Refused);
        }
        catch (HttpRequestException unreachable)
        {
            return await FailAsync(error, $"the API server cannot be reached: {unreachable.Message}", Unusable);
        }
        catch (OperationCanceledException slow) when (slow.InnerException is TimeoutException)
        {
            return await FailAsync(error, "the API server did not answer in time", Unusable);
        }
        catch (OperationCanceledException)
        {
            return await FailAsync(error, "stopped", 130);
        }
    }

    private static async Task<int> FailAsync(TextWriter error, string message, int exitCode)
    {
        await error.WriteLineAsync($"error: {message}");
        return exitCode;
    }
}
