using System.CommandLine;
using System.CommandLine.Invocation;
using System.Net;
using System.Text.RegularExpressions;
using DeployGuard.Cli.Commands;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Manifests;
using k8s.Exceptions;

namespace DeployGuard.Cli;

/// <summary>Runs a command line and turns every failure into one line and an exit code. A typing error never shows a stack trace.</summary>
internal static partial class CommandRunner
{
    /// <summary>Set to 1 to see where a failure came from.</summary>
    public const string DebugVariable = "DEPLOYGUARD_DEBUG";

    public static async Task<int> RunAsync(RootCommand root, string[] args, TextWriter output, TextWriter error)
    {
        var parsed = root.Parse(args);
        if (parsed.Action is ParseErrorAction mistake)
        {
            return await ExplainAsync(mistake, parsed, output, error);
        }

        try
        {
            return await parsed.InvokeAsync(
                new InvocationConfiguration
                {
                    Output = output,
                    Error = error,
                    EnableDefaultExceptionHandler = false,
                }
            );
        }
        catch (Exception fault)
        {
            var (message, exitCode) = Explain(fault);
            await error.WriteLineAsync($"error: {message}");
            if (Environment.GetEnvironmentVariable(DebugVariable) == "1")
            {
                await error.WriteLineAsync(fault.ToString());
            }

            return exitCode;
        }
    }

    /// <summary>The parser names the mistake and what is spelt alike; and the type of the runtime, which is no word for users.</summary>
    private static async Task<int> ExplainAsync(ParseErrorAction mistake, ParseResult parsed, TextWriter output, TextWriter error)
    {
        // The help would push the error off the screen.
        mistake.ShowHelp = false;
        using var said = new StringWriter();
        await parsed.InvokeAsync(new InvocationConfiguration { Output = output, Error = said });
        var mistakes = parsed.Errors.Select(e => e.Message.Split('\n')[0].Trim()).ToHashSet(StringComparer.Ordinal);
        var isMisspelt = parsed.UnmatchedTokens.Count > 0;
        foreach (var line in said.ToString().Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            // Of a command that is misspelt, the parser says that none was given too.
            if (line != UsageExample.NoCommand)
            {
                await error.WriteLineAsync($"{(mistakes.Contains(line) ? "error: " : "")}{ExpectedType().Replace(line, "")}");
            }
            else if (!isMisspelt)
            {
                await error.WriteLineAsync("error: no command is given");
            }
        }

        if (!isMisspelt && UsageExample.For(parsed) is { } example)
        {
            await error.WriteLineAsync(example);
        }

        return ExitCodes.Unusable;
    }

    [GeneratedRegex(" as expected type '[^']+'")]
    private static partial Regex ExpectedType();

    private static (string Message, int ExitCode) Explain(Exception fault) =>
        fault switch
        {
            ManifestException wrong => (wrong.Message, ExitCodes.Unusable),
            KubeConfigException or KubernetesClientException => ($"no cluster: {KubeconfigFile.FirstLine(fault)}", ExitCodes.Unusable),
            ApiException { StatusCode: HttpStatusCode.Unauthorized } => (
                "the API server does not accept your credentials; log in again, or name another user with --context",
                ExitCodes.Unusable
            ),
            ApiException refused => (MissingRight.Explain(refused), ExitCodes.Refused),
            HttpRequestException unreachable => (
                $"the API server cannot be reached: {FailureText.OfConnection(unreachable)}",
                ExitCodes.Unusable
            ),
            OperationCanceledException { InnerException: TimeoutException } => (
                "the API server did not answer in time; retry",
                ExitCodes.Unusable
            ),
            OperationCanceledException => ("interrupted", ExitCodes.Interrupted),
            _ => (FailureText.OfUnexpected(fault), ExitCodes.Unusable),
        };
}
