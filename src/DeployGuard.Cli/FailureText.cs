using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.RegularExpressions;

namespace DeployGuard.Cli;

/// <summary>One line about a failure for the reader of a terminal: what failed, and no names of types.</summary>
internal static partial class FailureText
{
    private const string NoWords = "for a reason that has no words for users";

    /// <summary>Why a request got no usable answer: the innermost cause knows it.</summary>
    public static string OfConnection(HttpRequestException unreachable)
    {
        var causes = Causes(unreachable).ToList();
        return causes.OfType<AuthenticationException>().LastOrDefault() is { } untrusted
                ? $"its certificate is not trusted: {Line(untrusted)}"
            : causes.OfType<SocketException>().Any() ? Line(unreachable)
            : Line(causes[^1]);
    }

    /// <summary>Of a failure that no command expects.</summary>
    public static string OfUnexpected(Exception fault) =>
        Causes(fault).Last() switch
        {
            UnauthorizedAccessException or IOException => Line(Causes(fault).Last()),
            KeyNotFoundException or InvalidOperationException or System.Text.Json.JsonException =>
                "a file, or an answer of the API server, does not have the form that it must have. If this persists, report it with what "
                    + "DEPLOYGUARD_DEBUG=1 adds to this output",
            var cause => $"{Line(cause)}. This is an error in DeployGuard: report it with what DEPLOYGUARD_DEBUG=1 adds to this output",
        };

    private static IEnumerable<Exception> Causes(Exception fault)
    {
        for (var cause = fault; cause is not null; cause = cause.InnerException)
        {
            yield return cause;
        }
    }

    private static string Line(Exception cause)
    {
        var line = Kubernetes.Api.KubeconfigFile.FirstLine(cause);
        return TypeName().IsMatch(line) ? NoWords : Advice().Replace(line, "").TrimEnd('.', ' ', ',');
    }

    /// <summary>The runtime's hint for programmers.</summary>
    [GeneratedRegex(@"[,.]? *see (the )?inner exception[^.]*\.?", RegexOptions.IgnoreCase)]
    private static partial Regex Advice();

    /// <summary>A name of code, such as <c>System.Text.Json.JsonElement</c>.</summary>
    [GeneratedRegex(@"\b(System|Microsoft|DeployGuard|k8s|YamlDotNet)\.[A-Z]|\w+Exception\b")]
    private static partial Regex TypeName();
}
