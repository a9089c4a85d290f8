using DeployGuard.Cluster.Records;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cluster.Tests;

/// <summary>Which steps a Change remembers to have held.</summary>
public class CanaryStatusTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 24, 0, 0, 0, TimeSpan.Zero);

    [TestCase(CanaryCovers.Images, "image-2", 0, Description = "another workload's, of the same images")]
    [TestCase(CanaryCovers.Images, "image-3", 1)]
    [TestCase(CanaryCovers.Template, "image-2", 1, Description = "another template, where that counts")]
    public void ARejectTakesBackWhatOthersHeldForTheSameRevision(CanaryCovers covers, string rejected, int held)
    {
        SafeguardPolicy policy = new() { Name = "canary", Canary = new CanaryRules { Steps = [5], Covers = covers } };

        var next = CanaryStatus.Next(Change("web", "image-2"), [], Unlatched.Of(Change("web", "image-2"), [Change("web-canary", rejected)], [policy]), s_now);

        Assert.That(next.Held, Has.Count.EqualTo(held));
    }

    [Test]
    public void WhatWasHeldStaysWhileNobodyRejects() =>
        Assert.That(CanaryStatus.Next(Change("web", "image-2"), [], new HashSet<string>(), s_now).Held.Single().Percent, Is.EqualTo(5));

    /// <summary>The way back to it stays open, for those whom it served; and its autoscaler may not come back to what it had.</summary>
    [Test]
    public void WhatCompletedAndIsReplacedKeepsWhomItServed()
    {
        var served = new Served("Service web", 10, s_now, IsPresent: true);
        var completed = Change("web", "image-2") with { Phase = Phase.Completed, Served = [served] };
        Served After(int minutes, Served known, params PoolStanding[] standings) =>
            CanaryStatus.Next(completed with { Served = [known] }, standings, new HashSet<string>(), s_now.AddMinutes(minutes)).Served.Single();

        var replaced = After(1, served, Standing(completed) with { IsCurrent = false });
        Assert.That(replaced, Is.EqualTo(new Served("Service web", 0, s_now.AddMinutes(1))));
        Assert.That(After(2, replaced), Is.EqualTo(replaced), "its pods are gone");
        Assert.That(After(3, replaced, Standing(completed)).Pods, Is.EqualTo(4), "it is back");
    }

    private static PoolStanding Standing(RecordedChange change) => new()
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

    private static RecordedChange Change(string workload, string image) => new()
    {
        Name = workload,
        Workload = new WorkloadRef("apps", "Deployment", "shop", workload),
        TemplateHash = $"v1:{workload}",
        Images = [image],
        Phase = Phase.Running,
        Held = [new HeldStep("canary", "Service web", 5, s_now)],
    };
}
