using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using static DeployGuard.Core.Tests.Shop;

namespace DeployGuard.Core.Tests;

/// <summary>
/// Serving pods after a change of a Service: shares decide, per port and per node. Pods that cannot be observed are refused while the pool
/// is warm.
/// </summary>
public class ServiceChangeTests
{
    private static readonly ServicePort s_http = new(80, "TCP", "8080");

    private static NamespaceObjects WithCanary => Settled.Running(C(1), Phase.Completed, minutes: 5);

    [TestCase("8080", null, Description = "both have it")]
    [TestCase(
        "9090",
        "1 of 1 pod (100%) behind Service web would be unproven; step 5% allows 0",
        Description = "only the canary declares it"
    )]
    [TestCase(
        "admin",
        "1 of 1 pod (100%) behind Service web would be unproven; step 5% allows 0",
        Description = "only the canary has a port of that name"
    )]
    [TestCase("7070", null, Description = "an undeclared port number may be open in all pods")]
    public void PortIsServedByPodsThatDeclareIt(string target, string? refusal)
    {
        var canary = C(1)
            .With("spec/template/spec/containers/0/ports", """[{"containerPort": 8080}, {"containerPort": 9090, "name": "admin"}]""");
        var web = WebService with { Ports = [s_http] };
        var objects = Settled.Running(canary, Phase.Completed, minutes: 5) with { Services = [web] };

        Expect(objects, ServiceChange(web, web with { Ports = [new ServicePort(80, "TCP", target)] }), refusal);
    }

    /// <summary>A paused Deployment may declare any port in its template; none of its pods has it.</summary>
    [Test]
    public void PortOfATemplateThatNoPodRunsDoesNotCount()
    {
        static JsonObject Only(JsonObject deployment) =>
            deployment.With("spec/template/spec/containers/0/ports", """[{"name": "only", "containerPort": 8080}]""");
        var web = WebService with { Ports = [s_http] };
        var objects = Settled.Running(Only(C(1)), Phase.Completed, minutes: 5) with { Services = [web] };
        objects = objects with
        {
            Workloads =
            [
                .. objects.Workloads.Select(w => w.Spec.Ref == Web(20).Read().Ref ? Only(Web(20)).With("spec/paused", "true").Live() : w),
            ],
        };

        Expect(
            objects,
            ServiceChange(web, web with { Ports = [new ServicePort(80, "TCP", "only")] }),
            "1 of 1 pod (100%) behind Service web would be unproven; step 5% allows 0"
        );
    }

    /// <summary>Traffic goes to a named port: pods without a port of that name serve no user.</summary>
    [TestCase(1, "users of port http behind Service web would reach only unproven pods")]
    [TestCase(0, null)]
    public void RemovingThePortFromTheProvenWorkloadSendsItsUsersToTheCanary(int canaries, string? refusal)
    {
        static JsonObject With(JsonObject deployment, string port) =>
            deployment.With("spec/template/spec/containers/0/ports", $$"""[{"name": "{{port}}", "containerPort": 8080}]""");
        var objects = (Empty with { Services = [WebService with { Ports = [new ServicePort(80, "TCP", "http")] }] }).Running(
            With(Web(20), "http"),
            Phase.Proven
        );
        objects = canaries == 0 ? objects : objects.Running(With(C(canaries), "http"), Phase.Completed, minutes: 5);

        Expect(objects, Some.Update(With(Web(20), "http"), With(Web(20), "other")), refusal);
    }

    [Test]
    public void PortOfANativeSidecarCounts()
    {
        var canary = C(1)
            .With(
                "spec/template/spec/initContainers",
                """[{"name": "proxy", "image": "proxy:1", "restartPolicy": "Always", "ports": [{"name": "only", "containerPort": 9090}]}]"""
            );
        var web = WebService with { Ports = [s_http] };
        var objects = Settled.Running(canary, Phase.Completed, minutes: 5) with { Services = [web] };

        Expect(
            objects,
            ServiceChange(web, web with { Ports = [new ServicePort(80, "TCP", "only")] }),
            "1 of 1 pod (100%) behind Service web would be unproven; step 5% allows 0"
        );
    }

