using System.CommandLine;
using System.CommandLine.Invocation;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Manifests;
using k8s.Exceptions;

namespace DeployGuard.Cli;

/// <summary>Runs a command line and turns every failure into one line and an exit code. A typing error never shows a stack trace.</summary>
internal static class CommandRunner
{
    public static async Task<int> RunAsync(RootCommand root, string[] args, TextWriter output, TextWriter error)
    {
        var parsed = root.Parse(args);
        if (parsed.Action is ParseErrorAction mistake)
        {
            // The error names the mistake; the help would push it off the screen.
            mistake.ShowHelp = false;
        }

        try
        {
            var exitCode = await parsed.InvokeAsync(
                new InvocationConfiguration
                {
                    Output = output,
                    Error = error,
                    EnableDefaultExceptionHandler = false,
                }
            );
            return parsed.Errors.Count > 0 ? ExitCodes.Unusable : exitCode;
        }
        catch (ManifestException wrong)
        {
            return await FailAsync(error, wrong.Message, ExitCodes.Unusable);
        }
        catch (Exception wrong) when (wrong is KubeConfigException or KubernetesClientException)
        {
            return await FailAsync(error, $"no cluster: {KubeconfigFile.FirstLine(wrong)}", ExitCodes.Unusable);
        }
        catch (ApiException refused)
        {
            return await FailAsync(error, refused.ServerMessage, ExitCodes.Refused);
        }
        catch (HttpRequestException unreachable)
        {
            return await FailAsync(error, $"the API server cannot be reached: {unreachable.Message}", ExitCodes.Unusable);
        }
        catch (OperationCanceledException slow) when (slow.InnerException is TimeoutException)
        {
            return await FailAsync(error, "the API server did not answer in time; retry", ExitCodes.Unusable);
        }
        catch (OperationCanceledException)
        {
            return await FailAsync(error, "interrupted", ExitCodes.Interrupted);
        }
    }

    private static async Task<int> FailAsync(TextWriter error, string message, int exitCode)
    {
        await error.WriteLineAsync($"error: {message}");
        return exitCode;
    }
}
