using System.Text.Json.Nodes;
using NUnit.Framework.Constraints;

namespace DeployGuard.EndToEnd;

/// <summary>What the API server of this run has, as it says itself: the tests run on Kubernetes 1.20 as well as on 1.36.</summary>
internal static class Server
{
    /// <summary>Stands in a manifest for <see cref="CronJobVersionAsync"/> where it is written before there is a server to ask.</summary>
    public const string CronJobToken = "batch/CRONJOB";

    public static Version Version => TestCluster.Rig.Tools.Kubernetes;

    /// <summary>Webhooks with matchConditions: on by default from 1.28 on. Before, the API server drops them without a word.</summary>
    public static bool HasMatchConditions => Version >= new Version(1, 28);

    /// <summary>A Deployment's status counts pods that are on their way out: on by default from 1.35 on.</summary>
    public static bool CountsTerminating => Version >= new Version(1, 35);

    /// <summary>The apiVersion of CronJobs.</summary>
    public static async Task<string> CronJobVersionAsync() => await ServesAsync("apis/batch/v1", "cronjobs") ? "batch/v1" : "batch/v1beta1";

    /// <summary>The apiVersion in which evictions are asked for.</summary>
    public static async Task<string> EvictionVersionAsync() => await ServesAsync("apis/policy/v1", "poddisruptionbudgets") ? "policy/v1" : "policy/v1beta1";

    /// <summary>
    /// Skips the test that calls it, by name and with the reason, where the server cannot have what it is about. It is then told as skipped
    /// and not as passed.
    /// </summary>
    /// <param name="what">What is missing: <c>match conditions</c>.</param>
    public static void SkipIf(bool isMissing, string what)
    {
        if (isMissing)
        {
            var reason = $"Kubernetes {Version} has not: {what}";
            TestContext.Progress.WriteLine($"SKIPPED {TestContext.CurrentContext.Test.Name}: {reason}");
            Assert.Ignore(reason);
        }
    }

    /// <summary>That the API server itself says so, in its own words, which changed over the years.</summary>
    /// <param name="words">One text, or those of older and newer servers with <c> | </c> in between.</param>
    public static Constraint SaysAnyOf(string words) => words.Split(" | ").Select(Does.Contain).Aggregate<Constraint>((either, or) => either | or);

    /// <summary>Whether the server keeps a field of an object that is made: what its feature gates leave out, it drops without a word.</summary>
    /// <param name="field">As kubectl's jsonpath: <c>{.spec.minReadySeconds}</c>.</param>
    public static async Task<bool> KeepsAsync(Sandbox where, JsonObject manifest, string field)
    {
        string[] dryRun = ["create", "-f", "-", "-n", where.Namespace, "--dry-run=server", "--validate=false", "-o", $"jsonpath=kept:{field}:kept"];
        // Beside the one that may be there under its name.
        manifest = manifest.DeepClone().AsObject();
        manifest["metadata"]!["name"] = "kept";
        var made = (await TestCluster.Rig.Plane.KubectlAsync("admin", manifest.ToJsonString(), dryRun)).OrFail();
        // Our own warnings come beside it.
        return !made.Output.Contains("kept::kept", StringComparison.Ordinal);
    }

    /// <summary>Whether discovery has a resource in this group and version.</summary>
    public static async Task<bool> ServesAsync(string groupVersion, string resource) =>
        await TestCluster.Rig.Plane.Api.FindAsync(groupVersion) is { } found
        && found.GetProperty("resources").EnumerateArray().Any(r => r.GetProperty("name").ValueEquals(resource));
}
