using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

[Parallelizable(ParallelScope.All)]
public class MetricsTests
{
    [Test]
    public async Task ARefusalIsCountedAndADryRunIsNot()
    {
        var sandbox = await WithWebRunningAsync();
        await sandbox.KubectlAsync("dana", "set", "image", "deployment/web", "web=web:2", "--dry-run=server");
        Assert.That(await DeniedAsync(sandbox), Is.Empty);

        await sandbox.KubectlAsync("dana", "set", "image", "deployment/web", "web=web:2");

        // The exporter answers from a cache for 300 ms.
        await Rig.Wait.UntilAsync(
            () => DeniedAsync(sandbox),
            lines =>
                lines.Any(l =>
                    l.Contains("reason=\"ImageNotPinned\"", StringComparison.Ordinal)
                    && l.Contains("mode=\"Enforce\"", StringComparison.Ordinal)
                ),
            "the refusal to be counted"
        );
    }

    [Test]
    public async Task EveryReplicaReportsItsCachesInSync()
    {
        foreach (var replica in TestCluster.Rig.Installation?.Replicas ?? [])
        {
            var lines = (await replica.ScrapeAsync())
                .Split('\n')
                .Where(l => l.StartsWith("deployguard_cache_synced{", StringComparison.Ordinal))
                .ToList();
            Assert.That(lines, Has.All.EndsWith(" 1"));
            // Secrets are watched only once a policy names one, and another test may write such a policy.
            Assert.That(lines.Where(l => !l.Contains("resource=\"secrets\"", StringComparison.Ordinal)).ToList(), Has.Count.EqualTo(14));
        }
    }

    private static async Task<List<string>> DeniedAsync(Sandbox sandbox)
    {
        var lines = new List<string>();
        foreach (var replica in TestCluster.Rig.Installation?.Replicas ?? [])
        {
            lines.AddRange(
                (await replica.ScrapeAsync())
                    .Split('\n')
                    .Where(l =>
                        l.StartsWith("deployguard_rollouts_denied_total{", StringComparison.Ordinal)
                        && l.Contains($"namespace=\"{sandbox.Namespace}\"", StringComparison.Ordinal)
                        && l.Contains("policy=\"guarded\"", StringComparison.Ordinal)
                    )
            );
        }

        return lines;
    }
}
