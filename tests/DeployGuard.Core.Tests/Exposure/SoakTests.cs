using DeployGuard.Core.Changes;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

/// <summary>The age of pods, events that break a soak, the record of serving pods, and rollouts in flight.</summary>
public class SoakTests
{
    private static readonly WorkloadRef s_web = new("apps", "Deployment", "shop", "web");
    private static readonly TimeSpan s_soak = TimeSpan.FromMinutes(10);

    [Test]
    public void AgeIsTimeSinceTheLatestOfReadinessStartAndCreation()
    {
        var pod = Pod(created: 60, ready: 30, started: 40);

        Assert.That(pod.Age(Some.Now), Is.EqualTo(TimeSpan.FromMinutes(30)));
        Assert.That((pod with { StartedAt = Ago(5) }).Age(Some.Now), Is.EqualTo(TimeSpan.FromMinutes(5)));
        Assert.That(
            (pod with { CreatedAt = Ago(4) }).Age(Some.Now),
            Is.EqualTo(TimeSpan.FromMinutes(4)),
            "a status cannot be older than its pod"
        );
    }

    [Test]
    public void PodThatIsNotReadyOrIsTerminatingHasNoAge()
    {
        Assert.That((Pod(60, 30, 30) with { ReadySince = null }).Age(Some.Now), Is.EqualTo(TimeSpan.Zero));
        Assert.That((Pod(60, 30, 30) with { IsDeleting = true }).Age(Some.Now), Is.EqualTo(TimeSpan.Zero));
        Assert.That(Pod(60, -5, 30).Age(Some.Now), Is.EqualTo(TimeSpan.Zero), "a node's clock that runs ahead");
    }

    [Test]
    public void RestartOrLostReadinessBreaksTheSoakAndADrainDoesNot()
    {
        Assert.That(Pod(60, 60, 60).InterruptionOf(s_soak, Some.Now), Is.Null);
        Assert.That(Pod(2, 2, 2).InterruptionOf(s_soak, Some.Now), Is.Null, "created within the soak: neutral");
        Assert.That((Pod(60, 60, 60) with { IsDeleting = true }).InterruptionOf(s_soak, Some.Now), Is.Null, "drained");
        Assert.That(Pod(60, 3, 60).InterruptionOf(s_soak, Some.Now), Is.EqualTo(new SoakInterruption(Ago(3), "lost its readiness")));
        Assert.That(
            (Pod(60, 2, 2) with { RestartedAt = Ago(2) }).InterruptionOf(s_soak, Some.Now),
            Is.EqualTo(new SoakInterruption(Ago(2), "restarted"))
        );
        Assert.That(
            (Pod(4, 1, 1) with { RestartedAt = Ago(1) }).InterruptionOf(s_soak, Some.Now),
            Is.EqualTo(new SoakInterruption(Ago(1), "restarted")),
            "also one that was created within it"
        );
        Assert.That((Pod(60, 30, 30) with { RestartedAt = Ago(30) }).InterruptionOf(s_soak, Some.Now), Is.Null, "before it");
    }

    [Test]
    public void MaximumOfServingPodsIsRemembered()
    {
        var hour = TimeSpan.FromHours(1);
        var served = new ServedPool("Service web", 20, Ago(500), IsPresent: true);

        Assert.That(served.Seeing(20, hour, Some.Now), Is.SameAs(served), "nothing to write");
        var shrunk = served.Seeing(5, hour, Some.Now);
        Assert.That(shrunk, Is.EqualTo(new ServedPool("Service web", 20, Some.Now)));
        Assert.That(shrunk.Seeing(0, hour, Some.Now.AddMinutes(59)).IsWithin(hour, Some.Now.AddMinutes(59)));
        Assert.That(shrunk.IsWithin(hour, Some.Now.AddMinutes(60)), Is.False);
        Assert.That(
            shrunk.Seeing(5, hour, Some.Now.AddMinutes(60)),
            Is.EqualTo(new ServedPool("Service web", 5, Some.Now.AddMinutes(60), IsPresent: true))
        );
        Assert.That(shrunk.Seeing(25, hour, Some.Now).Pods, Is.EqualTo(25));
    }

    [TestCase(Phase.Admitted, 0, false, false, true, Description = "just admitted")]
    [TestCase(Phase.Admitted, 1, false, false, false, Description = "dropped by the API server")]
    [TestCase(Phase.Admitted, 1, true, false, true, Description = "the leader is slow")]
    [TestCase(Phase.Running, 5, true, false, true)]
    [TestCase(Phase.Running, 5, true, true, false, Description = "complete, and the leader is slow")]
    [TestCase(Phase.Running, 59, false, false, true, Description = "a replica's cache is slow")]
    [TestCase(Phase.Running, 60, true, false, false, Description = "hangs")]
    [TestCase(Phase.Completed, 1, true, true, false)]
    [TestCase(Phase.Pending, 0, false, false, false)]
    public void RolloutIsInFlight(Phase phase, int minutes, bool runs, bool isComplete, bool holds)
    {
        var change = Change(phase, minutes);
        var live = new Observation(runs ? change.TemplateHash : "v1:other", true, isComplete);

        Assert.That(InFlight.Holds(change, live, isAtRest: false, TimeSpan.FromHours(1), Some.Now), Is.EqualTo(holds));
    }

