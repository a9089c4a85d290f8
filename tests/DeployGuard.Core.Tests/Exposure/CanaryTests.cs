using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

/// <summary>
/// The worked cases of the exposure model, by their numbers: steps [5, 25, 50], soak 10m, pace {percent: 5, minReady: 10m}; web is 20 pods
/// of proven v1 behind Service web, c is web-canary on v2 behind the same Service.
/// </summary>
public class CanaryTests
{
    private const string V1 = "registry.example.com/shop/web@sha256:1111111111111111111111111111111111111111111111111111111111111111";
    private const string V2 = "registry.example.com/shop/web@sha256:2222222222222222222222222222222222222222222222222222222222222222";
    private const string V3 = "registry.example.com/shop/web@sha256:3333333333333333333333333333333333333333333333333333333333333333";

    private static readonly SafeguardPolicy s_policy = PolicyOf("Images");

    [Test]
    public void Case01_OneCanaryPodPasses() => Expect(Create(C(1)), Cluster(), allowed: true);

    [Test]
    public void Case02_TwoCanaryPodsAreTooMany() =>
        Expect(Create(C(2)), Cluster(), "2 of 22 pods (9%) behind Service web would be unproven; step 5% allows 1");

    [Test]
    public void Case03_SecondStepBeforeItsSoakIsRefused()
    {
        var cluster = Cluster(Running(C(1)), pods: Pods(C(1), TimeSpan.FromSeconds(599)));

        var finding = Expect(
            Scale(C(1), 6),
            cluster,
            "6 of 26 pods (23%) behind Service web would be unproven; step 5% allows 1; 1s of soak left"
        );
        Assert.That(
            finding.Remedy,
            Is.EqualTo("Wait 1s, until 12:00:01 UTC, then retry. To watch it: kubectl deployguard status deployment/web-canary -n shop")
        );
    }

    [TestCase(20, "Wait 1s, until 12:00:01 UTC, then scale to 6: kubectl scale deployment/web-canary -n shop --replicas=6. ", 6)]
    [TestCase(7, "Wait 1s, until 12:00:01 UTC, then scale to 6: kubectl scale deployment/web-canary -n shop --replicas=6. ", 6)]
    [TestCase(5, "Wait 1s, until 12:00:01 UTC, then retry. ", 5)]
    public void WhatPassesAfterTheWaitIsSaidAndPasses(int asked, string remedy, int passes)
    {
        var cluster = Cluster(Running(C(1)), pods: Pods(C(1), TimeSpan.FromSeconds(599)));
        bool IsAllowedLater(int replicas) => Some.Evaluator.Evaluate(Scale(C(1), replicas), cluster, Some.Now.AddSeconds(1)).IsAllowed;

        Assert.That(Expect(Scale(C(1), asked), cluster, "").Remedy, Does.StartWith(remedy));
        Assert.That(IsAllowedLater(passes), Is.True);
        Assert.That(IsAllowedLater(passes + 1), Is.EqualTo(passes < asked ? false : IsAllowedLater(asked + 1)));
    }

    [Test]
    public void WhatPassesNowAndWhatPassesLaterAreBothOffered()
    {
        var cluster = Cluster(Running(C(4), held: 5), pods: Pods(C(4), TimeSpan.FromMinutes(8)));

        Assert.That(
            Expect(Scale(C(4), 20), cluster, "20 of 40 pods").Remedy,
            Is.EqualTo(
                "Scale to 6 now: kubectl scale deployment/web-canary -n shop --replicas=6; or wait 2m, until 12:02:00 UTC, then retry"
            )
        );
    }

    [Test]
    public void ARepositoryIsToldTheNumberToSet()
    {
        var argo = Some.Machine;
        var soaking = Cluster(Running(C(1)), pods: Pods(C(1), TimeSpan.FromSeconds(599)));
        var soaked = Cluster(Running(C(1)), pods: Pods(C(1), TimeSpan.FromMinutes(10)));

        Assert.That(
            Expect(Scale(C(1), 20) with { Requester = argo }, soaking, "").Remedy,
            Does.StartWith("Wait 1s, until 12:00:01 UTC, then set spec.replicas to 6 in the repository. ")
        );
        Assert.That(
            Expect(Scale(C(1), 20) with { Requester = argo }, soaked, "").Remedy,
            Is.EqualTo("Set spec.replicas to 6 in the repository, then sync again")
        );
    }

    /// <summary>Waiting for it would not help: all users would have it by then.</summary>
    [Test]
    public void AThirdRevisionIsToldToRollTheUnprovenOneBackFirst()
    {
        var cluster = Cluster(web: 0, Running(Web(20, V2)));

        var remedy = Expect(Update(Web(20, V2), Web(20, V3)), With(cluster, Left()), "").Remedy;

        Assert.That(
            remedy,
            Does.StartWith(
                "Wait until the revision that deployment/web runs now is proven, at the earliest 10m after all its pods are available, or roll "
                    + "it back first: kubectl rollout undo deployment/web -n shop; then retry"
            )
        );
        Expect(Update(Web(20, V2), Web(20)), With(cluster, Left()), allowed: true);
    }

    /// <summary>A rollback does not wait: it goes to as many pods as its revision had, or to another revision.</summary>
    [TestCase("default")]
    [TestCase("all at once")]
    public void RefusedRollbackIsToldWhatPassesInstead(string strategy)
    {
        var (running, back) = (Web(20, V2), Web(20, V3));
        if (strategy == "all at once")
        {
            back.With("spec/strategy/rollingUpdate", """{"maxSurge": "100%", "maxUnavailable": 0}""");
        }

        var completed = Some.Change(back, Phase.Completed) with
        {
            CompletedPods = 4,
            Served = [new ServedPool("Service web", 4, Some.Now.AddDays(-1))],
        };
        var cluster = With(Cluster(web: 0, Running(Web(20, V2))), Left(), completed);

        var remedy = Expect(Update(running, back), cluster, "").Remedy;

        Assert.That(
            remedy,
            Is.EqualTo(
                "Roll back to a revision that is proven (kubectl rollout history deployment/web -n shop); or first scale to 4: kubectl scale "
                    + "deployment/web -n shop --replicas=4; then retry"
            )
        );
        Expect(Update(running, Web(20)), cluster, allowed: true);
        var smaller = With(Cluster(web: 0, Running(Web(4, V2))), Left(), completed);
        Expect(Update(Web(4, V2), back.With("spec/replicas", "4")), smaller, allowed: true);
    }

    /// <summary>v1, which web served on 20 pods until some minutes ago.</summary>
    private static Change Left() => Proven(Web(20)) with { Served = [new ServedPool("Service web", 20, Ago(5))] };

    private static ClusterSnapshot With(ClusterSnapshot cluster, params Change[] changes) =>
        cluster with
        {
            Changes = [.. cluster.Changes, .. changes],
            Namespace = cluster.Namespace is { } all ? all with { Changes = [.. all.Changes, .. changes] } : null,
        };

    [Test]
    public void Case04_SecondStepAfterItsSoakPasses() =>
        Expect(Scale(C(1), 6), Cluster(Running(C(1)), pods: Pods(C(1), TimeSpan.FromMinutes(10))), allowed: true);

    /// <summary>
    /// A ReplicaSet keeps its pods when its template changes. With the same images they would complete the step of a template that none
    /// of them runs.
    /// </summary>
    [TestCase("Template", 12, false)]
    [TestCase("Template", 10, true)]
    [TestCase("Images", 12, true)]
    public void PodsThatCannotRunTheTemplateCompleteNoStep(string covers, int podMinutes, bool allowed)
    {
        static RevisionPods Rewritten(RevisionPods pods) =>
            pods with
            {
                Seen = [.. pods.Seen.Select(g => g with { CanRunSince = Ago(11) })],
            };

        var cluster = Cluster(Running(C(1)), Pods(C(1), TimeSpan.FromMinutes(podMinutes)));
        var snapshot = cluster.Namespace ?? throw new InvalidOperationException("no namespace");
        var members = snapshot.Members.Select(m => m with { Pods = [.. m.Pods.Select(Rewritten)] });

        Expect(
            Scale(C(1), 6),
            cluster with
            {
                Policies = [PolicyOf(covers)],
                Namespace = snapshot with { Members = [.. members] },
            },
            allowed
                ? null
                : "6 of 26 pods (23%) behind Service web would be unproven; step 5% allows 1; no pod of this revision has served here for 10m"
        );
    }

