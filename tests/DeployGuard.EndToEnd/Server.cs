using System.Text.Json.Nodes;
using NUnit.Framework.Constraints;

namespace DeployGuard.EndToEnd;

/// <summary>The features of the API server of this run, as it reports them: the tests run on Kubernetes 1.20 and 1.36.</summary>
internal static class Server
{
    /// <summary>Placeholder for <see cref="CronJobVersionAsync"/> in manifests that are built before a server runs.</summary>
    public const string CronJobToken = "batch/CRONJOB";

    public static Version Version => TestCluster.Rig.Tools.Kubernetes;

    /// <summary>Webhooks with matchConditions: on by default from 1.28 on. Older API servers drop them silently.</summary>
    public static bool HasMatchConditions => Version >= new Version(1, 28);

    /// <summary>A Deployment's status counts terminating pods: on by default from 1.35 on.</summary>
    public static bool CountsTerminating => Version >= new Version(1, 35);

    /// <summary>The apiVersion of CronJobs.</summary>
    public static async Task<string> CronJobVersionAsync() => await ServesAsync("apis/batch/v1", "cronjobs") ? "batch/v1" : "batch/v1beta1";

    /// <summary>The apiVersion of evictions.</summary>
    public static async Task<string> EvictionVersionAsync() =>
        await ServesAsync("apis/policy/v1", "poddisruptionbudgets") ? "policy/v1" : "policy/v1beta1";

    /// <summary>
    /// Skips the calling test, by name and with the reason, where the server lacks the tested feature. It is then reported as skipped
    /// and not as passed.
    /// </summary>
    /// <param name="what">The missing feature: <c>match conditions</c>.</param>
    public static void SkipIf(bool isMissing, string what)
    {
        if (isMissing)
        {
            var reason = $"Kubernetes {Version} has not: {what}";
            TestContext.Progress.WriteLine($"SKIPPED {TestContext.CurrentContext.Test.Name}: {reason}");
            Assert.Ignore(reason);
        }
    }

    /// <summary>Matches a message of the API server, whose wording depends on its version.</summary>
    /// <param name="words">One text, or those of older and newer servers with <c> | </c> in between.</param>
    public static Constraint SaysAnyOf(string words) =>
        words.Split(" | ").Select(Does.Contain).Aggregate<Constraint>((either, or) => either | or);

    /// <summary>Whether the server keeps a field of a created object: it drops fields of disabled feature gates silently.</summary>
    /// <param name="field">As kubectl's jsonpath: <c>{.spec.minReadySeconds}</c>.</param>
    public static async Task<bool> KeepsAsync(Sandbox where, JsonObject manifest, string field)
    {
        string[] dryRun =
        [
            "create",
            "-f",
            "-",
            "-n",
            where.Namespace,
            "--dry-run=server",
            "--validate=false",
            "-o",
            $"jsonpath=kept:{field}:kept",
        ];
        // Another name, because an object with this name may exist.
        manifest = manifest.DeepClone().AsObject();
        manifest["metadata"]!["name"] = "kept";
        var made = (await TestCluster.Rig.Plane.KubectlAsync("admin", manifest.ToJsonString(), dryRun)).OrFail();
        // The output may also hold warnings of DeployGuard.
        return !made.Output.Contains("kept::kept", StringComparison.Ordinal);
    }

    /// <summary>Whether discovery has a resource in this group and version.</summary>
    public static async Task<bool> ServesAsync(string groupVersion, string resource) =>
        await TestCluster.Rig.Plane.Api.FindAsync(groupVersion) is { } found
        && found.GetProperty("resources").EnumerateArray().Any(r => r.GetProperty("name").ValueEquals(resource));
}
