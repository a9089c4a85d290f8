using System.Text.Json.Nodes;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>Refusals by kubectl, for every way to request a change.</summary>
[Parallelizable(ParallelScope.All)]
public class RefusalTests
{
    public static IEnumerable<TestCaseData> WaysToChangeAnImage()
    {
        yield return Way("set image", s => s.KubectlAsync("dana", "set", "image", "deployment/web", $"web={V2}"));
        yield return Way("apply", s => s.ApplyAsync("dana", Web(V2)));
        yield return Way("server-side apply", s => s.ApplyAsync("dana", Web(V2), "--server-side", "--force-conflicts"));
        yield return Way(
            "patch",
            s =>
                s.KubectlAsync(
                    "dana",
                    "patch",
                    "deployment",
                    "web",
                    "--type=json",
                    "-p",
                    $$"""[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"{{V2}}"}]"""
                )
        );
        yield return Way("a smaller Deployment with another image", s => s.ApplyAsync("dana", Web(V2, replicas: 1)));
        yield return Way("set env", s => s.KubectlAsync("dana", "set", "env", "deployment/web", "A=1"));
        yield return Way("set serviceaccount", s => s.KubectlAsync("dana", "set", "serviceaccount", "deployment/web", "other"));
        yield return Way(
            "replace",
            s => TestCluster.Rig.Plane.KubectlAsync("dana", Web(V2).ToJsonString(), ["replace", "-f", "-", "-n", s.Namespace])
        );
    }

    [TestCaseSource(nameof(WaysToChangeAnImage))]
    public async Task NewRevisionIsRefused(Func<object, Task<Rig.Run>> ask)
    {
        var sandbox = await WithWebRunningAsync();

        var run = await ask(sandbox);

        Assert.That(run.Succeeded, Is.False, run.Output);
        Assert.That(
            run.Output,
            Does.Contain($"Deployment {sandbox.Namespace}/web refused by policy guarded (change deployment-web-")
                .And.Contain("ApprovalMissing")
        );
    }

    public static IEnumerable<TestCaseData> OtherKinds()
    {
        string Template(string more = "") =>
            $$"""{"metadata": {"labels": {"app": "x"} }, "spec": { {{more}} "containers": [{"name": "x", "image": "{{V1}}"}] } }""";
        var selected = $$""" "selector": {"matchLabels": {"app": "x"} }, "template": {{Template()}} """;
        var job = Template("\"restartPolicy\": \"Never\",");
        yield return Kind("Deployment", "apps/v1", selected);
        yield return Kind("StatefulSet", "apps/v1", $"\"serviceName\": \"x\", {selected}");
        yield return Kind("DaemonSet", "apps/v1", selected);
        yield return Kind("ReplicaSet", "apps/v1", selected);
        yield return Kind("ReplicationController", "v1", $"\"template\": {Template()}");
        yield return Kind("Job", "batch/v1", $"\"template\": {job}");
        yield return Kind(
            "CronJob",
            Server.CronJobToken,
            $$""" "schedule": "* * * * *", "jobTemplate": {"spec": {"template": {{job}} } } """
        );
        yield return Kind("Pod", "v1", $$""" "containers": [{"name": "x", "image": "{{V1}}"}] """);
    }

    [TestCaseSource(nameof(OtherKinds))]
    public async Task EveryKindIsRefusedLikeADeployment(string kind, string manifest)
    {
        var sandbox = await GuardedAsync();

        var run = await sandbox.CreateAsync(
            "dana",
            Parse(manifest.Replace(Server.CronJobToken, await Server.CronJobVersionAsync(), StringComparison.Ordinal))
        );

        Assert.That(run.Succeeded, Is.False, run.Output);
        Assert.That(run.Output, Does.Contain($"{kind} {sandbox.Namespace}/x refused by policy guarded").And.Contain("ApprovalMissing"));
    }