    [Test]
    public void Case05_OneMoreThanTheStepAllowsIsRefused()
    {
        var finding = Expect(
            Scale(C(1), 7),
            Cluster(Running(C(1)), pods: Pods(C(1), TimeSpan.FromMinutes(10))),
            "7 of 27 pods (25%) behind Service web would be unproven; step 25% allows 6; step 25% (of 21 pods) needs 4 soaking "
                + "pods and has 1"
        );
        Assert.That(finding.Remedy, Is.EqualTo("Scale to 6 now: kubectl scale deployment/web-canary -n shop --replicas=6"));
    }

    [Test]
    public void Case06_DrainedPodDoesNotRestartTheSoak() =>
        Expect(
            Scale(C(6), 20),
            Cluster(Running(C(6)), pods: [.. Pods(C(5), TimeSpan.FromMinutes(10)), Pod(C(6), TimeSpan.FromMinutes(2))]),
            allowed: true
        );

    [Test]
    public void Case07_RestartedPodRestartsTheSoak() =>
        Expect(
            Scale(C(6), 20),
            Cluster(
                Running(C(6), held: 5),
                pods:
                [
                    .. Pods(C(5), TimeSpan.FromMinutes(10)),
                    Pod(C(6), TimeSpan.FromMinutes(20)) with
                    {
                        StartedAt = Ago(2),
                        RestartedAt = Ago(2),
                    },
                ]
            ),
            "20 of 40 pods (50%) behind Service web would be unproven; step 25% allows 10; a pod restarted 2m ago, 8m of soak left"
        );

    [Test]
    public void Case08_LatchedStepStaysCompleted() =>
        Expect(
            Scale(C(6), 20),
            Cluster(Running(C(6), held: 25), pods: [.. Pods(C(3), TimeSpan.FromMinutes(10)), Pod(C(6), TimeSpan.FromMinutes(1))]),
            allowed: true
        );

    [Test]
    public void Case09_ScalingDownTheProvenWorkloadWarns()
    {
        var cluster = Cluster(Running(C(6), held: 5));
        var verdict = Some.Decide(Scale(Web(20), 10), cluster);

        Assert.That(verdict.IsAllowed);
        Assert.That(
            verdict.Warnings.Single().Finding.Message,
            Does.StartWith("6 of 16 pods (37%) behind Service web would be unproven; step 25% allows 4")
        );
    }

    [Test]
    public void Case10_NextIncreaseAfterAScaleDownIsRefused() =>
        Expect(
            Scale(C(6), 7),
            Cluster(web: 10, others: Running(C(6), held: 5)),
            "7 of 17 pods (41%) behind Service web would be unproven; step 25% allows 4; no pod of this revision has served here for 10m"
        );

    /// <summary>Otherwise one pod of two would complete every step in one soak, and the pool could then be scaled up again.</summary>
    [Test]
    public void PoolScaledDownDuringASoakCountsAtItsFormerSize()
    {
        var pods = Pods(C(1), TimeSpan.FromMinutes(10));
        ClusterSnapshot WithServed(int served, int minutes) =>
            Cluster(1, pods, Running(C(1))) is { Namespace: { } snapshot } cluster
                ? cluster with
                {
                    Namespace = snapshot with
                    {
                        Changes =
                        [
                            .. snapshot.Changes.Select(c =>
                                c.Phase is Phase.Proven ? c with { Served = [new ServedPool("Service web", served, Ago(minutes))] } : c
                            ),
                        ],
                    },
                }
                : throw new InvalidOperationException("no namespace");

        Expect(
            Scale(C(1), 2),
            WithServed(20, 30),
            "2 of 3 pods (66%) behind Service web would be unproven; step 25% allows 1; step 25% (of 20 pods) needs 4 soaking "
                + "pods and has 1"
        );
        Expect(Scale(C(1), 2), WithServed(20, 90), allowed: true);
    }

    [Test]
    public void Case11_AfterAllStepsAnyStrategyPasses() =>
        Expect(Update(Web(20), Web(20, V2)), Cluster(Running(C(20), held: 50)), allowed: true);

    [Test]
    public void Case12_RolloutInPlaceOnePodAtATimePasses()
    {
        Expect(Update(Web(20), Paced(Web(20, V2))), Cluster(), allowed: true);

        Assert.That(
            Messages.WarningLines(Some.Decide(Update(Web(20), Paced(Web(20, V2))), Cluster())),
            Is.EqualTo(new[] { "tier-1: the rollout takes about 3h20m; Helm needs --timeout 3h25m" })
        );
    }

    [Test]
    public void Case13_RolloutInPlaceWithTheDefaultStrategyIsRefused()
    {
        var finding = Expect(
            Update(Web(20), Web(20, V2)),
            Cluster(),
            "20 of 20 pods (100%) behind Service web would be unproven, 10 at once; step 5% allows 1. "
                + "In place, policy allows 1 at once: maxSurge 25% and maxUnavailable 25% replace 10; minReadySeconds 0 is below 600"
        );
        Assert.That(
            finding.Remedy,
            Does.Contain(
                """kubectl patch deployment/web -n shop --type=merge -p '{"spec":{"minReadySeconds":600,"progressDeadlineSeconds":1200,"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1,"maxUnavailable":0}}}}'"""
            )
        );
        Assert.That(finding.Remedy, Does.EndWith("(the rollout then takes about 3h20m; Helm needs --timeout 3h25m)"));
    }

    [Test]
    public void Case14_QuarterOfThreePodsIsOne() => Expect(Update(Web(3), Timed(Web(3, V2))), Cluster(web: 3), allowed: true);

    [Test]
    public void Case15_FivePercentOfThirtyRoundsUp() =>
        Expect(
            Update(Web(30), Timed(Web(30, V2)).With("spec/strategy/rollingUpdate", """{"maxSurge": "5%", "maxUnavailable": 0}""")),
            Cluster(web: 30),
            allowed: true
        );

    [Test]
    public void Case16_RecreateOfOnePodPasses() => Expect(Update(Web(1), Recreated(Web(1, V2))), Cluster(web: 1), allowed: true);

    [Test]
    public void Case16_RecreateOfTwoPodsIsRefused() =>
        Expect(
            Update(Web(2), Recreated(Web(2, V2))),
            Cluster(web: 2),
            "2 of 2 pods (100%) behind Service web would be unproven, 2 at once; step 5% allows 1"
        );

    [TestCase(7, "3 of 10 pods (30%) behind Service web would be unproven; step 25% allows 2")]
    [TestCase(8, null)]
    public void Case17_StatefulSetPartition(int partition, string? refusal)
    {
        var rolling = new Member { Spec = Set(9, V2).Read(), Pods = [PodsOf(Set(9, V2), 1), PodsOf(Set(0, V1), 9)] };
        var cluster = Cluster(web: 0) with
        {
            Namespace = Serve([rolling], [Proven(Set(0, V1)), Recorded(Set(9, V2), Phase.Running, 5)], []),
            Changes = [Proven(Set(0, V1)), Recorded(Set(9, V2), Phase.Running, 5)],
        };

        Expect(Update(Set(9, V2), Set(partition, V2)), cluster, refusal);
    }

    [TestCase("2", "30 of 30 pods (100%) behind Service web would be unproven, 2 at once; step 5% allows 1")]
    [TestCase("\"5%\"", null)]
    public void Case18_DaemonSet(string maxUnavailable, string? refusal)
    {
        var before = Daemons(V1, "1");
        var cluster = Cluster(web: 0) with
        {
            Namespace = Serve([new Member { Spec = before.Read(), Pods = [PodsOf(before, 30)] }], [Proven(before)], []),
        };

        Expect(Update(before, Daemons(V2, maxUnavailable)), cluster, refusal);
    }