    [Test]
    public void AddedPortIsEvaluatedByItself()
    {
        var canary = C(1).With("spec/template/spec/containers/0/ports", """[{"containerPort": 8080}, {"containerPort": 9090}]""");
        var web = WebService with { Ports = [s_http] };
        var objects = Settled.Running(canary, Phase.Completed, minutes: 5) with { Services = [web] };

        Expect(
            objects,
            ServiceChange(web, web with { Ports = [s_http, new ServicePort(81, "TCP", "9090")] }),
            "1 of 1 pod (100%) behind Service web port 81/TCP where declared would be unproven; step 5% allows 0"
        );
        Expect(objects, ServiceChange(web, web with { Ports = [s_http, new ServicePort(81, "TCP", "8080")] }), null);
    }

    [Test]
    public void ProtocolIsPartOfAPort()
    {
        var canary = C(1)
            .With(
                "spec/template/spec/containers/0/ports",
                """[{"containerPort": 8080}, {"containerPort": 8080, "protocol": "UDP", "name": "quic"}]"""
            );
        var web = WebService with { Ports = [s_http] };
        var objects = Settled.Running(canary, Phase.Completed, minutes: 5) with { Services = [web] };

        Expect(
            objects,
            ServiceChange(web, web with { Ports = [new ServicePort(80, "UDP", "quic")] }),
            "1 of 1 pod (100%) behind Service web would be unproven; step 5% allows 0"
        );
    }

    [TestCase("red", "web", Description = "a Service of another name")]
    [TestCase("green", "web", Description = "one that is created again with another address")]
    public void ServiceTakingTheAddressOfAnotherDidNotServeItsUsers(string name, string former)
    {
        var green = Deployment("green", 20, V2).With("spec/template/metadata/labels", """{"app": "green", "track": "green"}""");
        var objects = Settled.Running(green, Phase.Completed, minutes: 5) with { Services = [] };
        objects = objects with
        {
            Changes =
            [
                Some.Change(Web(20), Phase.Proven) with
                {
                    Served =
                    [
                        new ServedPool($"Service {former}", 20, Some.Now.AddMinutes(-1)) { Selector = "app=web", Addresses = "10.0.0.7" },
                    ],
                },
                Some.Change(green, Phase.Completed) with
                {
                    Served =
                    [
                        new ServedPool("Service green", 20, Some.Now.AddMinutes(-1)) { Selector = "app=green", Addresses = "10.0.0.8" },
                    ],
                },
            ],
        };
        var made = new Service(name, Labels(("app", "green")), false);

        Expect(objects, ServiceChange(null, made with { Addresses = ["10.0.0.8"] }), null);
        Expect(
            objects,
            ServiceChange(null, made with { Addresses = ["10.0.0.7"] }),
            $"20 of 20 pods (100%) behind Service {name} would be unproven; step 5% allows 1"
        );
    }

    [Test]
    public void UsersWithNodeLocalTrafficReachThePodsOfTheirNode()
    {
        // The canary's pod has node-0 with one pod of web.
        Expect(
            WithCanary,
            ServiceChange(WebService, WebService with { RoutesLocally = true }),
            "1 of 2 pods (50%) behind Service web for users of node node-0 would be unproven; step 5% allows 0"
        );
        Expect(Settled, ServiceChange(WebService, WebService with { RoutesLocally = true }), null);
        Expect(WithCanary, ServiceChange(WebService with { RoutesLocally = true }, WebService), null);
    }

