using DeployGuard.Core.Identities;
using DeployGuard.Core.Workloads;
using DeployGuard.Webhook.Hosting;

namespace DeployGuard.Webhook.Tests;

/// <summary>The flags by which the chart configures trusted controllers and template noise.</summary>
public class CommandLineTests
{
    [Test]
    public async Task TheFlagsConfigureTheCluster()
    {
        var options =
            await ReadAsync(
                "--trusted-preset=keda",
                "--trusted-preset=argo-rollouts",
                "--workload-kind=rollouts.argoproj.io/Rollout=spec.template",
                "--restart-annotation=rollme",
                "--naming-label=example.com/build"
            ) ?? throw new AssertionException("it did not start");
        var trusted = options.Cluster.Trusted;
        Assert.Multiple(() =>
        {
            Assert.That(trusted.Autoscalers, Does.Contain("system:serviceaccount:keda:keda-operator"));
            Assert.That(
                trusted.MayTrust(new Requester("system:serviceaccount:argo-rollouts:argo-rollouts", "", []), "ReplicaSet"),
                Is.True
            );
            Assert.That(trusted.ByOwner.Single().Owner.Kind, Is.EqualTo("Rollout"));
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
    [TestCase("--trusted-controller=keda:keda=Scal")]
    [TestCase("--trusted-controller=keda:keda=Scale,pod")]
    [TestCase("--trusted-controller=keda:keda=Scale,")]
    [TestCase("--trusted-controller=keda:keda=Rollout")]
    [TestCase("--trusted-controller=keda:keda")]
    public async Task AnUnsafeFlagStopsTheStart(string flag) => Assert.That(await ReadAsync(flag), Is.Null);

    [TestCase("--trusted-controller=keda:keda=Scale,Job")]
    [TestCase(
        "--trusted-controller=a=Deployment,StatefulSet,DaemonSet,ReplicaSet,ReplicationController,Job,CronJob,Pod,ControllerRevision,Suspend"
    )]
    [TestCase("--trusted-controller=a=Rollout", "--workload-kind=rollouts.argoproj.io/Rollout=spec.template")]
    public async Task KindsThatAreEvaluatedCanBeTrusted(params string[] flags) => Assert.That(await ReadAsync(flags), Is.Not.Null);

    [Test]
    [NonParallelizable]
    public async Task AMisspelledKindIsAnsweredWithTheKnownKinds()
    {
        var (former, said) = (Console.Error, new StringWriter());
        Console.SetError(said);
        try
        {
            await ReadAsync("--trusted-controller=keda:keda=Scal", "--workload-kind=rollouts.argoproj.io/Rollout=spec.template");
        }
        finally
        {
            Console.SetError(former);
        }

        Assert.That(
            said.ToString(),
            Does.Contain(
                "--trusted-controller keda:keda=Scal: \"Scal\" is none of ControllerRevision, CronJob, DaemonSet, Deployment, "
                    + "Job, Pod, ReplicaSet, ReplicationController, Rollout, StatefulSet, Scale, Suspend."
            )
        );
    }

    [Test]
    public async Task TheNumberOfRestartAnnotationsIsLimited() =>
        Assert.That(
            await ReadAsync([.. Enumerable.Range(0, NoiseKey.MaxKeys + 1).Select(i => $"--restart-annotation=example.com/k{i}")]),
            Is.Null
        );

    /// <returns>Null where the program does not start.</returns>
    private static async Task<WebhookOptions?> ReadAsync(params string[] flags)
    {
        WebhookOptions? read = null;
        var exitCode = await CommandLine.RunAsync(
            flags,
            (options, _) =>
            {
                read = options;
                return Task.FromResult(0);
            }
        );
        Assert.That(exitCode, Is.EqualTo(read is null ? 2 : 0));
        return read;
    }
}