    [Test]
    public void RolloutThatItsControllerHasNotStartedIsInFlight()
    {
        // The API server stores the new spec; the former revision is complete.
        var live = new Observation(Change(Phase.Admitted, 1).TemplateHash, IsObserved: false, IsComplete: false);

        Assert.That(InFlight.Holds(Change(Phase.Admitted, 1), live, isAtRest: false, TimeSpan.FromHours(1), Some.Now));
    }

    [Test]
    public void PausedRolloutIsNotInFlightAndAHangingOneIsReported()
    {
        var live = new Observation(Change(Phase.Running, 5).TemplateHash, true, false);

        Assert.That(InFlight.Holds(Change(Phase.Running, 5), live, isAtRest: true, TimeSpan.FromHours(1), Some.Now), Is.False);
        Assert.That(InFlight.IsHanging(Change(Phase.Running, 61), live, isAtRest: false, TimeSpan.FromHours(1), Some.Now));
        Assert.That(
            InFlight.Holds(
                Change(Phase.Running, 5) with
                {
                    Workload = s_web with { Kind = "CronJob" },
                },
                live,
                false,
                TimeSpan.FromHours(1),
                Some.Now
            ),
            Is.False
        );
    }

    [TestCase(20, 5, 1, 1)]
    [TestCase(20, 25, 6, 5)]
    [TestCase(20, 50, 20, 16)]
    [TestCase(3, 25, 1, 1)]
    [TestCase(3, 50, 3, 2)]
    public void NumberOfPodsOfAStep(int replicas, int percent, int beside, int soaking)
    {
        var step = EffectiveStep.All(new CanaryRules { Steps = [5, 25, 50] }, replicas).Single(s => s.Percent == percent);

        Assert.That((step.Beside, step.Soaking), Is.EqualTo((beside, soaking)));
    }

    /// <summary>
    /// Any method was allowed for the first revision. If it proved nothing, the pool would stay cold, and admit every later one.
    /// </summary>
    [TestCase(Phase.Completed, 60, 50)]
    [TestCase(Phase.Completed, 5, 0)]
    public void TheFirstRevisionBehindANewServiceProvesItselfByAnyMethod(Phase phase, int minutes, int held)
    {
        var policy = Accepting(RolloutMethod.Pace);
        var first = Shop.Empty.Running(Shop.Web(4), phase, minutes);

        Assert.That(HeldBy(first, policy, Shop.V1), Is.EqualTo(held));
    }

    /// <summary>One that was scaled down long ago keeps no pool warm, and so must not keep it from becoming warm again.</summary>
    [TestCase(20, 0)]
    [TestCase(0, 50)]
    public void WhereAProvenRevisionServesAnotherMethodProvesNothing(int provenPods, int held)
    {
        var policy = Accepting(RolloutMethod.Pace);
        var second = Shop.Empty.Running(Shop.Web(provenPods), Phase.Proven).Running(Shop.C(4), Phase.Completed);

        Assert.That(HeldBy(second, policy, Shop.V2), Is.EqualTo(held));
    }

    private static SafeguardPolicy Accepting(RolloutMethod method) =>
        Shop.Policy with
        {
            Canary = Shop.Policy.Canary is { } canary ? canary with { Accept = [method] } : throw new AssertionException("no canary"),
        };

    private static int HeldBy(NamespaceObjects objects, SafeguardPolicy policy, string image)
    {
        var snapshot = objects.ToSnapshot();
        var cluster = new ClusterSnapshot
        {
            Policies = [policy],
            Changes = objects.Changes,
            Namespace = snapshot,
        };
        return PoolStanding
            .Of(snapshot, cluster, Some.Now)
            .Single(s => s.Images.Any(i => i.Contains(image, StringComparison.Ordinal)))
            .HeldPercent;
    }

    private static Change Change(Phase phase, int minutes) =>
        new()
        {
            Name = "c",
            Workload = s_web,
            TemplateHash = "v1:this",
            Phase = phase,
            Since = Ago(minutes),
            LastRequestedAt = Ago(minutes),
        };

    private static LivePod Pod(int created, int ready, int started) =>
        new()
        {
            CreatedAt = Ago(created),
            ReadySince = Ago(ready),
            StartedAt = Ago(started),
        };

    private static DateTimeOffset Ago(int minutes) => Some.Now.AddMinutes(-minutes);
}