    [Test]
    public void PodsThatAreNotReadyServeNoUserUnlessPublished()
    {
        var objects = Settled.Running(C(20), Phase.Admitted, minutes: 5);
        var hanging = objects with
        {
            Pods = [objects.Pods[0], objects.Pods[1] with { Pods = [.. objects.Pods[1].Pods.Select(p => p with { ReadySince = null })] }],
        };

        Expect(
            hanging,
            ServiceChange(WebService, WebService with { PublishesNotReady = true }),
            "20 of 40 pods (50%) behind Service web for users of pods that are not ready would be unproven; step 5% allows 2"
        );
        Expect(Settled, ServiceChange(WebService, WebService with { PublishesNotReady = true }), null);
        Expect(hanging, ServiceChange(WebService with { PublishesNotReady = true }, WebService), null);
    }

    [TestCase("green.shop.svc")]
    [TestCase("green.shop.svc.cluster.local")]
    [TestCase("green.shop.svc.cluster.local.")]
    [TestCase("GREEN.Shop.svc.Cluster.local")]
    public void ExternalNameOfALocalServiceIsItsPool(string host) =>
        Expect(WithGreen(V2), Named(host), "20 of 20 pods (100%) behind Service web would be unproven; step 5% allows 1");

    [TestCase("green.shop.svc.example.org", Description = "an unknown cluster domain")]
    [TestCase("green.shop", Description = "no name of a Service")]
    [TestCase("green.elsewhere.svc", Description = "another namespace that was not read")]
    [TestCase("gone.shop.svc")]
    [TestCase("alias.shop.svc", Description = "an ExternalName again")]
    [TestCase("bare.shop.svc", Description = "its endpoints are written by hand")]
    [TestCase("web.example.com")]
    [TestCase("")]
    public void OtherExternalHostsCannotBeEvaluated(string host)
    {
        var refusal = $"users behind Service web would be redirected: the serving pods at {host} are unknown";

        Expect(WithGreen(V1), Named(host), refusal);
        Expect(WithGreen(V1) with { Workloads = [], Pods = [], Changes = [] }, Named(host), null);
    }

    [TestCase(V2, "20 of 20 pods (100%) behind Service web would be unproven; step 5% allows 1")]
    [TestCase(V1, null)]
    public void ExternalNameOfAServiceInAnotherNamespaceIsItsPool(string image, string? refusal)
    {
        var elsewhere = WithGreen(image).ToSnapshot();
        var request = Named("green.elsewhere.svc.cluster.local");

        var verdict = Some.Decide(
            request,
            new ClusterSnapshot { Policies = [Policy], Namespace = Settled.ToSnapshot() with { ExternalNameTarget = elsewhere } }
        );

        Assert.That(verdict.Denials.Select(d => d.Finding.Message).SingleOrDefault(), refusal is null ? Is.Null : Does.StartWith(refusal));
    }

    [Test]
    public void EndpointsOfAServiceWithoutASelectorCannotBeEvaluated()
    {
        var bare = WebService with { Selector = Labels() };

        Expect(
            Settled,
            ServiceChange(WebService, bare),
            "users behind Service web would be redirected: its endpoints would be written by hand, so the serving pods are unknown"
        );
        Expect(Empty, ServiceChange(WebService, bare), null);
        Expect(Empty, ServiceChange(null, bare), null);
    }

    [Test]
    public void ServiceWithTheAddressOfADeletedOneHasItsUsers()
    {
        var made = new Service("other", Labels(("track", "web-canary")), false) { Addresses = ["10.0.0.7"] };
        var gone = Gone("Service web", "app=web", "10.0.0.7");

        Expect(gone, ServiceChange(null, made), "1 of 1 pod (100%) behind Service other would be unproven; step 5% allows 0");
        Expect(gone, ServiceChange(null, made with { Addresses = ["10.0.0.8"] }), null);
        Expect(gone, ServiceChange(null, made with { Selector = Labels(("app", "web")) }), null);
    }

