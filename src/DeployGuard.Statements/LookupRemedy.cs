using DeployGuard.Registry.Lookups;
using DeployGuard.Registry.Transport;

namespace DeployGuard.Statements;

/// <summary>What helps where a registry could not be asked: to try again, if time is all that is missing; else who changes what.</summary>
public static class LookupRemedy
{
    private const string Persists = "If it persists, contact the platform team";

    /// <returns>Verb first, without a full stop at the end.</returns>
    public static string Of(Unavailable result) =>
        result.Cause switch
        {
            FailureCause.Timeout => $"Retry in a minute: the lookup goes on. {Persists}",
            FailureCause.ServerError
            or FailureCause.Network
            or FailureCause.CircuitOpen
            or FailureCause.TooBusy
            or FailureCause.RateLimited => $"Retry in {Pause(result.RetryAfter)}. {Persists}",
            FailureCause.Denied =>
                "Ask the platform team for a pullSecret of the registry that may read that repository. Many registries also "
                    + "deny access to a repository that is not there",
            FailureCause.NotListed => "Ask the platform team to add that registry to origin.registries of the policy",
            FailureCause.TokenHostNotListed => "Ask the platform team to add that host to tokenHosts of the registry in the policy",
            FailureCause.RedirectNotListed => "Ask the platform team to add that host to redirectHosts of the registry in the policy",
            FailureCause.Tls => "Ask the platform team to set caBundle of the registry in the policy, or plainHttp if it has no TLS",
            FailureCause.TooLarge or FailureCause.BadContent or FailureCause.Unexpected =>
                "Contact the platform team: the registry answers as none should, and a retry will not help",
            _ => throw new InvalidOperationException($"no remedy for {result.Cause}"),
        };

    private static string Pause(TimeSpan? asked) =>
        asked is { TotalMinutes: > 1 and var minutes } ? $"{Math.Ceiling(minutes):0} minutes" : "a minute";
}
