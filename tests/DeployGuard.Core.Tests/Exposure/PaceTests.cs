using System.Text.Json.Nodes;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

/// <summary>Rows of the worked cases that need no pools, with their numbers: steps [5, 25, 50], pace {percent: 5, minReady: 10m}.</summary>
public class PaceTests
{
    private const string Pace = """{"canary": {"covers": "COVERS", "steps": [5, 25, 50], "pace": {"percent": 5, "minReady": "10m"}}}""";

    [Test]
    public void Case12_OnePodAtATimeWithMinReadyPasses() => Assert.That(Findings(Conforming(20)), Is.Empty);

    [Test]
    public void Case13_DefaultStrategyIsTooFast()
    {
        var finding = Findings(Some.Deployment(Some.OtherImage, 20)).Single();

        Assert.That(finding.Reason, Is.EqualTo("PaceTooFast"));
        Assert.That(
            finding.Message,
            Is.EqualTo(
                "20 of 20 pods (100%) of Deployment web would be unproven, 10 at once; step 5% allows 1. In place, policy "
                    + "allows 1 at once: "
                    + "maxSurge 25% and maxUnavailable 25% replace 10; minReadySeconds 0 is below 600"
            )
        );
        Assert.That(
            finding.Remedy,
            Is.EqualTo(
                "Add this to your manifest, or run it and retry: kubectl patch deployment/web -n shop --type=merge -p "
                    + """'{"spec":{"minReadySeconds":600,"progressDeadlineSeconds":1200,"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1,"maxUnavailable":0}}}}' """
                    + "(the rollout then takes about 3h20m; Helm needs --timeout 3h25m)"
            )
        );
    }

    [Test]
    public void PatchOfTheRemedyPasses()
    {
        var remedy = Findings(Some.Deployment(Some.OtherImage, 20)).Single().Remedy;
        var patch = Some.Parse(remedy.Split('\'')[1])["spec"]!;
        var patched = Some.Deployment(Some.OtherImage, 20);
        foreach (var (name, value) in patch.AsObject())
        {
            patched.With($"spec/{name}", value!.ToJsonString());
        }

        Assert.That(Findings(patched), Is.Empty);
    }

    /// <summary>A patch would be gone with the retry: the request itself writes these fields.</summary>
    [TestCase("your manifest", "", "retry")]
    [TestCase("the chart or its values", "helm", "run the same helm command again")]
    public void APaceThatTheRequestRemovesIsToBeKeptInTheManifest(string where, string manager, string retry)
    {
        var remedy = Findings(Conforming(20, Some.Image), Some.Deployment(Some.OtherImage, 20), manager).Single().Remedy;

        Assert.That(
            remedy,
            Does.StartWith(
                $"Add this to {where}, which removes or changes it in the live object, then {retry}: "
                    + """{"spec":{"minReadySeconds":600,"progressDeadlineSeconds":1200,"strategy":"""
            )
        );
        Assert.That(remedy, Does.Not.Contain("kubectl"));
    }

    [Test]
    public void AProbeThatTheRequestRemovesIsToBeKept()
    {
        var unprobed = Conforming(20).With("spec/template/spec/containers/0/readinessProbe", "null");

        Assert.That(
            Findings(Conforming(20, Some.Image), unprobed, "").Single().Remedy,
            Is.EqualTo("Keep the readinessProbe of web, which this request removes, then retry")
        );
    }

    [Test]
    public void Case14_QuarterOfThreePodsIsOne() => Assert.That(Findings(Timed(Some.Deployment(Some.OtherImage, 3))), Is.Empty);

    [Test]
    public void Case15_FivePercentOfThirtyRoundsUpAndIsStillFivePercent() =>
        Assert.That(
            Findings(
                Timed(
                    Some.Deployment(Some.OtherImage, 30).With("spec/strategy/rollingUpdate", """{"maxSurge": "5%", "maxUnavailable": 0}""")
                )
            ),
            Is.Empty
        );

    [TestCase(1, 0)]
    [TestCase(2, 1)]
    public void Case16_RecreateReplacesAll(int replicas, int findings) =>
        Assert.That(
            Findings(Timed(Some.Deployment(Some.OtherImage, replicas).With("spec/strategy", """{"type": "Recreate"}"""))),
            Has.Count.EqualTo(findings)
        );

    [TestCase("Template", 1)]
    [TestCase("Images", 0)]
    public void Case23_EnvironmentChangeIsUnprovenOnlyIfThePolicyCoversTheTemplate(string covers, int findings)
    {
        var after = Some.Deployment(replicas: 20).With("spec/template/spec/containers/0/env", """[{"name": "A", "value": "1"}]""");

        Assert.That(Findings(after, covers), Has.Count.EqualTo(findings));
    }

