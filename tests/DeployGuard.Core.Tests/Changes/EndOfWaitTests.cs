using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Identities;

namespace DeployGuard.Core.Tests;

/// <summary>When nobody waits for a requested revision any more.</summary>
public class EndOfWaitTests
{
    private static readonly System.Text.Json.Nodes.JsonObject s_deployment = Some.Deployment();
    private static readonly Requester s_dana = new("dana", "", []);

    private static readonly Change s_pending = new()
    {
        Name = "deployment-web-1",
        Workload = s_deployment.Read().Ref,
        TemplateHash = s_deployment.Read().Template.Hash,
        Phase = Phase.Pending,
        Requesters = ["dana"],
        Since = Some.Now.AddHours(-1),
        LastRequestedAt = Some.Now.AddHours(-1),
    };

    private static readonly Change s_newer = s_pending with
    {
        Name = "deployment-web-2",
        TemplateHash = "v2:other",
        Phase = Phase.Completed,
        CompletedAt = Some.Now.AddMinutes(-5),
        FirstRequestedAt = Some.Now.AddMinutes(-30),
    };

    [Test]
    public void ARequesterWithdrawsTheirRequest() =>
        Assert.That(
            EndOf(s_pending, Withdrawal(s_dana, minutesAgo: 10)),
            Is.EqualTo(new Transition(Phase.Withdrawn, "WithdrawnByRequester", "dana withdrew the request: wrong branch"))
        );

    [Test]
    public void NobodyElseWithdrawsIt() => Assert.That(EndOf(s_pending, Withdrawal(Some.Alice, minutesAgo: 10)), Is.Null);

    [Test]
    public void AnotherRequesterDoesNotEndItUnlessAllPeopleWithdrew()
    {
        var asked = s_pending with { Requesters = ["dana", "erin", "system:serviceaccount:ci:deployer"] };
        var erin = Withdrawal(new Requester("erin", "", []), minutesAgo: 10);

        Assert.That(EndOf(asked, erin), Is.Null);
        Assert.That(EndOf(asked, erin, Withdrawal(s_dana, minutesAgo: 5))?.Phase, Is.EqualTo(Phase.Withdrawn));
    }

    [Test]
    public void AnOldWithdrawalDoesNotCountForALaterRequestOfTheSamePerson()
    {
        var asked = s_pending with
        {
            Requesters = ["dana", "erin"],
            LastRequestedAt = Some.Now.AddMinutes(-10),
            LastRequests = new Dictionary<string, DateTimeOffset>
            {
                ["dana"] = Some.Now.AddMinutes(-10),
                ["erin"] = Some.Now.AddMinutes(-30),
            },
        };
        var erin = Withdrawal(new Requester("erin", "", []), minutesAgo: 5);

        Assert.That(EndOf(asked, Withdrawal(s_dana, minutesAgo: 20), erin), Is.Null);
        Assert.That(EndOf(asked, Withdrawal(s_dana, minutesAgo: 8), erin)?.Phase, Is.EqualTo(Phase.Withdrawn));
    }

    [TestCase(300, 700, Phase.Withdrawn, TestName = "{m}(withdrawn after the request)")]
    [TestCase(700, 300, null, TestName = "{m}(requested again after the withdrawal)")]
    public void WithinOneSecondTheStampDecides(int requested, int withdrawn, Phase? expected)
    {
        var second = Some.Now.AddMinutes(-10);
        var asked = AskedAt(second.AddMilliseconds(requested));
        var withdrawal = Withdrawal(s_dana, minutesAgo: 10) with { StampedAt = second.AddMilliseconds(withdrawn) };

        Assert.That(EndOf(asked, withdrawal)?.Phase, Is.EqualTo(expected));
    }