    [Test]
    public async Task AnImageByTagIsRefusedWithItsPath()
    {
        var sandbox = await WithWebRunningAsync();

        var run = await sandbox.KubectlAsync("dana", "set", "image", "deployment/web", "web=registry.example.com/web:2");

        Assert.That(run.Output, Does.Contain("ImageNotPinned: image registry.example.com/web:2 (spec.template.spec.containers[0].image)"));
    }

    [Test]
    public async Task AFastRolloutIsRefusedAndThePatchInTheMessagePasses()
    {
        var sandbox = await WithWebRunningAsync("paced", replicas: 4);
        var fast = Web(V2, 4).DeepClone().AsObject();
        var strategy = fast["spec"]?["strategy"]?["rollingUpdate"] ?? throw new InvalidOperationException("no strategy");
        strategy["maxSurge"] = "100%";

        var refused = await sandbox.ApplyAsync("dana", fast);
        Assert.That(
            refused.Output,
            Does.Contain("PaceTooFast: ")
                .And.Contain("4 of 4 pods (100%) of Deployment web would be unproven, 4 at once; step 5% allows 1.")
        );

        // The file itself sets the strategy, so the advice is to change the file.
        var fields = refused.Output.Split("changes it in the live object, then retry: ")[1].Split(' ')[0];
        foreach (var (name, value) in JsonNode.Parse(fields)?["spec"]?.AsObject() ?? [])
        {
            fast["spec"]![name] = value?.DeepClone();
        }

        (await sandbox.ApplyAsync("dana", fast)).OrFail();
    }

    [Test]
    public async Task DryRunWarnsAndLeavesNoRecord()
    {
        var sandbox = await WithWebRunningAsync();

        var run = (await sandbox.ApplyAsync("dana", Web(V2), "--dry-run=server")).OrFail();
        var diff = await TestCluster.Rig.Plane.KubectlAsync("dana", Web(V2).ToJsonString(), ["diff", "-f", "-", "-n", sandbox.Namespace]);

        Assert.That(run.Output, Does.Contain("Warning: policy guarded: would be refused: ApprovalMissing"));
        Assert.That(diff.ExitCode, Is.EqualTo(1), "kubectl diff found a difference, and was not refused: " + diff.Output);
        Assert.That(
            (await sandbox.KubectlAsync("dana", "get", "changes", "-o", "name")).Output.Split('\n'),
            Has.Length.EqualTo(1),
            "only the Change of the running revision"
        );
    }

    [Test]
    public async Task ADryRunIsRefusedWhereThePolicySaysSo()
    {
        var sandbox = await WithWebRunningAsync("refuses-dry-runs");

        var run = await sandbox.KubectlAsync("dana", "set", "image", "deployment/web", "web=web:2", "--dry-run=server");

        Assert.That(run.Output, Does.Contain("ImageNotPinned"));
        Assert.That(run.Succeeded, Is.False);
    }

    [Test]
    public async Task WarnPolicyWarnsAndAdmits()
    {
        var sandbox = await UnguardedAsync();
        (await TestCluster.Rig.Plane.KubectlAsync("admin", "label", "namespace", sandbox.Namespace, "tests=warns")).OrFail();

        var warned = await Rig.Wait.UntilAsync(
            () => sandbox.ApplyAsync("dana", Web("web:1"), "--dry-run=server"),
            run => run.Output.Contains("Warning: policy warns: ImageNotPinned", StringComparison.Ordinal),
            "the warning"
        );

        Assert.That(warned.Succeeded, Is.True);
        (await sandbox.ApplyAsync("dana", Web("web:1"))).OrFail();
    }

    private static TestCaseData Way(string name, Func<Sandbox, Task<Rig.Run>> ask) =>
        new TestCaseData((Func<object, Task<Rig.Run>>)(sandbox => ask((Sandbox)sandbox))).SetName($"{name} is refused");

    private static TestCaseData Kind(string kind, string apiVersion, string spec) =>
        new TestCaseData(
            kind,
            $$"""{"apiVersion": "{{apiVersion}}", "kind": "{{kind}}", "metadata": {"name": "x"}, "spec": { {{spec}} } }"""
        ).SetName($"a {kind} is refused");
}
