using DeployGuard.Core.Changes;
using DeployGuard.Core.Snapshots;
using static DeployGuard.Core.Tests.Shop;

namespace DeployGuard.Core.Tests;

/// <summary>What a requester is told where the running revision, v2, is unproven, so that v3 may not replace it.</summary>
public class UnprovenNowTests
{
    [Test]
    public void TheEarliestTimeIsNamed() =>
        Assert.That(
            RemedyAfter(Proven(V1), Running(c => c with { AvailableSince = Some.Now.AddMinutes(-4) })),
            Does.StartWith(
                $"Wait until the revision that deployment/web runs now is proven, at the earliest in 6m, at 12:06:00 UTC, "
                    + "or roll it back first: kubectl rollout undo deployment/web -n shop; then retry"
            )
        );

    [Test]
    public void TheSoakIsNamedWherePodsAreMissing() =>
        Assert.That(
            RemedyAfter(Proven(V1), Running(c => c)),
            Does.StartWith(
                "Wait until the revision that deployment/web runs now is proven, at the earliest 10m after all its pods are available, or roll"
            )
        );

    [Test]
    public void NobodyIsSentBackToAnotherUnprovenRevision()
    {
        var remedy = RemedyAfter(Some.Change(Web(20), Phase.Completed) with { Since = Some.Now.AddHours(-1) }, Running(c => c));

        Assert.That(remedy, Does.Contain("after all its pods are available; then retry"));
        Assert.That(remedy, Does.Not.Contain("undo").And.Not.Contain("back"));
    }

    /// <summary>An undo would lead to the revision between them.</summary>
    [Test]
    public void AnEarlierProvenRevisionIsToBeChosenFromTheHistory() =>
        Assert.That(
            RemedyAfter(
                Proven(V1) with
                {
                    Since = Some.Now.AddDays(-2),
                },
                Some.Change(Web(20, "registry.example.com/shop/web@sha256:" + new string('5', 64)), Phase.Completed) with
                {
                    Since = Some.Now.AddHours(-1),
                },
                Running(c => c)
            ),
            Does.Contain(", or first roll back to a revision that is proven (kubectl rollout history deployment/web -n shop); then retry")
        );

    /// <summary>Its users are others: there it would be judged like a new revision.</summary>
    [TestCase("Service web", false, true)]
    [TestCase("Service web", true, false, Description = "it served these users only as a trial")]
    [TestCase("Service other", false, false)]
    public void NobodyIsSentBackToWhatIsProvenForOtherUsersOnly(string pool, bool isTrial, bool isOffered) =>
        Assert.That(
            RemedyAfter(
                Proven(V1) with
                {
                    Served = [new ServedPool(pool, 20, Some.Now.AddMinutes(-5)) { WasOnlyUnproven = isTrial }],
                },
                Running(c => c)
            ),
            isOffered ? Does.Contain("kubectl rollout undo") : Does.Not.Contain("undo").And.Not.Contain("back")
        );

    [Test]
    public void AHelmUserGoesBackWithHelm() =>
        Assert.That(
            RemedyAfter(r => r with { FieldManager = "helm" }, Proven(V1), Running(c => c)),
            Does.Contain(
                ", or first go back to a revision that is proven: helm rollback RELEASE REVISION -n shop, with one of helm history RELEASE; then run the "
                    + "same helm command again"
            )
        );

    /// <summary>It is never proven before that.</summary>
    [Test]
    public void WhatABreakGlassAdmittedIsToBeReviewedFirst()
    {
        var running = Running(c =>
            c with
            {
                AvailableSince = Some.Now.AddMinutes(-4),
                BreakGlassUses = [new BreakGlassUse("web-1", "olga", Some.Now, null)],
            }
        );

        Assert.That(
            RemedyAfter(Proven(V1), running),
            Does.StartWith(
                "Have the break-glass of the revision that deployment/web runs now reviewed by another person: kubectl deployguard approve "
                    + $"{running.Name} -n shop. It is then proven, at the earliest in 6m, at 12:06:00 UTC; wait until then"
            )
        );
    }

    private static Change Proven(string image) => Some.Change(Web(20, image), Phase.Proven) with { Since = Some.Now.AddHours(-2) };

    private static Change Running(Func<Change, Change> with) =>
        with(Some.Change(Web(20, V2), Phase.Completed) with { Since = Some.Now.AddMinutes(-4) });

    private static string RemedyAfter(params Change[] changes) => RemedyAfter(r => r, changes);

    private static string RemedyAfter(Func<Core.Admission.WorkloadRequest, Core.Admission.WorkloadRequest> with, params Change[] changes)
    {
        var objects = (Empty with { Changes = [] }).Running(Web(20, V2), Phase.Completed, minutes: 4) with { Changes = [.. changes] };
        var left = objects.With(
            Some.Change(Web(20, V1), Phase.Proven) with
            {
                Workload = Web(20).Read().Ref with { Name = "former" },
                Served = [new ServedPool("Service web", 20, Some.Now.AddMinutes(-5))],
            }
        );
        var findings = left.Decide(with(Some.Update(Web(20, V2), Web(20, V3)))).Findings.Where(f => f.IsDenial).ToList();
        return findings.Single().Finding.Remedy;
    }
}