    [Test]
    public void ServingContainerWithoutAReadinessProbeIsNamed()
    {
        var after = Conforming(20).With("spec/template/spec/containers/0/readinessProbe", "null");

        var before = Conforming(20, Some.Image).With("spec/template/spec/containers/0/readinessProbe", "null");
        var finding = Findings(before, after, "").Single();

        Assert.That(finding.Message, Does.EndWith("container web has no readinessProbe"));
        Assert.That(finding.Remedy, Is.EqualTo("Add a readinessProbe to web, then retry"));
    }

    [Test]
    public void ContainerWithoutPortsNeedsNoReadinessProbe()
    {
        var after = Conforming(20);
        after["spec"]!["template"]!["spec"]!["containers"]!
            .AsArray()
            .Add(JsonNode.Parse($$"""{"name": "sidecar", "image": "{{Some.Image}}"}"""));

        Assert.That(Findings(after), Is.Empty);
    }

    [Test]
    public void DeadlineBelowMinReadyIsRefusedAsByTheApiServer() =>
        Assert.That(
            Findings(Conforming(20).With("spec/progressDeadlineSeconds", "600")).Single().Message,
            Does.Contain("progressDeadlineSeconds 600 does not exceed minReadySeconds 600")
        );

    [Test]
    public void LooseningThePaceOfARolloutInProgressIsRefused()
    {
        var request = Some.Update(Conforming(20), Conforming(20).With("spec/strategy", """{"type": "Recreate"}"""));
        var underWay = View("Images") with
        {
            Changes = [Some.Change(Some.Deployment(), Phase.Proven), Some.Change(Conforming(20), Phase.Running)],
        };

        Assert.That(Some.Decide(request, underWay).Reasons(), Is.EqualTo(new[] { "PaceTooFast" }));
    }

    [Test]
    public void LooseningThePaceAfterCompletionIsNotRefused()
    {
        var request = Some.Update(Conforming(20), Conforming(20).With("spec/strategy", """{"type": "Recreate"}"""));
        var done = View("Images") with { Changes = [Some.Change(Conforming(20), Phase.Completed)] };

        Assert.That(Some.Decide(request, done).Findings, Is.Empty);
    }

    [Test]
    public void RollbackNeedsNoPace()
    {
        var cluster = View("Images") with { Changes = [Some.Change(Some.Deployment(), Phase.Completed) with { CompletedPods = 20 }] };

        Assert.That(Some.Decide(Some.Update(Conforming(20), Some.Deployment(replicas: 20)), cluster).Findings, Is.Empty);
    }

    [TestCase(7, 25, 25, 3)]
    [TestCase(20, 0, 0, 1)]
    [TestCase(10, 0, 1, 1)]
    [TestCase(3, 100, 0, 3)]
    public void BatchIsTheNumberThatTheControllerMayReplaceAtOnce(int replicas, int surge, int unavailable, int batch)
    {
        var workload = Some.Deployment(replicas: replicas)
            .With("spec/strategy/rollingUpdate", $$"""{"maxSurge": "{{surge}}%", "maxUnavailable": "{{unavailable}}%"}""")
            .Read();

        Assert.That(RolloutBatch.Of(workload), Is.EqualTo(batch));
    }

    /// <summary>Recreate of a StatefulSet is of Kubernetes 1.37; an unknown type is treated as the fastest possible.</summary>
    [TestCase("Deployment", "Recreate")]
    [TestCase("Deployment", "FromTheFuture")]
    [TestCase("StatefulSet", "OnDelete")]
    [TestCase("StatefulSet", "Recreate")]
    [TestCase("StatefulSet", "rollingUpdate")]
    [TestCase("DaemonSet", "OnDelete")]
    [TestCase("DaemonSet", "FromTheFuture")]
    public void StrategyThatDoesNotRollCountsAsTheWholeSize(string kind, string type)
    {
        var workload = Of(kind, $$"""{"type": "{{type}}", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0, "partition": 9} }""");

        Assert.That(RolloutBatch.Of(workload.Read()), Is.EqualTo(10));
        Assert.That(workload.Read().PodsAbovePartition, Is.EqualTo(10), "the partition does not limit it either");
        Assert.That(Findings(workload).Single().Message, Does.Contain($"{type} replaces all 10"));
    }