    [Test]
    public void Case19_ColdPool() => Expect(Create(Web(20)), Cluster(web: 0), allowed: true);

    [TestCase(
        20,
        "20 of 20 pods (100%) behind Service web would be unproven; step 5% allows 1; no pod of this revision has served here "
            + "for 10m. 20 proven pods served 4m ago, and none does now"
    )]
    [TestCase(1, null)]
    public void Case20_DeletedAndCreatedAgain(int replicas, string? refusal)
    {
        var deleted = Proven(Web(20)) with { Served = [new ServedPool("Service web", 20, Ago(4))] };

        Expect(Create(Web(replicas, V3)), Cluster(web: 0) with { Namespace = Serve([], [deleted], []), Changes = [deleted] }, refusal);
    }

    /// <summary>A later revision served too: of one that was replaced the time is known, and the number of its pods is not.</summary>
    [TestCase(20, "20 proven pods served 1m ago, and none does now")]
    [TestCase(0, "Up to 20 proven pods served until 1m ago, and none does now")]
    [TestCase(5, "Up to 20 proven pods served until 1m ago, and none does now")]
    public void TheLastProvenPodThatServedIsNotForgotten(int podsOfTheLater, string said)
    {
        Change[] deleted =
        [
            Proven(Web(20)) with
            {
                Served = [new ServedPool("Service web", 20, Ago(4))],
            },
            Proven(Web(20, V2)) with
            {
                Served = [new ServedPool("Service web", podsOfTheLater, Ago(1))],
            },
        ];

        var finding = Expect(
            Create(Web(20, V3)),
            Cluster(web: 0) with
            {
                Namespace = Serve([], [.. deleted], []),
                Changes = deleted,
            },
            "20 of 20 pods"
        );

        Assert.That(finding.Message, Does.Contain($". {said}"));
    }

    /// <summary>Pods that serve now are not said to have served at another time.</summary>
    [TestCase(8, false, ". They would replace 6 proven pods; 8 served 4m ago")]
    [TestCase(8, true, ". They would replace 8 proven pods")]
    [TestCase(6, false, null)]
    public void WhatIsReplacedAreThePodsOfNow(int most, bool isPresent, string? expected)
    {
        var served = Proven(Web(6)) with { Served = [new ServedPool("Service web", most, Ago(4), isPresent)] };
        var cluster = Cluster(web: 6) with { Namespace = Serve([Running(Web(6)).Member], [served], []), Changes = [served] };

        var finding = Expect(Update(Web(6), Web(6, V3)), cluster, "6 of ");

        Assert.That(finding.Message, expected is null ? Does.Not.Contain("They would replace") : Does.Contain($"{expected}. In place"));
    }

    [Test]
    public void ThePaceIsSummarisedWhereItIsAccepted() =>
        Assert.That(
            DeployGuard.Core.Safeguards.SafeguardList.Summarise(Some.Policy("""{"canary": {"steps": [5], "accept": ["Pool"]}}""")),
            Does.EndWith("canary 5% of 10m each")
        );

    [Test]
    public void Case20_PoolIsColdAnHourLater()
    {
        var deleted = Proven(Web(20)) with { Served = [new ServedPool("Service web", 20, Ago(60))] };

        Expect(Create(Web(20, V3)), Cluster(web: 0) with { Namespace = Serve([], [deleted], []), Changes = [deleted] }, allowed: true);
    }

    [Test]
    public void Case21_TwoCanariesAreSummed()
    {
        var finding = Expect(
            Create(Named("web-exp", 1, V3)),
            Cluster(Running(C(1))),
            "2 of 22 pods (9%) behind Service web would be unproven; step 5% allows 1"
        );
        Assert.That(
            finding.Message,
            Does.EndWith("Unproven: 1 of deployment/web-canary (web@sha256:22222222), 1 of deployment/web-exp (web@sha256:33333333)")
        );
    }

    [Test]
    public void PendingExposureOfOthersCountsUntilItIsObserved()
    {
        ClusterSnapshot With(ClusterSnapshot cluster, params PendingExposure[] pending) =>
            cluster with
            {
                Namespace = cluster.Namespace is { } snapshot ? snapshot with { PendingExposures = pending } : null,
            };
        PendingExposure Pending(JsonObject of, int pods, long? generation = null) =>
            new(s_policy.Name, "Service web", of.Read().Ref, of.Read().Template.Hash, PodsOf(of, pods).Images, pods, generation);
        var other = Named("web-exp", 1, V3);

        // Neither is observed yet: this is the second of two that are created at the same instant.
        var finding = Expect(
            Create(C(1)),
            With(Cluster(), Pending(other, 1)),
            "2 of 22 pods (9%) behind Service web would be unproven; step 5% allows 1"
        );
        Assert.That(
            finding.Message,
            Does.EndWith("Unproven: 1 of deployment/web-exp (web@sha256:33333333), 1 of deployment/web-canary (web@sha256:22222222)")
        );

        // Observed with the admitted pods: it is counted once.
        Expect(
            Create(C(1)),
            With(Cluster(Running(other)), Pending(other, 1)),
            "2 of 22 pods (9%) behind Service web would be unproven; step 5% allows 1"
        );

        // Observed without its Change: the two are watched separately, and without the Change the pods would not count.
        Expect(
            Create(C(1)),
            With(Cluster((Running(other).Member, Recorded(other, Phase.Pending, 0))), Pending(other, 1)),
            "2 of 22 pods (9%) behind Service web would be unproven; step 5% allows 1"
        );

        // Observed in its former size: three more pods are coming. After the write, or a later scale-down, the cluster gives the number.
        var observed = Running(C(1).With("metadata/generation", "4"), held: 25);
        Expect(
            Create(other),
            With(Cluster(observed), Pending(C(1), 4, generation: 4)),
            "5 of 25 pods (20%) behind Service web would be unproven; step 5% allows 1"
        );
        Expect(
            Create(other),
            With(Cluster(observed), Pending(C(1), 4, generation: 3)),
            "2 of 22 pods (9%) behind Service web would be unproven; step 5% allows 1"
        );

        // The requester's own earlier request does not count, nor one of another policy or pool.
        Expect(
            Create(C(1)),
            With(
                Cluster(),
                Pending(C(1), 1),
                Pending(other, 1) with
                {
                    Policy = "another",
                },
                Pending(other, 1) with
                {
                    Pool = "Service another",
                }
            ),
            allowed: true
        );
    }

    [Test]
    public void OnlyMoreExposureOfAnUnprovenRevisionIsReserved()
    {
        var (blue, green) = (Coloured("blue", V1), Coloured("green", V2).With("spec/replicas", "1"));
        var coloured = Cluster() with
        {
            Namespace = Serve([Running(blue).Member, Running(green).Member], [Proven(blue), Recorded(green, Phase.Completed, 0)], []),
        };

        Assert.That(
            Some.Requires(Create(C(1)), Cluster()),
            Is.EqualTo(new Requirements(RequiredReads.Votes, RequiredReservations.Exposure))
        );
        Assert.That(
            Some.Requires(Create(C(1)) with { DryRun = true }, Cluster()),
            Is.EqualTo(new Requirements(RequiredReads.Votes, RequiredReservations.None))
        );
        Assert.That(
            Some.Requires(Create(Web(20)), Cluster(web: 0)),
            Is.EqualTo(new Requirements(RequiredReads.Votes, RequiredReservations.Exposure)),
            "no step to share, and a Service may be switched to it"
        );
        Assert.That(
            Some.Requires(Scale(Web(20), 30), Cluster()),
            Is.EqualTo(new Requirements(RequiredReads.None, RequiredReservations.ExposureIfPossible)),
            "proven here: it matters only to a Service that is switched to it"
        );
        Assert.That(Some.Requires(Scale(C(6), 5), Cluster(Running(C(6), held: 25))), Is.EqualTo(Requirements.None), "fewer");
        Assert.That(Some.Requires(SwitchSelector("app", "web", "app", "web"), coloured), Is.EqualTo(Requirements.None));
        Assert.That(
            Some.Requires(SwitchSelector("colour", "blue", "app", "web"), coloured).Reservations,
            Is.EqualTo(RequiredReservations.Exposure),
            "a Service that selects one more workload"
        );

        var daemons = C(1).With("kind", "\"DaemonSet\"").With("spec/replicas", "null").With("spec/strategy", "null");
        Assert.That(
            Some.Requires(Create(daemons), Cluster()),
            Is.EqualTo(new Requirements(RequiredReads.Votes | RequiredReads.Nodes, RequiredReservations.ExposureIfPossible)),
            "the nodes were not counted yet"
        );
        var counted = Cluster() is { Namespace: { } snapshot } initial
            ? initial with
            {
                Namespace = snapshot with { Nodes = 1 },
            }
            : throw new InvalidOperationException("no namespace");
        Assert.That(Some.Decide(Create(daemons), counted).Exposes.Single().Pods, Is.EqualTo(1));
    }

