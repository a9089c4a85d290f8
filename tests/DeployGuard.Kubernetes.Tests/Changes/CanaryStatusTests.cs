using DeployGuard.Core.Changes;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Changes;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>Which completed steps a Change records.</summary>
public class CanaryStatusTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 24, 0, 0, 0, TimeSpan.Zero);

    [TestCase(CanaryCovers.Images, "image-2", 0, Description = "another workload's, of the same images")]
    [TestCase(CanaryCovers.Images, "image-3", 1)]
    [TestCase(CanaryCovers.Template, "image-2", 1, Description = "another template, where that counts")]
    public void RejectWithdrawsStepsThatOthersCompletedForTheSameRevision(CanaryCovers covers, string rejected, int held)
    {
        SafeguardPolicy policy = new()
        {
            Name = "canary",
            Canary = new CanaryRules { Steps = [5], Covers = covers },
        };

        var next = CanaryStatus.Next(
            Change("web", "image-2"),
            [],
            RevokedSteps.Of(Change("web", "image-2"), [Change("web-canary", rejected)], [policy]),
            s_now
        );

        Assert.That(next.Held, Has.Count.EqualTo(held));
    }

    [Test]
    public void CompletedStepsStayWithoutAReject() =>
        Assert.That(CanaryStatus.Next(Change("web", "image-2"), [], new HashSet<string>(), s_now).Held.Single().Percent, Is.EqualTo(5));

    /// <summary>A rollback to it stays possible for its former users; its autoscaler may not return to its former size.</summary>
    [Test]
    public void ReplacedRevisionKeepsItsServingRecords()
    {
        var served = new ServedPool("Service web", 10, s_now, IsPresent: true);
        var completed = Change("web", "image-2") with { Phase = Phase.Completed, Served = [served] };
        ServedPool After(int minutes, ServedPool known, params PoolStanding[] standings) =>
            CanaryStatus
                .Next(completed with { Served = [known] }, standings, new HashSet<string>(), s_now.AddMinutes(minutes))
                .Served.Single();

        var replaced = After(1, served, Standing(completed) with { IsCurrent = false });
        Assert.That(replaced, Is.EqualTo(new ServedPool("Service web", 0, s_now.AddMinutes(1))));
        Assert.That(After(2, replaced), Is.EqualTo(replaced), "its pods are gone");
        Assert.That(After(3, replaced, Standing(completed)).Pods, Is.EqualTo(4), "it is back");
    }

    /// <summary>A Deployment that only claims to be a canary of web has no users there: it has no former size to return to.</summary>
    [Test]
    public void ClaimedCanaryWithoutUsersHasNoServingRecord()
    {
        var completed = Change("fresh", "image-2") with { Phase = Phase.Completed };

        Assert.That(
            CanaryStatus.Next(completed, [Standing(completed) with { IsReached = false }], new HashSet<string>(), s_now).Served,
            Is.Empty
        );
    }

    [Test]
    public void RevisionServingBeforeItIsProvenIsOnTrialUntilItIsProvenHere()
    {
        var completed = Change("web", "image-2") with { Phase = Phase.Completed };
        bool WasOnlyUnproven(Change change, bool isProvenHere) =>
            CanaryStatus
                .Next(change, [Standing(change) with { IsProven = isProvenHere, Size = 6 }], new HashSet<string>(), s_now)
                .Served.Single(s => s.Pool == "Service web")
                .WasOnlyUnproven;
        var trial = CanaryStatus.Next(completed, [Standing(completed) with { Size = 6 }], new HashSet<string>(), s_now).Served.Single();

        Assert.That((trial.WasOnlyUnproven, trial.MaxPods), Is.EqualTo((true, 6)));
        Assert.That(
            WasOnlyUnproven(completed with { Phase = Phase.Proven, Served = [trial] }, isProvenHere: false),
            Is.True,
            "it is proven in another pool"
        );
        Assert.That(WasOnlyUnproven(completed with { Phase = Phase.Proven, Served = [trial] }, isProvenHere: true), Is.False);
    }

    /// <summary>
    /// A namespace's admin may create thousands of Services: the record must stay small enough to be written, and keeps the pools that it
    /// served first.
    /// </summary>
    [Test]
    public void RecordKeepsAHundredPools()
    {
        var proven = Change("web", "image-2") with
        {
            Phase = Phase.Proven,
            Served = [new ServedPool("Service web", 4, s_now, IsPresent: true), new ServedPool("Service gone", 0, s_now)],
        };
        var standings = Enumerable
            .Range(0, 150)
            .Select(i => Standing(proven) with { IsProven = true, Pool = $"Service s{i}" })
            .Prepend(Standing(proven) with { IsProven = true })
            .ToList();

        var next = CanaryStatus.Next(proven, standings, new HashSet<string>(), s_now);

        Assert.That(
            (next.Served.Count, next.Served[0].Pool, next.Served[1].Pool, next.Served[99].Pool),
            Is.EqualTo((100, "Service web", "Service gone", "Service s97"))
        );
        Assert.That(
            CanaryStatus.Next(proven with { Served = next.Served }, standings, new HashSet<string>(), s_now.AddMinutes(1)).Served,
            Is.EqualTo(next.Served),
            "nothing to write"
        );
        var deleted = CanaryStatus
            .Next(proven with { Served = next.Served }, [.. standings.Skip(1)], new HashSet<string>(), s_now.AddMinutes(1))
            .Served;
        Assert.That(
            (deleted.Count, deleted[0].Pool, deleted[0].IsPresent),
            Is.EqualTo((100, "Service web", false)),
            "a deleted Service is remembered, even if others are created"
        );
    }

    /// <summary>A Service that takes such an address later has its users.</summary>
    [Test]
    public void ReleasedServiceAddressesAreRememberedForAWhile()
    {
        var proven = Change("web", "image-2") with { Phase = Phase.Proven };
        Change After(int minutes, Change known, string addresses)
        {
            var next = CanaryStatus.Next(
                known,
                [Standing(proven) with { IsProven = true, Addresses = addresses }],
                new HashSet<string>(),
                s_now.AddMinutes(minutes)
            );
            return known with { Served = next.Served, GivenUp = next.GivenUp };
        }

        var at = After(0, proven, "10.0.0.7,node 30080,192.0.2.1");
        var once = After(1, at, "10.0.0.7,192.0.2.1");
        var twice = After(2, once, "10.0.0.7");
        Assert.That(once.GivenUp.Select(g => g.Addresses), Is.EqualTo(new[] { "node 30080" }));
        Assert.That(twice.GivenUp.Select(g => g.Addresses), Is.EqualTo(new[] { "192.0.2.1,node 30080" }));
        Assert.That(After(3, twice, "10.0.0.7").GivenUp, Is.EqualTo(twice.GivenUp), "nothing to write");
        Assert.That(
            After(3, twice, "10.0.0.7,node 30080").GivenUp.Select(g => g.Addresses),
            Is.EqualTo(new[] { "192.0.2.1" }),
            "it has one again"
        );
        Assert.That(After(1_500, twice, "10.0.0.7").GivenUp, Is.Empty, "long ago");
    }

    [Test]
    public void TooManyAddressesCountAsAllAddresses()
    {
        var proven = Change("web", "image-2") with
        {
            Phase = Phase.Proven,
            Served = [new ServedPool("Service web", 4, s_now, true) { Addresses = string.Join(',', Enumerable.Range(0, 65)) }],
        };
        var givenUp = CanaryStatus.Next(proven, [Standing(proven) with { IsProven = true }], new HashSet<string>(), s_now).GivenUp.Single();

        Assert.That(givenUp.Includes(["node 30080"]));
        Assert.That(givenUp.Includes([]), Is.False);
    }

    private static PoolStanding Standing(Change change) =>
        new()
        {
            Policy = "canary",
            Pool = "Service web",
            Workload = change.Workload,
            TemplateHash = change.TemplateHash,
            Images = change.Images,
            Owned = null,
            Pods = 4,
            IsProven = false,
            IsProving = true,
            Unproven = 4,
            Total = 10,
            Rules = new CanaryRules { Steps = [5] },
        };

    private static Change Change(string workload, string image) =>
        new()
        {
            Name = workload,
            Workload = new WorkloadRef("apps", "Deployment", "shop", workload),
            TemplateHash = $"v1:{workload}",
            Images = [image],
            Phase = Phase.Running,
            CompletedSteps = [new CompletedStep("canary", "Service web", 5, s_now)],
        };
}