    [TestCase("Deployment", "{}", 5)]
    [TestCase("Deployment", """{"type": null}""", 5)]
    [TestCase("Deployment", """{"type": ""}""", 5)]
    [TestCase("StatefulSet", "{}", 1)]
    [TestCase("StatefulSet", """{"type": "", "rollingUpdate": {"maxUnavailable": 4} }""", 4)]
    [TestCase("DaemonSet", """{"type": null, "rollingUpdate": {"maxUnavailable": 3} }""", 3)]
    public void MissingTypeIsTheRollingUpdateOfTheApiServer(string kind, string strategy, int batch) =>
        Assert.That(RolloutBatch.Of(Of(kind, strategy).Read()), Is.EqualTo(batch));

    [Test]
    public void PartitionDoesNotLimitAStatefulSetThatIsRecreated()
    {
        const string Rules =
            """{"canary": {"accept": ["StatefulSetPartition"], "steps": [50], "pace": {"percent": 5, "minReady": "0s"} } }""";
        var cluster = new ClusterSnapshot { Policies = [Some.Policy(Rules)] };
        Verdict Under(string type) =>
            Some.Decide(Some.Update(Of("StatefulSet", Strategy("RollingUpdate"), Some.Image), Of("StatefulSet", Strategy(type))), cluster);

        Assert.That(Under("RollingUpdate").Findings, Is.Empty, "the control");
        Assert.That(Under("Recreate").Reasons(), Is.EqualTo(new[] { "PaceTooFast" }));

        static string Strategy(string type) => $$"""{"type": "{{type}}", "rollingUpdate": {"partition": 8} }""";
    }

    [Test]
    public void SurgingDaemonSetIsNamedAndItsPatchKeepsSurging()
    {
        var after = Of("DaemonSet", """{"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "100%", "maxUnavailable": 0} }""")
            .With("spec/minReadySeconds", "600");

        var finding = Findings(after).Single();

        Assert.That(finding.Message, Does.EndWith("In place, policy allows 1 at once: maxSurge 100% replaces 10"));
        Assert.That(
            finding.Remedy,
            Does.Contain(
                """'{"spec":{"minReadySeconds":600,"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1,"maxUnavailable":0}}}}'"""
            )
        );
    }

    [Test]
    public void DaemonSetWithMaxUnavailableIsNamed()
    {
        var finding = Findings(Of("DaemonSet", """{"rollingUpdate": {"maxUnavailable": "50%"} }""").With("spec/minReadySeconds", "600"))
            .Single();

        Assert.That(finding.Message, Does.EndWith("maxUnavailable 50% replaces 5"));
        Assert.That(finding.Remedy, Does.Contain("""{"maxUnavailable":1,"maxSurge":null}"""));
    }

    /// <summary>Its controller replaces no running pod, and nothing limits how fast a person deletes them.</summary>
    [Test]
    public void NewTemplateOfAReplicationControllerCountsAsAllPodsAtOnce()
    {
        var request = Some.Update(ReplicationController(Some.Image), ReplicationController(Some.OtherImage));

        Assert.That(Some.Decide(request, View("Images")).Reasons(), Is.EqualTo(new[] { "PaceTooFast" }));

        static JsonObject ReplicationController(string image) =>
            Of("ReplicationController", "{}", image).With("apiVersion", "\"v1\"").With("spec/selector", """{"app": "web"}""");
    }

    /// <summary>Ten pods of another image, unless the strategy changes it.</summary>
    private static JsonObject Of(string kind, string strategy, string image = Some.OtherImage)
    {
        var workload = Some.Deployment(image, 10).With("kind", $"\"{kind}\"").With("status", """{"desiredNumberScheduled": 10}""");
        workload["spec"]?.AsObject().Remove("strategy");
        return workload.With(kind == "Deployment" ? "spec/strategy" : "spec/updateStrategy", strategy);
    }

    private static JsonObject Conforming(int replicas, string image = Some.OtherImage) =>
        Timed(Some.Deployment(image, replicas).With("spec/strategy/rollingUpdate", """{"maxSurge": 1, "maxUnavailable": 0}"""));

    private static JsonObject Timed(JsonObject deployment) =>
        deployment.With("spec/minReadySeconds", "600").With("spec/progressDeadlineSeconds", "1200");

    private static ClusterSnapshot View(string covers) => new() { Policies = [Some.Policy(Pace.Replace("COVERS", covers))] };

    private static List<Finding> Findings(JsonObject after, string covers = "Images")
    {
        var before = after.DeepClone().AsObject().With("spec/template", Some.Deployment()["spec"]!["template"]!.ToJsonString());
        return Findings(before, after, "", covers);
    }

    private static List<Finding> Findings(JsonObject before, JsonObject after, string manager, string covers = "Images")
    {
        var request = Some.Update(before, after) with { FieldManager = manager };
        return [.. Some.Decide(request, View(covers)).Findings.Select(f => f.Finding)];
    }
}