    [Test]
    public void Case22_TightestPoolDecides()
    {
        var api = Named("api", 180, V1).With("spec/template/metadata/labels", """{"app": "api", "all": "yes"}""");
        var web = Web(20).With("spec/template/metadata/labels", """{"app": "web", "all": "yes"}""");
        var canary = C(2).With("spec/template/metadata/labels", """{"app": "web", "all": "yes", "track": "web-canary"}""");
        var snapshot = Serve([Running(api).Member, Running(web).Member], [Proven(api), Proven(web)], []) with
        {
            Services = [new Service("all", Labels("all", "yes"), false), new Service("web", Labels("app", "web"), false)],
        };

        Expect(
            Create(canary),
            Cluster() with
            {
                Namespace = snapshot,
            },
            "2 of 22 pods (9%) behind Service web would be unproven; step 5% allows 1"
        );
    }

    [TestCase("Template", "20 of 20 pods (100%) behind Service web would be unproven, 10 at once; step 5% allows 1")]
    [TestCase("Images", null)]
    public void Case23_EnvironmentChangeAlone(string covers, string? refusal) =>
        Expect(
            Update(Web(20), Web(20).With("spec/template/spec/containers/0/env", """[{"name": "A", "value": "1"}]""")),
            Cluster() with
            {
                Policies = [PolicyOf(covers)],
            },
            refusal
        );

    [Test]
    public void Case24_RestartPasses() =>
        Expect(
            Update(C(6), C(6).With("spec/template/metadata/annotations", """{"kubectl.kubernetes.io/restartedAt": "now"}""")),
            Cluster(Running(C(6))),
            allowed: true
        );

    [Test]
    public void Case24_RestartResetsTheAgeOfPods() =>
        Assert.That(
            Pod(C(1), TimeSpan.FromHours(1)) with { CreatedAt = Ago(1), ReadySince = Ago(1), StartedAt = Ago(1) } is var pod
                && pod.Age(Some.Now) == TimeSpan.FromMinutes(1)
        );

    [TestCase(
        Phase.Completed,
        "",
        "20 of 20 pods (100%) behind Service web would be unproven; step 5% allows 1; no pod of this revision has served here for 10m"
    )]
    [TestCase(
        Phase.Proven,
        "Deployment green",
        "20 of 20 pods (100%) behind Service web would be unproven; step 5% allows 1; no pod of this revision has served here for 10m"
    )]
    [TestCase(
        Phase.Proven,
        "",
        "20 of 20 pods (100%) behind Service web would be unproven",
        Description = "its pool is not recorded yet: it does not count here"
    )]
    [TestCase(Phase.Proven, "Service web", null)]
    public void Case25_SelectorSwitchedToGreen(Phase phase, string served, string? refusal)
    {
        var (blue, green) = (Coloured("blue", V1), Coloured("green", V2));
        var recorded = Recorded(green, phase, 0) with { Served = served.Length == 0 ? [] : [new ServedPool(served, 20, Ago(90))] };
        var snapshot = Serve([Running(blue).Member, Running(green).Member], [Proven(blue), recorded], []);

        Expect(SwitchSelector("colour", "blue", "colour", "green"), Cluster() with { Namespace = snapshot }, refusal);
    }

    [Test]
    public void Case25_RevisionProvenWithoutUsersJoinsWithOnePodAndStaysUnproven()
    {
        // Green joined the Service a moment ago, as its first step.
        var green = Named("green", 1, V2);
        var recorded = Proven(green) with { Served = [new ServedPool("Deployment green", 20, Ago(90))] };

        Expect(
            Scale(green, 6),
            Cluster((Running(green).Member, recorded)),
            "6 of 26 pods (23%) behind Service web would be unproven; step 5% allows 1"
        );
    }

    [Test]
    public void WorkloadJoiningItsFirstServiceStaysProven()
    {
        var recorded = Proven(Web(20)) with { Served = [new ServedPool("Deployment web", 20, Ago(90), IsPresent: true)] };
        var cluster = Cluster(web: 0) with { Changes = [recorded], Namespace = Serve([Running(Web(20)).Member], [recorded], []) };

        Expect(Scale(Web(20), 25), cluster, allowed: true);
        Expect(Update(Web(20), Web(20, V2)), cluster, "20 of 20 pods (100%) behind Service web would be unproven, 10 at once");
    }

    [Test]
    public void Case25_WorkloadAdmittedDuringAnOutageProvesNothingForOthers()
    {
        var unrecorded = Named("unrecorded", 1, V2);
        var cluster =
            Cluster() is var initial && initial.Namespace is { } snapshot
                ? initial with
                {
                    Namespace = snapshot with { Members = [.. snapshot.Members, Running(unrecorded).Member] },
                }
                : throw new InvalidOperationException("no namespace");

        Expect(
            Update(Web(20), Web(20, V2)),
            cluster,
            "20 of 21 pods (95%) behind Service web would be unproven, 10 at once; step 5% allows 1"
        );
        Expect(
            Scale(unrecorded, 6),
            cluster with
            {
                Changes = [],
            },
            "6 of 26 pods (23%) behind Service web would be unproven; step 5% allows 1"
        );
        Expect(Scale(Web(20), 25), cluster, allowed: true);
    }

    [Test]
    public void Case26_NewRevisionStartsWithNoCompletedStep() =>
        Expect(
            Update(C(10), C(10, V3)),
            Cluster(Running(C(10), held: 25)),
            "10 of 30 pods (33%) behind Service web would be unproven, 5 at once; step 5% allows 1"
        );

    [Test]
    public void Case27_CanaryOfOnePodMayChangeFreely() => Expect(Update(C(1), C(1, V3)), Cluster(Running(C(1))), allowed: true);

    [Test]
    public void VetoWithdrawsCompletedSteps()
    {
        var veto = Some.ApprovalOf(C(1), Some.Alice, Decision.Reject);
        var cluster = Cluster(Running(C(1), held: 25)) is var initial
            ? initial with
            {
                Namespace = initial.Namespace! with { Votes = [veto] },
            }
            : null;

        Expect(Scale(C(1), 6), cluster!, "6 of 26 pods (23%) behind Service web would be unproven; step 5% allows 1; alice rejected it");
    }

    [TestCase(
        true,
        "6 of 26 pods (23%) behind Service web would be unproven; step 5% allows 1; "
            + "system:serviceaccount:argocd:argocd-application-controller rejected it"
    )]
    [TestCase(false, null)]
    public void VetoOfAListedMonitorWithdrawsCompletedSteps(bool isListed, string? refusal)
    {
        var policy = s_policy with { Approval = s_policy.Approval! with { Monitors = isListed ? [Some.Machine.Username] : [] } };
        var cluster = Cluster(Running(C(1), held: 25)) is var initial
            ? initial with
            {
                Namespace = initial.Namespace! with { Votes = [Some.ApprovalOf(C(1), Some.Machine, Decision.Reject)] },
            }
            : null;

        Expect(Scale(C(1), 6), cluster! with { Policies = [policy] }, refusal);
    }