    [Test]
    public void ServiceTakingTheAddressOfAnotherHasTheUsersOfBoth()
    {
        var (web, canary) = (
            WebService with
            {
                Addresses = ["10.0.0.7"],
            },
            new Service("canary", Labels(("track", "web-canary")), false) { Addresses = ["10.0.0.8"] }
        );
        var objects = WithCanary with { Services = [web, canary] };

        Expect(
            objects,
            ServiceChange(canary, canary with { Addresses = ["10.0.0.8", "10.0.0.7"] }),
            "1 of 1 pod (100%) behind Service canary would be unproven; step 5% allows 0"
        );
        Expect(objects, ServiceChange(canary, canary with { Addresses = ["10.0.0.8", "192.0.2.1"] }), null);
    }

    /// <summary>Users of a released address follow it, although the former Service still exists.</summary>
    [Test]
    public void ServiceTakingARecentlyReleasedAddressHasItsUsers()
    {
        var canary = new Service("canary", Labels(("track", "web-canary")), false) { Addresses = ["node 30080"] };
        var given = new GivenUpAddresses("Service web", "app=web", "node 30080", Some.Now.AddMinutes(-5));
        NamespaceObjects With(params GivenUpAddresses[] givenUp) =>
            WithCanary with
            {
                Changes = [.. WithCanary.Changes.Select(c => c.Phase is Phase.Proven ? c with { GivenUp = givenUp } : c)],
            };

        Expect(With(given), ServiceChange(null, canary), "1 of 1 pod (100%) behind Service canary would be unproven; step 5% allows 0");
        Expect(With(given with { At = Some.Now.AddDays(-1) }), ServiceChange(null, canary), null);
        Expect(With(), ServiceChange(null, canary), null);
        Expect(With(given), ServiceChange(WebService, WebService with { Addresses = ["node 30080"] }), null);
    }

    /// <summary>A Service is switched while the workload that it will select is scaled up: neither raises the exposure by itself.</summary>
    [Test]
    [TestCase(0)]
    [TestCase(10, Description = "for its own users it returns to a recent size: no more exposure")]
    public void ConcurrentRequestIsEvaluatedBehindTheSwitchedService(int servedOfLate)
    {
        var fresh = Deployment("fresh", 0, V2)
            .With("metadata/generation", "7")
            .With("spec/template/metadata/labels", """{"app": "fresh", "shop": "yes"}""");
        var web = Web(20).With("spec/template/metadata/labels", """{"app": "web", "track": "web", "shop": "yes"}""");
        ServedPool[] served =
            servedOfLate > 0
                ?
                [
                    new ServedPool("Service fresh", servedOfLate, Some.Now.AddMinutes(-1))
                    {
                        Selector = "app=fresh",
                        MaxPods = servedOfLate,
                    },
                ]
                : [];
        var objects = (Empty with { Services = [.. Empty.Services, new Service("fresh", Labels(("app", "fresh")), false)] })
            .Running(web, Phase.Proven)
            .With(fresh.Live(), SetOf(fresh).Live())
            .With(Some.Change(fresh, Phase.Completed) with { Served = served });
        var turned = WebService with { Selector = Labels(("shop", "yes")) };
        var grown = Some.Update(fresh, fresh.DeepClone().AsObject().With("spec/replicas", "10"));
        IReadOnlyList<PendingExposure> Reached(Request request, params PendingExposure[] others) => Decide(request, others).Exposes;
        string? Refusal(Request request, params PendingExposure[] others) =>
            Decide(request, others).Denials.Select(d => d.Finding.Message).FirstOrDefault();
        Verdict Decide(Request request, PendingExposure[] others) =>
            Some.Decide(
                request,
                new ClusterSnapshot
                {
                    Policies = [Policy],
                    Changes = [.. objects.Changes.Where(c => c.Workload == request.Target)],
                    Namespace = objects.ToSnapshot() with { PendingExposures = others },
                }
            );
        var (service, pods) = (Reached(ServiceChange(WebService, turned)).Single(), Reached(grown).Single());

        Assert.That(pods.RaisesNoExposure, Is.EqualTo(servedOfLate > 0));
        Assert.That(Refusal(ServiceChange(WebService, turned)), Is.Null, "by itself");
        Assert.That(Refusal(grown), Is.Null, "by itself");
        Assert.That(Refusal(grown, service), Does.StartWith("10 of 30 pods (33%) behind Service web would be unproven; step 5% allows 1"));
        Assert.That(
            Refusal(ServiceChange(WebService, turned), pods),
            Does.StartWith(
                "users behind Service web would be redirected: the pods just admitted for deployment/fresh are not visible there yet"
            )
        );
    }

