using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Kubernetes.Cache;

/// <summary>What <c>kubectl get safeguardpolicies</c> shows of a policy beyond its spec. The leader keeps it in the status.</summary>
/// <param name="Namespaces">How many namespaces it matches; null if nobody counted them yet.</param>
/// <param name="EnforcedSince">Since when it was seen to enforce; null if it does not.</param>
internal sealed record PolicySummary(long? Namespaces, string? Budget, string? Freeze, string? Period, DateTimeOffset? EnforcedSince)
{
    public static readonly PolicySummary Empty = new(null, null, null, null, null);

    public static PolicySummary Read(JsonElement status) =>
        new(status.Number("namespaces"), status.Text("budget"), status.Text("freeze"), status.Text("period"), status.Time("enforcedSince"));

    /// <summary>How the policy stands now.</summary>
    /// <param name="since">Since when it was seen to enforce; null if it was not.</param>
    public static PolicySummary Of(SafeguardPolicy policy, int namespaces, DateTimeOffset? since, DateTimeOffset now)
    {
        var isOn = policy.Active.Contains(now);
        return new PolicySummary(
            namespaces,
            policy.Budget is { } budget ? $"{budget.MaxRollouts} per {budget.Per}" : null,
            policy.Freeze is { } freeze ? StateOf(freeze, policy.Active, isOn, now) : null,
            PeriodOf(policy.Active, isOn, now),
            policy.Mode is Mode.Enforce && isOn ? Later(since ?? now, policy.Active.From) : null
        );
    }

    public void Write(JsonObject status)
    {
        status["namespaces"] = Namespaces;
        JsonWriting.SetOrRemove(status, "budget", Budget ?? "");
        JsonWriting.SetOrRemove(status, "freeze", Freeze ?? "");
        JsonWriting.SetOrRemove(status, "period", Period ?? "");
        JsonWriting.SetOrRemove(status, "enforcedSince", EnforcedSince is { } since ? Rfc3339.Show(since) : "");
    }

    /// <summary>A policy that is as it was created enforces only from the start of its window.</summary>
    private static DateTimeOffset Later(DateTimeOffset since, DateTimeOffset? from) => from is { } start && start > since ? start : since;

    private static string StateOf(FreezeRules freeze, Window active, bool isOn, DateTimeOffset now) =>
        isOn ? "on"
        : active.From is { } from && now < from ? (now >= from - freeze.Announce ? "announced" : "planned")
        : "over";

    private static string PeriodOf(Window active, bool isOn, DateTimeOffset now) =>
        active switch
        {
            { From: null, Until: null } => "always",
            { From: { } from } when now < from => $"from {At(from)}",
            { Until: { } until } when !isOn => $"ended {At(until)}",
            { Until: { } until } => $"until {At(until)}",
            { From: { } from } => $"since {At(from)}",
            _ => throw new InvalidOperationException("a window without a limit is always open"),
        };

    private static string At(DateTimeOffset time) => $"{time.UtcDateTime:yyyy-MM-dd'T'HH:mm'Z'}";
}