    [Test]
    public void WorkloadBehindNoServiceIsItsOwnPool() =>
        Expect(
            Update(Web(20), Web(20, V2)),
            Cluster() is var cluster ? cluster with { Namespace = cluster.Namespace! with { Services = [] } } : null!,
            "20 of 20 pods (100%) of Deployment web would be unproven, 10 at once"
        );

    [Test]
    public void CanaryThatNoUserReachesCompletesNoStep()
    {
        var unreached = C(1)
            .With("spec/template/metadata/labels", """{"app": "elsewhere"}""")
            .With("metadata/annotations", """{"deployguard.io/canary-of": "web"}""");
        var cluster = Cluster(Running(unreached), pods: Pods(unreached, TimeSpan.FromHours(1)));

        Expect(
            Scale(unreached, 6),
            cluster,
            "6 of 26 pods (23%) behind Service web would be unproven; step 5% allows 1; no pod of this revision has served here for 10m"
        );
    }

    [Test]
    public void CanaryWithoutAServiceCompletesStepsByRunning()
    {
        var worker = C(1)
            .With("spec/template/metadata/labels", """{"app": "worker"}""")
            .With("metadata/annotations", """{"deployguard.io/canary-of": "web"}""");
        var cluster = Cluster(Running(worker), pods: Pods(worker, TimeSpan.FromHours(1)));

        Expect(Scale(worker, 6), cluster with { Namespace = cluster.Namespace! with { Services = [] } }, allowed: true);
    }

    [Test]
    public void RolloutMethodThatThePolicyDoesNotAcceptDoesNotCount()
    {
        var policy = Some.Policy("""{"canary": {"steps": [5, 25, 50], "accept": ["StatefulSetPartition"]}}""");
        var cluster = Cluster(Running(C(1)), pods: Pods(C(1), TimeSpan.FromHours(1))) with { Policies = [policy] };

        Expect(Scale(C(1), 6), cluster, "6 of 26 pods (23%) behind Service web would be unproven; step 5% allows 1");
        Expect(Update(Web(20), Paced(Web(20, V2))), cluster, "21 of 21 pods (100%) behind Service web would be unproven");
    }

    [Test]
    public void ScaleUpDuringARolloutCountsTheShareOfTheNewRevision()
    {
        var v2 = Paced(Web(1, V2));
        var rolling = new Member { Spec = v2.Read(), Pods = [PodsOf(v2, 1), PodsOf(Web(1), 1)] };
        var cluster = Cluster(web: 0) with
        {
            Namespace = Serve([rolling], [Proven(Web(1)), Recorded(v2, Phase.Running, 0)], []),
            Changes = [Proven(Web(1)), Recorded(v2, Phase.Running, 0)],
        };

        Expect(Scale(v2, 20), cluster, "9 of 20 pods (45%) behind Service web would be unproven");
    }

    [Test]
    public void RevisionAdmittedDuringAnOutageCountsAsUnproven()
    {
        // The workload is recorded, but this revision is not: it was created while no replica answered.
        var cluster = Cluster(Running(C(3)));
        var unrecorded = cluster.Namespace! with
        {
            Changes = [.. cluster.Namespace!.Changes.Where(c => c.Workload.Name == "web"), Proven(C(3, V3)) with { Images = [] }],
        };

        Expect(
            Scale(C(3), 4),
            cluster with
            {
                Namespace = unrecorded,
                Changes = [],
            },
            "4 of 24 pods (16%) behind Service web would be unproven; step 5% allows 1"
        );
    }

    [Test]
    public void RolloutThatHasJustBegunCountsItsBatch()
    {
        // The API server stores v2 of web; its controller has not started the rollout.
        var started = new Member { Spec = Paced(Web(20, V2)).Read(), Pods = [PodsOf(Web(20), 20)] };
        var snapshot = Serve([started], [Proven(Web(20)), Recorded(Paced(Web(20, V2)), Phase.Admitted, 0)], []);

        Expect(
            Create(C(1, V3)),
            Cluster() with
            {
                Namespace = snapshot,
            },
            "2 of 21 pods (9%) behind Service web would be unproven; step 5% allows 1"
        );
    }

    [Test]
    public void ServiceWithoutASelectorOrWithAnExternalNameIsNoPool()
    {
        var cluster = Cluster() is var initial
            ? initial with
            {
                Namespace = initial.Namespace! with
                {
                    Services =
                    [
                        new Service("empty", new Dictionary<string, string>(), false),
                        new Service("elsewhere", Labels("app", "web"), true),
                    ],
                },
            }
            : null!;

        Expect(Update(Web(20), Web(20, V2)), cluster, "20 of 20 pods (100%) of Deployment web would be unproven");
    }

    [Test]
    public void PartitionAboveTheReplicasExposesNoUser()
    {
        var before = Set(0, V1);
        var cluster = Cluster(web: 0) with
        {
            Namespace = Serve([new Member { Spec = before.Read(), Pods = [PodsOf(before, 10)] }], [Proven(before)], []),
        };

        Expect(Update(before, Set(11, V2)), cluster, allowed: true);
        Expect(Update(before, Set(8, V2)), cluster, "2 of 10 pods (20%) behind Service web would be unproven; step 5% allows 1");
    }

    [Test]
    public void RequestedPodsThatAreNotReadyMakeNoRoom()
    {
        var inflated = Running(Web(1000)).Member with { Ready = 20 };
        var cluster = Cluster(web: 0) with { Changes = [Proven(Web(1000))], Namespace = Serve([inflated], [Proven(Web(1000))], []) };

        Expect(Create(C(2)), cluster, "2 of 22 pods (9%) behind Service web would be unproven; step 5% allows 1");
        Expect(
            Update(Web(1000), Timed(Web(1000, V2)).With("spec/strategy/rollingUpdate", """{"maxSurge": "5%", "maxUnavailable": 0}""")),
            cluster,
            "1000 of 1000 pods (100%) behind Service web would be unproven, 50 at once"
        );
    }

    [Test]
    public void StepIsCompletedByAShareOfTheServingPods()
    {
        // Two thousand pods are requested and twenty serve. The idle workload only claims to be a canary. Four fifths of a quarter of 26
        // pods are 5.
        var filler = Named("filler", 1000, V1)
            .With("spec/template/metadata/labels", """{"app": "elsewhere"}""")
            .With("metadata/annotations", """{"deployguard.io/canary-of": "web"}""");
        var inflated = Running(Web(2000)).Member with { Ready = 20 };
        IReadOnlyList<Change> changes = [Proven(Web(2000)), Proven(filler), Running(C(6), held: 5).Change];
        var cluster = Cluster(web: 0) with
        {
            Changes = changes,
            Namespace = Serve([inflated, Running(filler).Member, Running(C(6)).Member], changes, Pods(C(6), TimeSpan.FromMinutes(10))),
        };

        Expect(Scale(C(6), 20), cluster, allowed: true);
    }

    [TestCase(20, 25, null, Description = "an autoscaler, moments after the rollout: v2 already serves all users")]
    [TestCase(
        1,
        20,
        "20 of 20 pods (100%) behind Service web would be unproven; step 5% allows 1",
        Description = "changed small, and scaled up"
    )]
    [TestCase(10, 15, "15 of 20 pods (75%) behind Service web would be unproven; step 5% allows 1")]
    public void ScalingTheOnlyServingRevisionIsNoMoreExposure(int before, int after, string? refusal)
    {
        IReadOnlyList<Change> changes =
        [
            Proven(Web(20)) with
            {
                Served = [new ServedPool("Service web", 20, Ago(4))],
            },
            Recorded(Web(20, V2), Phase.Completed, 0),
        ];
        var cluster = Cluster(web: 0) with { Changes = changes, Namespace = Serve([Running(Web(before, V2)).Member], changes, []) };

        Expect(Scale(Web(before, V2), after), cluster, refusal);
        if (refusal is null)
        {
            var vetoed = cluster with
            {
                Namespace = cluster.Namespace is { } snapshot
                    ? snapshot with
                    {
                        Votes = [Some.ApprovalOf(Web(20, V2), Some.Alice, Decision.Reject)],
                    }
                    : null,
            };
            Expect(
                Scale(Web(before, V2), after),
                vetoed,
                "25 of 25 pods (100%) behind Service web would be unproven; step 5% allows 1; alice rejected it"
            );
        }
    }

