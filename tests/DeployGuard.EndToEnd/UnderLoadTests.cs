using DeployGuard.Rig;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>
/// Operations of the platform team while developers keep deploying: two replicas behind haproxy, failurePolicy Fail, a steady load of
/// writes through the API server. No request may fail. Heavy, so that it measures DeployGuard and not other tests.
/// </summary>
[Heavy]
public class UnderLoadTests : OwnCluster
{
    private Sandbox? _guarded;

    private Sandbox Guarded => _guarded ?? throw new InvalidOperationException("not started");

    protected override async Task PrepareAsync() => _guarded = await WithWebRunningAsync();

    [Test]
    public async Task RollingRestartLosesNoRequestAndReleasesTheLease()
    {
        await using var stream = new WriteLoad(Guarded);
        for (var i = 0; i < 2; i++)
        {
            await stream.WaitForWritesAsync();
            var (leader, holder) = (await LeaderAsync(), await HolderAsync());
            await Installation.ReplaceAsync(i);
            if (i == leader)
            {
                Assert.That(
                    await HolderAsync(),
                    Is.Not.EqualTo(holder),
                    "the former leader released its Lease, so the next does not wait 15 seconds"
                );
            }
        }

        await Wait.UntilAsync(LeadersAsync, leaders => leaders == 1, "a leader");
        await stream.WaitForWritesAsync();
        await stream.AssertNoFailuresAsync();
    }

    [Test]
    public async Task TheCertificateAndItsCaAreRenewedWithoutARestart()
    {
        await using var stream = new WriteLoad(Guarded);
        var first = await SecretAsync("tls.crt");

        await RequestRotationAsync("certificate");
        await Wait.UntilAsync(() => SecretAsync("tls.crt"), now => now != first, "another server certificate");
        var (second, ca) = (await SecretAsync("tls.crt"), await SecretAsync("ca.crt"));
        await RequestRotationAsync("ca");
        await Wait.UntilAsync(() => SecretAsync("ca.crt"), now => now != ca, "another CA beside the old one");
        await Wait.UntilAsync(
            () => SecretAsync("tls.crt"),
            now => now != second,
            "a server certificate that the new CA signed",
            seconds: 180
        );
        await EveryReplicaServesAsync(await SecretAsync("tls.crt"));

        await stream.WaitForWritesAsync();
        await stream.AssertNoFailuresAsync();
    }

    [Test]
    public async Task KilledLeaderLosesOnlyItsRequestsInFlight()
    {
        await using var stream = new WriteLoad(Guarded);
        await stream.WaitForWritesAsync();
        var leader = await LeaderAsync();
        Installation.Replicas[leader].Daemon.Kill();
        await stream.WaitForWritesAsync(80);
        await Wait.UntilAsync(
            () => Installation.Replicas[1 - leader].ReadAsync("deployguard_leader"),
            values => values is [1],
            "the other replica to lead"
        );
        await Installation.RestartAsync(leader);
        await stream.WaitForWritesAsync();

        await stream.StopAsync();
        Assert.That(stream.Wrong, Is.Empty);
        // Every writer may have lost one request that the killed replica was answering.
        Assert.That(stream.Failed, Has.Count.LessThanOrEqualTo(WriteLoad.Writers).And.All.Contains("failed calling webhook"));
        TestContext.Out.WriteLine($"{stream.Written} answered, {stream.Failed.Count} lost with the replica");
    }

    [Test]
    public async Task HangingLeaderIsReplaced()
    {
        await using var stream = new WriteLoad(Guarded);
        await stream.WaitForWritesAsync();
        var leader = await LeaderAsync();
        Installation.Replicas[leader].Daemon.Signal("STOP");

        try
        {
            await Wait.UntilAsync(
                () => Installation.Replicas[1 - leader].ReadAsync("deployguard_leader"),
                values => values is [1],
                "the other replica to lead"
            );
        }
        finally
        {
            Installation.Replicas[leader].Daemon.Signal("CONT");
        }

        await Wait.UntilAsync(LeadersAsync, leaders => leaders == 1, "one leader alone");
        await stream.WaitForWritesAsync();
        await stream.StopAsync();
        Assert.That(stream.Wrong, Is.Empty);
    }

    private static async Task<int> LeadersAsync()
    {
        var leaders = await Task.WhenAll(Installation.Replicas.Select(r => r.ReadAsync("deployguard_leader")));
        return leaders.Count(l => l is [1]);
    }

    private static async Task<int> LeaderAsync()
    {
        await Wait.UntilAsync(LeadersAsync, leaders => leaders == 1, "one leader");
        return await Installation.Replicas[0].ReadAsync("deployguard_leader") is [1] ? 0 : 1;
    }

    private static async Task<string> HolderAsync() =>
        (
            await TestCluster.Rig.Plane.KubectlAsync(
                "admin",
                "get",
                "lease",
                "deployguard-leader",
                "-n",
                "deployguard-system",
                "-o",
                "jsonpath={.spec.holderIdentity}"
            )
        )
            .OrFail()
            .Output;

    private static Task<Run> RequestRotationAsync(string what) =>
        TestCluster.Rig.Plane.KubectlAsync(
            "admin",
            "annotate",
            "secret",
            "deployguard-tls",
            "-n",
            "deployguard-system",
            "--overwrite",
            $"deployguard.io/rotate={what}"
        );

    private static async Task<string> SecretAsync(string key) =>
        (
            await TestCluster.Rig.Plane.KubectlAsync(
                "admin",
                "get",
                "secret",
                "deployguard-tls",
                "-n",
                "deployguard-system",
                "-o",
                $"jsonpath={{.data.{key.Replace(".", "\\.", StringComparison.Ordinal)}}}"
            )
        )
            .OrFail()
            .Output;

    /// <summary>Every replica serves it.</summary>
    private static async Task EveryReplicaServesAsync(string base64)
    {
        using var expected = System.Security.Cryptography.X509Certificates.X509Certificate2.CreateFromPem(
            System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(base64))
        );
        var end = new DateTimeOffset(expected.NotAfter).ToUnixTimeSeconds();
        foreach (var replica in Installation.Replicas)
        {
            await Wait.UntilAsync(
                () => replica.ReadAsync("deployguard_certificate_expiry_timestamp_seconds", "certificate=\"server\""),
                values => values.Count == 1 && (long)values[0] == end,
                "the replica to serve the new certificate"
            );
        }
    }
}
