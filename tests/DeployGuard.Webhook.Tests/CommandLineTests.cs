using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;
using DeployGuard.Webhook.Hosting;

namespace DeployGuard.Webhook.Tests;

/// <summary>The flags by which the chart says what is trusted, and what is noise.</summary>
public class CommandLineTests
{
    [Test]
    public async Task WhatIsGivenIsWhatTheClusterIsReadBy()
    {
        var options = await ReadAsync("--trusted-preset=keda", "--trusted-preset=argo-rollouts", "--workload-kind=rollouts.argoproj.io/Rollout=spec.template", "--restart-annotation=rollme", "--naming-label=example.com/build")
            ?? throw new AssertionException("it did not start");
        var trusted = options.Cluster.Trusted;
        Assert.Multiple(() =>
        {
            Assert.That(trusted.Autoscalers, Does.Contain("system:serviceaccount:keda:keda-operator"));
            Assert.That(trusted.Trusts(new Requester("system:serviceaccount:argo-rollouts:argo-rollouts", "", []), "ReplicaSet"), Is.True);
            Assert.That(options.Cluster.Noise.Restarts, Does.Contain("rollme").And.Contain("kubectl.kubernetes.io/restartedAt"));
            Assert.That(options.Cluster.Noise.IsLabelNoise("example.com/build", isRead: false), Is.True);
        });
    }

    [TestCase("--trusted-preset=tekton")]
    [TestCase("--trusted-preset=nobody")]
    [TestCase("--trusted-preset=argo-rollouts")]
    [TestCase("--restart-annotation=sidecar.istio.io/proxyImage")]
    [TestCase("--restart-annotation=a=b")]
    [TestCase("--naming-label=app")]
    public async Task WhatIsNotSafeStopsTheStart(string flag) => Assert.That(await ReadAsync(flag), Is.Null);

    [Test]
    public async Task ThereIsALimit() =>
        Assert.That(await ReadAsync([.. Enumerable.Range(0, NoiseKey.MostKeys + 1).Select(i => $"--restart-annotation=example.com/k{i}")]), Is.Null);

    /// <returns>Null where the program does not start.</returns>
    private static async Task<WebhookOptions?> ReadAsync(params string[] flags)
    {
        WebhookOptions? read = null;
        var exitCode = await CommandLine.RunAsync(flags, (options, _) =>
        {
            read = options;
            return Task.FromResult(0);
        });
        Assert.That(exitCode, Is.EqualTo(read is null ? 2 : 0));
        return read;
    }
}