    [Test]
    public void ServiceSwitchedToItsOwnBackendIsEvaluatedByIt()
    {
        var green = Coloured("green", V2);
        var deleted = Proven(Coloured("blue", V1)) with { Served = [new ServedPool("Service web", 20, Ago(4))] };
        var elsewhere = new Service("web", Labels("colour", "green"), IsExternalName: true);
        var request = new ServiceRequest(elsewhere, elsewhere with { IsExternalName = false })
        {
            Operation = Operation.Update,
            Requester = Some.Developer,
            Target = new WorkloadRef("", "Service", "shop", "web"),
        };

        Expect(
            request,
            Cluster(web: 0) with
            {
                Namespace = Serve([Running(green).Member], [deleted, Recorded(green, Phase.Proven, 0)], []),
            },
            "20 of 20 pods (100%) behind Service web would be unproven; step 5% allows 1"
        );
    }

    [Test]
    public void LargeIdleCanaryMakesNoRoomForAnother()
    {
        var filler = Named("filler", 1000, V1)
            .With("spec/template/metadata/labels", """{"app": "elsewhere"}""")
            .With("metadata/annotations", """{"deployguard.io/canary-of": "web"}""");

        Expect(
            Create(C(2)),
            Cluster((Running(filler).Member, Proven(filler))),
            "2 of 22 pods (9%) behind Service web would be unproven; step 5% allows 1"
        );
    }

    [Test]
    public void BrokenRevisionMayBeFixedAtItsOwnPace()
    {
        var broken = Running(Web(20)).Member with { Ready = 0 };
        var cluster = Cluster(web: 0) with { Changes = [Proven(Web(20))], Namespace = Serve([broken], [Proven(Web(20))], []) };

        Expect(Update(Web(20), Paced(Web(20, V2))), cluster, allowed: true);
    }

    [TestCase("tier-1", "15 of 20 pods (75%) behind Service web would be unproven; step 5% allows 1")]
    [TestCase("another", null)]
    public void RevisionOlderThanAPolicyIsNotLimitedByIt(string policy, string? refusal)
    {
        var runs = Recorded(Web(10), Phase.Completed, 0) with { Policies = [policy] };
        var deleted = Proven(Web(20, V3)) with { Served = [new ServedPool("Service web", 20, Ago(4))] };
        var cluster = Cluster(web: 0) with { Changes = [runs, deleted], Namespace = Serve([Running(Web(10)).Member], [runs, deleted], []) };

        Expect(Scale(Web(10), 15), cluster, refusal);
    }

    [Test]
    public void MessageSaysThatStaleDataWasUsed()
    {
        var cluster = Cluster() is var initial
            ? initial with
            {
                Namespace = initial.Namespace! with { Stale = "the API server did not list the pods in time" },
            }
            : null!;

        Assert.That(
            Expect(Create(C(2)), cluster, "2 of 22 pods (9%)").Message,
            Does.EndWith("Evaluated with older data, because the API server did not list the pods in time")
        );
    }

    [Test]
    public void Case34_RollbackMayReachItsFormerSize()
    {
        var v2 = Recorded(Web(1, V2), Phase.Completed, 0) with
        {
            CompletedPods = 1,
            Served = [new ServedPool("Service web", 1, Some.Now.AddDays(-1))],
        };
        var cluster = Cluster() is var initial
            ? initial with
            {
                Changes = [v2, Proven(Web(20))],
                Namespace = initial.Namespace! with { Changes = [v2, Proven(Web(20))] },
            }
            : null!;

        Expect(
            Update(Web(20), Web(20, V2)),
            cluster,
            "20 of 20 pods (100%) behind Service web would be unproven, 10 at once; step 5% allows 1"
        );
        Expect(Update(Web(1), Web(1, V2)), cluster, allowed: true);
    }

    [Test]
    public void JoiningAServiceByLabelsNamesTheAllowedReplicas()
    {
        var outside = Named("green", 10, V2).With("spec/template/metadata/labels", """{"app": "green"}""");
        var finding = Expect(
            Update(outside, Named("green", 10, V2)),
            Cluster(Running(outside)),
            "10 of 30 pods (33%) behind Service web would be unproven; step 5% allows 1"
        );

        Assert.That(finding.Remedy, Is.EqualTo("Scale to 1, then retry: kubectl scale deployment/green -n shop --replicas=1"));
    }

    [Test]
    public void NoPatchIsOfferedIfAnotherCanaryLeavesNoRoom() =>
        Assert.That(
            Expect(
                Update(Web(20), Web(20, V3)),
                Cluster(Running(C(1))),
                "21 of 21 pods (100%) behind Service web would be unproven, 10 at once; step 5% allows 1"
            ).Remedy,
            Is.EqualTo(
                "Wait until the canary of deployment/web-canary is complete, or scale it to 0: kubectl scale deployment/web-canary -n shop "
                    + "--replicas=0; then retry: the next answer says what is left to do. To watch it: kubectl deployguard status "
                    + "deployment/web-canary -n shop"
            )
        );

    [TestCase(0, "Add this to your manifest, or run it and retry: kubectl patch statefulset/web -n shop --type=merge -p '{SPEC}'")]
    [TestCase(9, "Add this to your manifest, which removes or changes it in the live object, then retry: {SPEC}")]
    public void StatefulSetIsOfferedThePartitionOfItsStep(int partition, string remedy)
    {
        var before = Set(partition, V1);
        var policy = Some.Policy("""{"canary": {"required": "Always", "steps": [5, 25], "accept": ["Pool", "StatefulSetPartition"]} }""");
        var cluster = Cluster(web: 0) with
        {
            Policies = [policy],
            Changes = [Proven(before)],
            Namespace = Serve([new Member { Spec = before.Read(), Pods = [PodsOf(before, 10)] }], [Proven(before)], []),
        };

        Assert.That(
            Expect(Update(before, Set(0, V2)), cluster, "10 of 10 pods (100%) behind Service web would be unproven").Remedy,
            Is.EqualTo(remedy.Replace("{SPEC}", """{"spec":{"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":9}}}}"""))
        );
    }

    [Test]
    public void PatchForASurgingDaemonSetKeepsSurging()
    {
        var before = Daemons(V1, "1");
        var cluster = Cluster(web: 0) with
        {
            Changes = [Proven(before)],
            Namespace = Serve([new Member { Spec = before.Read(), Pods = [PodsOf(before, 30)] }], [Proven(before)], []),
        };
        var surging = Daemons(V2, "0").With("spec/updateStrategy/rollingUpdate/maxSurge", "10");

        Assert.That(
            Expect(Update(before, surging), cluster, "30 of 30 pods (100%) behind Service web would be unproven, 10 at once").Remedy,
            Does.Contain(
                """{"spec":{"minReadySeconds":600,"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1,"maxUnavailable":0}}}}"""
            )
        );
    }

    [TestCase(10, 0, null, Description = "a batch, and nothing more")]
    [TestCase(13, 0, "4 of 13 pods (30%) behind Service web would be unproven")]
    [TestCase(13, 12, null, Description = "except for the pods below the partition")]
    public void NewOrdinalsOfAStatefulSetRunItsNewestRevision(int replicas, int partition, string? refusal)
    {
        var before = Timed(Set(partition, V1));
        var cluster = Cluster(web: 0) with
        {
            Changes = [Proven(before)],
            Namespace = Serve([new Member { Spec = before.Read(), Pods = [PodsOf(before, 10)] }], [Proven(before)], []),
        };

        Expect(Update(before, Timed(Set(partition, V2)).With("spec/replicas", $"{replicas}")), cluster, refusal);
    }