    [Test]
    public void AWithdrawalWithoutAStampDoesNotEndARequestOfTheSameSecond()
    {
        var asked = AskedAt(Some.Now.AddMinutes(-10).AddMilliseconds(1));

        Assert.That(EndOf(asked, Withdrawal(s_dana, minutesAgo: 10)), Is.Null);
        Assert.That(EndOf(asked, Withdrawal(s_dana, minutesAgo: 9))?.Phase, Is.EqualTo(Phase.Withdrawn));
    }

    [Test]
    public void AStampThatWasAlteredAfterwardsDoesNotCount()
    {
        var asked = AskedAt(Some.Now.AddMinutes(-8));
        var withdrawal = Withdrawal(s_dana, minutesAgo: 10) with { StampedAt = Some.Now };

        Assert.That(EndOf(asked, withdrawal), Is.Null);
    }

    private static Change AskedAt(DateTimeOffset at) =>
        s_pending with
        {
            LastRequestedAt = at,
            LastRequests = new Dictionary<string, DateTimeOffset> { ["dana"] = at },
        };

    [Test]
    public void ARolloutThatWasRequestedBeforeAndCompletesLaterDoesNotEndIt() =>
        Assert.That(EndOf(s_pending, [s_pending, s_newer with { FirstRequestedAt = Some.Now.AddHours(-2) }]), Is.Null);

    [Test]
    public void ALaterRequestOpensItAgain() =>
        Assert.That(EndOf(s_pending with { LastRequestedAt = Some.Now.AddMinutes(-1) }, Withdrawal(s_dana, minutesAgo: 10)), Is.Null);

    [TestCase(Phase.Pending, Phase.Withdrawn)]
    [TestCase(Phase.Rejected, Phase.Withdrawn)]
    [TestCase(Phase.Running, null)]
    [TestCase(Phase.Proven, null)]
    public void OnlyAWaitingChangeIsWithdrawn(Phase phase, Phase? expected) =>
        Assert.That(
            ChangeLifecycle
                .Next(
                    s_pending with
                    {
                        Phase = phase,
                    },
                    new Observation(s_pending.TemplateHash, true, false),
                    phase is Phase.Rejected ? Some.ApprovalOf(s_deployment, Some.Alice, Decision.Reject) : null,
                    PromotionCriteria.Time,
                    Some.Now,
                    new Transition(Phase.Withdrawn, "WithdrawnByRequester", "")
                )
                ?.Phase,
            Is.EqualTo(expected)
        );

    [Test]
    public void ANewerRevisionThatCompletesSupersedesIt() =>
        Assert.That(
            EndOf(s_pending with { Requesters = ["dana"] }, [s_pending, s_newer]),
            Is.EqualTo(new Transition(Phase.Expired, "Superseded", "deployment-web-2 was requested later and runs on all pods"))
        );

    [Test]
    public void ARevisionThatCompletedBeforeTheRequestDoesNot() =>
        Assert.That(EndOf(s_pending, [s_pending, s_newer with { Phase = Phase.Proven, CompletedAt = Some.Now.AddHours(-2) }]), Is.Null);

    [Test]
    public void WhatIsKnownOfAWithdrawnRevisionStays()
    {
        var withdrawn = s_pending with { Phase = Phase.Withdrawn, Since = Some.Now.AddDays(-29) };

        Assert.That(Retention.Expendable([withdrawn], s_newer.TemplateHash, 10, Some.Now), Is.Empty);
        Assert.That(Retention.Expendable([withdrawn], s_newer.TemplateHash, 10, Some.Now.AddDays(1)), Is.Not.Empty);
    }

    private static Approval Withdrawal(Requester by, int minutesAgo) =>
        Some.ApprovalOf(s_deployment, by, Decision.Withdraw) with
        {
            CreatedAt = Some.Now.AddMinutes(-minutesAgo),
            Reason = "wrong branch",
        };

    private static Transition? EndOf(Change change, params Approval[] votes) => ChangeLifecycle.EndOf(change, [change], votes);

    private static Transition? EndOf(Change change, IReadOnlyList<Change> siblings) => ChangeLifecycle.EndOf(change, siblings, []);
}