    /// <summary>kubectl replace --force deletes a Service and creates it again, even during a rollout behind it.</summary>
    [TestCase(2, 2, null)]
    [TestCase(2, 10, null, Description = "the rollout continued meanwhile, at its pace")]
    [TestCase(
        0,
        10,
        "10 of 20 pods (50%) behind Service web would be unproven; step 5% allows 1",
        Description = "of which nothing was there"
    )]
    public void ServiceCreatedAgainDuringARollout(int had, int has, string? refusal)
    {
        var (before, after) = (Web(20), Web(20, V2).Paced());
        var (old, young) = (SetOf(before, replicas: 20 - has), SetOf(after, Second, has));
        ServedPool Then(int pods, int most) =>
            new("Service web", pods, Some.Now.AddSeconds(-20))
            {
                Selector = "app=web",
                MaxPods = most,
                WasOnlyUnproven = pods < 20,
            };
        var objects = (Empty with { Services = [] })
            .With(after.Live(), old.Live(), young.Live())
            .With(Pods(PodOf(old), 20 - has), Pods(PodOf(young), has, 1))
            .With(
                Some.Change(before, Phase.Proven) with
                {
                    Served = [Then(20, 20)],
                },
                Some.Change(after, Phase.Running) with
                {
                    Served = had == 0 ? [] : [Then(had, had)],
                }
            );

        Expect(objects, ServiceChange(null, WebService), refusal);
    }

    /// <summary>
    /// db-9 runs the proven revision today; with a partition it is the first to run another one, which is one of ten pods of the
    /// StatefulSet.
    /// </summary>
    [TestCase("apps.kubernetes.io/pod-index", "9")]
    [TestCase("statefulset.kubernetes.io/pod-name", "db-9")]
    public void ServiceMayNotBeNarrowedToAnOrdinal(string key, string value)
    {
        var db = StatefulSet("db", 10, V1);
        var pods = Enumerable
            .Range(0, 10)
            .Select(i =>
                PodOf(db, $"{i}")
                    .With(
                        "metadata/labels",
                        $$"""{"app": "web", "apps.kubernetes.io/pod-index": "{{i}}", "statefulset.kubernetes.io/pod-name": "db-{{i}}"}"""
                    )
            );
        var objects = Empty.With(db.Live()).With([.. pods.Select(p => Pods(p, 1))]).With(Some.Change(db, Phase.Proven));
        var narrowed = WebService with { Selector = Labels(("app", "web"), (key, value)) };

        Expect(
            objects,
            ServiceChange(WebService, narrowed),
            $"users behind Service web would be redirected: it would select pods by {key}, and their future revision is unknown"
        );
        Expect(objects, ServiceChange(narrowed, WebService), null);
        var one = narrowed with { Name = "db-9" };
        Expect(objects, ServiceChange(null, one), null);
        Expect(
            objects with
            {
                Services = [WebService, one],
            },
            Named("db-9.shop.svc"),
            $"users behind Service web would be redirected: it would select pods by {key}, and their future revision is unknown"
        );
        Expect(
            objects with
            {
                Services = [WebService with { Addresses = ["192.0.2.1"] }],
            },
            ServiceChange(null, one with { Addresses = ["192.0.2.1"] }),
            null
        );
    }

    [Test]
    public void ServiceCreatedAgainWithANarrowerSelectorHasTheUsersOfTheFormerOne()
    {
        Expect(
            Gone("Service web", "app=web", ""),
            ServiceChange(null, WebService with { Selector = Labels(("app", "web"), ("track", "web-canary")) }),
            "1 of 1 pod (100%) behind Service web would be unproven; step 5% allows 0"
        );
        Expect(Gone("Service web", "app=web", ""), ServiceChange(null, WebService), null);
    }