    [Test]
    public void NewOrdinalsDuringARolloutRunTheNewestRevision()
    {
        var v2 = Timed(Set(0, V2));
        IReadOnlyList<Change> changes = [Proven(Set(0, V1)), Recorded(v2, Phase.Running, 0)];
        var cluster = Cluster(web: 0) with
        {
            Changes = changes,
            Namespace = Serve([new Member { Spec = v2.Read(), Pods = [PodsOf(v2, 1), PodsOf(Set(0, V1), 9)] }], changes, []),
        };

        Expect(Scale(v2, 13), cluster, "4 of 13 pods (30%) behind Service web would be unproven");
    }

    [Test]
    public void ClaimToBeACanaryOfAMissingWorkloadHasNoEffect()
    {
        var claimant = Web(20).With("metadata/annotations", """{"deployguard.io/canary-of": "missing"}""");
        var cluster = Cluster(web: 0) with { Namespace = Serve([Running(claimant).Member], [Proven(claimant)], []) with { Services = [] } };

        Expect(
            Update(claimant, Web(20, V2).With("metadata/annotations", """{"deployguard.io/canary-of": "missing"}""")),
            cluster,
            "20 of 20 pods (100%) of Deployment web would be unproven"
        );
    }

    [Test]
    public void ClaimingToBeACanaryDoesNotBlockTheProvenRevision()
    {
        var claimant = C(5)
            .With("spec/template/metadata/labels", """{"app": "elsewhere"}""")
            .With("metadata/annotations", """{"deployguard.io/canary-of": "web"}""");
        var deleted = Proven(Web(20)) with { Served = [new ServedPool("Service web", 20, Ago(4))] };
        IReadOnlyList<Change> changes = [deleted, Running(claimant).Change];

        Expect(
            Create(Web(20)),
            Cluster(web: 0) with
            {
                Changes = [deleted],
                Namespace = Serve([Running(claimant).Member], changes, []),
            },
            allowed: true
        );
    }

    [Test]
    public void ChangeWithScaleToZeroRaisesNoExposure() =>
        Expect(Update(Web(1), Paced(Web(0, V3))), Cluster(web: 1, others: Running(C(6))), allowed: true);

    [TestCase(
        false,
        "7 of 27 pods (25%) behind Service web would be unproven; step 5% allows 1",
        Description = "three unproven pods in a moment, whatever runs now"
    )]
    [TestCase(
        true,
        "5 of 27 pods (18%) behind Service web would be unproven; step 5% allows 1",
        Description = "one, and the next after minReadySeconds"
    )]
    public void RolloutWithoutPaceCountsAsAWhole(bool isTimed, string refusal)
    {
        // One of three pods was replaced so far, one at a time.
        var started = Named("small", 3, V2).With("spec/strategy/rollingUpdate", """{"maxSurge": 1, "maxUnavailable": 0}""");
        started = isTimed ? Timed(started) : started;
        var rolling = new Member { Spec = started.Read(), Pods = [PodsOf(started, 1), PodsOf(Named("small", 3, V1), 2)] };

        Expect(Create(C(4, V3)), Cluster((rolling, Recorded(started, Phase.Running, 0))), refusal);
    }

    [Test]
    public void CanaryThatIsBrieflyAloneCompletesNoStep()
    {
        // A force replacement deletes web and creates it again: meanwhile one canary pod is the whole pool.
        var deleted = Proven(Web(20)) with
        {
            Served = [new ServedPool("Service web", 20, Ago(1))],
        };
        IReadOnlyList<Change> changes = [deleted, Running(C(1)).Change];
        var cluster = Cluster(web: 0) with
        {
            Changes = [deleted],
            Namespace = Serve([Running(C(1)).Member], changes, Pods(C(1), TimeSpan.FromHours(1))),
        };

        Expect(Create(Web(20, V2)), cluster, "21 of 21 pods (100%) behind Service web would be unproven; step 25% allows 5");
        Assert.That(
            PoolStanding.Of(cluster.Namespace!, cluster, Some.Now).Single(s => s.Workload.Name == "web-canary").HeldPercent,
            Is.EqualTo(5),
            "no further step is latched"
        );
    }

    [Test]
    public void StatefulSetBatchIsLimitedToItsReplicas()
    {
        var before = Timed(Set(0, V1)).With("spec/replicas", "4");
        IReadOnlyList<Change> changes = [Proven(before), Recorded(Set(0, V2), Phase.Completed, 50)];
        var cluster = Cluster(web: 0) with
        {
            Changes = [Proven(before)],
            Namespace = Serve([new Member { Spec = before.Read(), Pods = [PodsOf(before, 4)] }], changes, []),
        };

        Expect(Update(before, Timed(Set(0, V2)).With("spec/updateStrategy/rollingUpdate/maxUnavailable", "8")), cluster, allowed: true);
    }

    /// <summary>The columns k, T, U and cap of the tightest pool, for allowed and refused requests.</summary>
    [TestCaseSource(nameof(Numbers))]
    public void NumbersMatchTheModel(Request request, ClusterSnapshot cluster, (int Held, int Total, int Unproven, int Cap) expected)
    {
        var evaluated = new Inspection(Some.Decide(request, cluster).Evaluated, cluster.Policies.Single(), cluster, Some.Now)
            .Exposed.OrderBy(e => e.Cap)
            .First();

        Assert.That((evaluated.Held.Steps, evaluated.Total, evaluated.Unproven, evaluated.Cap), Is.EqualTo(expected));
    }

    private static IEnumerable<TestCaseData> Numbers()
    {
        var ten = TimeSpan.FromMinutes(10);
        IReadOnlyList<LivePod> drained = [.. Pods(C(5), ten), Pod(C(6), TimeSpan.FromMinutes(2))];
        IReadOnlyList<LivePod> restarted =
        [
            .. Pods(C(5), ten),
            Pod(C(6), TimeSpan.FromMinutes(20)) with
            {
                StartedAt = Ago(2),
                RestartedAt = Ago(2),
            },
        ];
        yield return Row("01", Create(C(1)), Cluster(), (0, 21, 1, 1));
        yield return Row("02", Create(C(2)), Cluster(), (0, 22, 2, 1));
        yield return Row("03", Scale(C(1), 6), Cluster(Running(C(1)), pods: Pods(C(1), TimeSpan.FromSeconds(599))), (0, 26, 6, 1));
        yield return Row("04", Scale(C(1), 6), Cluster(Running(C(1)), pods: Pods(C(1), ten)), (1, 26, 6, 6));
        yield return Row("05", Scale(C(1), 7), Cluster(Running(C(1)), pods: Pods(C(1), ten)), (1, 27, 7, 6));
        yield return Row("06", Scale(C(6), 20), Cluster(Running(C(6)), pods: drained), (2, 40, 20, 20));
        yield return Row("07", Scale(C(6), 20), Cluster(Running(C(6), held: 5), pods: restarted), (1, 40, 20, 10));
        yield return Row(
            "08",
            Scale(C(6), 20),
            Cluster(Running(C(6), held: 25), pods: [.. Pods(C(3), ten), Pod(C(6), TimeSpan.FromMinutes(1))]),
            (2, 40, 20, 20)
        );
        yield return Row("09", Scale(Web(20), 10), Cluster(Running(C(6), held: 5)), (1, 16, 6, 4));
        yield return Row("10", Scale(C(6), 7), Cluster(web: 10, others: Running(C(6), held: 5)), (1, 17, 7, 4));
        yield return Row("11", Update(Web(20), Web(20, V2)), Cluster(Running(C(20), held: 50)), (3, 40, 40, 40));
        yield return Row("12", Update(Web(20), Paced(Web(20, V2))), Cluster(), (0, 20, 1, 1));
        yield return Row("13", Update(Web(20), Web(20, V2)), Cluster(), (0, 20, 20, 1));
        yield return Row("14", Update(Web(3), Timed(Web(3, V2))), Cluster(web: 3), (0, 3, 1, 1));
        yield return Row(
            "15",
            Update(Web(30), Timed(Web(30, V2)).With("spec/strategy/rollingUpdate", """{"maxSurge": "5%", "maxUnavailable": 0}""")),
            Cluster(web: 30),
            (0, 30, 2, 1)
        );
        yield return Row("16a", Update(Web(1), Recreated(Web(1, V2))), Cluster(web: 1), (0, 1, 1, 1));
        yield return Row("16b", Update(Web(2), Recreated(Web(2, V2))), Cluster(web: 2), (0, 2, 2, 1));
        yield return Row("19", Create(Web(20)), Cluster(web: 0), (0, 20, 20, 1));
        yield return Row("21", Create(Named("web-exp", 1, V3)), Cluster(Running(C(1))), (0, 22, 2, 1));
        yield return Row(
            "23",
            Update(Web(20), Web(20).With("spec/template/spec/containers/0/env", """[{"name": "A", "value": "1"}]""")),
            Cluster() with
            {
                Policies = [PolicyOf("Template")],
            },
            (0, 20, 20, 1)
        );
        yield return Row("26", Update(C(10), C(10, V3)), Cluster(Running(C(10), held: 25)), (0, 30, 10, 1));
        yield return Row("27", Update(C(1), C(1, V3)), Cluster(Running(C(1))), (0, 21, 1, 1));

        static TestCaseData Row(string number, Request request, ClusterSnapshot cluster, (int, int, int, int) expected) =>
            new TestCaseData(request, cluster, expected).SetArgDisplayNames($"row {number}");
    }

    private static ServiceRequest SwitchSelector(string key, string value, string newKey, string newValue) =>
        new(new Service("web", Labels(key, value), false), new Service("web", Labels(newKey, newValue), false))
        {
            Operation = Operation.Update,
            Requester = Some.Developer,
            Target = new WorkloadRef("", "Service", "shop", "web"),
        };

    private static Finding Expect(Request request, ClusterSnapshot cluster, string? refusal)
    {
        var findings = Some.Decide(request, cluster).Findings.Where(f => f.IsDenial).Select(f => f.Finding).ToList();
        if (refusal is null)
        {
            Assert.That(findings.Select(f => f.Message), Is.Empty);
            return new Finding(Reasons.EvaluationIncomplete, "", "", "");
        }

        Assert.That(findings.Select(f => f.Message), Has.One.StartsWith(refusal));
        return findings.Single();
    }

    private static void Expect(Request request, ClusterSnapshot cluster, bool allowed) => Expect(request, cluster, allowed ? null : "");

    private static SafeguardPolicy PolicyOf(string covers) =>
        Some.Policy(
            $$"""
            {"approval": {"required": "Never", "quorum": [{"groups": ["senior-engineers"]}]}, "canary": {"covers": "{{covers}}", "steps": [5, 25, 50], "soak": "10m", "pace": {"percent": 5, "minReady": "10m"} } }
            """
        );

    private static ClusterSnapshot Cluster(params (Member Member, Change Change)[] others) => Cluster(20, null, others);

    private static ClusterSnapshot Cluster((Member Member, Change Change) other, IReadOnlyList<LivePod> pods) => Cluster(20, pods, other);

    private static ClusterSnapshot Cluster(int web, (Member Member, Change Change) others) => Cluster(web, null, others);

    private static ClusterSnapshot Cluster(int web, IReadOnlyList<LivePod>? pods = null, params (Member Member, Change Change)[] others)
    {
        List<(Member Member, Change Change)> all =
        [
            .. web == 0 ? [] : ((Member, Change)[])[(Running(Web(web)).Member, Proven(Web(web)))],
            .. others,
        ];
        return new ClusterSnapshot
        {
            Policies = [s_policy],
            Changes = [.. all.Select(a => a.Change)],
            Namespace = Serve([.. all.Select(a => a.Member)], [.. all.Select(a => a.Change)], pods ?? []),
        };
    }

    private static NamespaceSnapshot Serve(IReadOnlyList<Member> members, IReadOnlyList<Change> changes, IReadOnlyList<LivePod> pods) =>
        new()
        {
            Services = [new Service("web", Labels("app", "web"), false)],
            Members = [.. members.Select(m => m.Seeing(pods))],
            Changes = changes,
        };

    private static (Member Member, Change Change) Running(JsonObject workload, int held = 0) =>
        (
            new Member { Spec = workload.Read(), Pods = [PodsOf(workload, workload.Read().Replicas)] },
            Recorded(workload, Phase.Completed, held)
        );

    private static RevisionPods PodsOf(JsonObject workload, int pods) =>
        new(workload.Read().Template.Hash, null, workload.Read().Template.ImageNames, pods);

    private static Change Proven(JsonObject workload) => Some.Change(workload, Phase.Proven);

    private static Change Recorded(JsonObject workload, Phase phase, int held) =>
        Some.Change(workload, phase) with
        {
            CompletedSteps = held == 0 ? [] : [new CompletedStep("tier-1", "Service web", held, Ago(30))],
        };

    private static List<LivePod> Pods(JsonObject workload, TimeSpan age) =>
        [.. Enumerable.Range(0, workload.Read().Replicas).Select(_ => Pod(workload, age))];

    private static LivePod Pod(JsonObject workload, TimeSpan age) =>
        new()
        {
            Name = Some.NameOf(workload.Read()),
            CreatedAt = Some.Now - age,
            ReadySince = Some.Now - age,
            StartedAt = Some.Now - age,
        };

    private static DateTimeOffset Ago(int minutes) => Some.Now.AddMinutes(-minutes);

    private static WorkloadRequest Create(JsonObject after) => Some.Create(after);

    private static WorkloadRequest Update(JsonObject before, JsonObject after) => Some.Update(before, after);

    private static WorkloadRequest Scale(JsonObject before, int replicas)
    {
        var after = before.DeepClone().AsObject().With("spec/replicas", $"{replicas}");
        return Some.Update(before, after);
    }

    private static JsonObject Web(int replicas, string image = V1) => Named("web", replicas, image);

    private static JsonObject C(int replicas, string image = V2) => Named("web-canary", replicas, image);

    private static JsonObject Named(string name, int replicas, string image) =>
        Some.Deployment(image, replicas)
            .With("metadata/name", $"\"{name}\"")
            .With("metadata/uid", $"\"uid-{name}\"")
            .With("spec/template/metadata/labels", name == "web" ? """{"app": "web"}""" : $$"""{"app": "web", "track": "{{name}}"}""");

    private static JsonObject Coloured(string colour, string image) =>
        Named(colour, 20, image).With("spec/template/metadata/labels", $$"""{"app": "web", "colour": "{{colour}}"}""");

    private static JsonObject Set(int partition, string image) =>
        Web(10, image)
            .With("kind", "\"StatefulSet\"")
            .With("spec/strategy", "null")
            .With("spec/updateStrategy", $$"""{"type": "RollingUpdate", "rollingUpdate": {"partition": {{partition}} } }""");

    private static JsonObject Daemons(string image, string maxUnavailable) =>
        Web(1, image)
            .With("kind", "\"DaemonSet\"")
            .With("status", """{"desiredNumberScheduled": 30}""")
            .With("spec/strategy", "null")
            .With("spec/minReadySeconds", "600")
            .With("spec/updateStrategy", $$"""{"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": {{maxUnavailable}} } }""");

    private static JsonObject Paced(JsonObject deployment) =>
        Timed(deployment).With("spec/strategy/rollingUpdate", """{"maxSurge": 1, "maxUnavailable": 0}""");

    private static JsonObject Recreated(JsonObject deployment) => Timed(deployment).With("spec/strategy", """{"type": "Recreate"}""");

    private static JsonObject Timed(JsonObject deployment) =>
        deployment.With("spec/minReadySeconds", "600").With("spec/progressDeadlineSeconds", "1200");

    private static Dictionary<string, string> Labels(string key, string value) => new() { [key] = value };
}