    [TestCase(20, false, false, null)]
    [TestCase(
        19,
        false,
        false,
        "20 of 20 pods (100%) behind Service web would be unproven",
        Description = "one was created since, during an outage"
    )]
    [TestCase(20, true, false, "20 of 20 pods (100%) behind Service web would be unproven", Description = "a vote rejected it")]
    [TestCase(20, false, true, "20 of 20 pods (100%) behind Service web would be unproven", Description = "admitted by break-glass")]
    public void ServiceCreatedAgainServesItsFormerUsers(int served, bool isRejected, bool isUnreviewed, string? refusal)
    {
        var web = Web(20, V2);
        var completed = Some.Change(web, Phase.Completed) with
        {
            Served = [new ServedPool("Service web", served, Some.Now.AddMinutes(-5)) { Selector = "app=web" }],
            BreakGlassUses = isUnreviewed ? [new BreakGlassUse("g", "dana", Some.Now.AddHours(-1), null)] : [],
        };
        var objects = Empty.Running(web, Phase.Completed, minutes: 4) with
        {
            Services = [],
            Changes =
            [
                completed,
                Some.Change(Web(20), Phase.Proven) with
                {
                    Served = [new ServedPool("Service web", 20, Some.Now.AddMinutes(-30)) { Selector = "app=web" }],
                },
            ],
            Votes = isRejected ? [Some.ApprovalOf(web, Some.Carol, Decision.Reject)] : [],
        };

        Expect(objects, ServiceChange(null, WebService), refusal);
    }

    [TestCase(false)]
    [TestCase(true)]
    public void ManualEndpointsAreRefusedWhileThePoolIsWarm(bool isSlice)
    {
        var request = new EndpointsRequest("web", "")
        {
            Operation = Operation.Create,
            Requester = Some.Developer,
            Target = new WorkloadRef("", isSlice ? "EndpointSlice" : "Endpoints", "shop", "web-x"),
        };
        const string refusal = "users behind Service web would be redirected: the pods at addresses written by hand are unknown";

        Expect(Settled, request, refusal);
        Expect(Settled, request with { Service = "", ServiceBefore = "web", Operation = Operation.Update }, refusal);
        Expect(Empty, request, null);
        Expect(Settled, request with { Service = "db" }, null);
        Expect(Settled, request with { Operation = Operation.Delete }, null);
    }

    private static NamespaceObjects WithGreen(string image)
    {
        var green = Deployment("green", 20, image).With("spec/template/metadata/labels", """{"app": "green", "track": "green"}""");
        return Settled.Running(green, Phase.Completed, minutes: 5) with
        {
            Services =
            [
                WebService,
                new Service("green", Labels(("app", "green")), false),
                new Service("alias", Labels(), true) { ExternalName = "green.shop.svc" },
                new Service("bare", Labels(), false),
            ],
        };
    }

    /// <summary>A canary beside web, and a Service that was there until five minutes ago.</summary>
    private static NamespaceObjects Gone(string pool, string selector, string addresses)
    {
        var objects = WithCanary;
        return objects with
        {
            Services = [],
            Changes =
            [
                .. objects.Changes.Select(c =>
                    c with
                    {
                        Served =
                            c.Phase is Phase.Proven
                                ? [new ServedPool(pool, 20, Some.Now.AddMinutes(-5)) { Selector = selector, Addresses = addresses }]
                                : [],
                    }
                ),
            ],
        };
    }

    private static ServiceRequest Named(string host) =>
        ServiceChange(WebService, WebService with { IsExternalName = true, ExternalName = host });

    private static void Expect(NamespaceObjects objects, Request request, string? refusal) =>
        Assert.That(objects.Refusal(request), refusal is null ? Is.Null : Does.StartWith(refusal));
}
