using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>Break-glass as the on-call engineer uses it, and its review afterwards.</summary>
[Parallelizable(ParallelScope.All)]
public class BreakGlassTests
{
    [Test]
    public async Task BreakGlassAdmitsItsCreatorAndIsUnreviewedUntilAnotherPersonApproves()
    {
        var sandbox = await WithWebRunningAsync();
        Assert.That((await sandbox.SetImageAsync(user: "olga")).Output, Does.Contain("ApprovalMissing"));
        var made = (await BreakGlassAsync(sandbox)).OrFail();
        Assert.That(made.Output, Does.Contain($"waives Approval of Deployment {sandbox.Namespace}/web for olga until"));

        var passed = (await sandbox.SetImageAsync(user: "olga")).OrFail();

        var change = await sandbox.ChangeOfAsync(V2);
        Assert.That(
            passed.Output,
            Does.Contain("Warning: admitted by break-glass web-")
                .And.Contain($"another person must review it: kubectl deployguard approve {change} -n {sandbox.Namespace}")
        );
        Assert.That(
            (
                await sandbox.KubectlAsync(
                    "dana",
                    "get",
                    "change",
                    change,
                    "-o",
                    "jsonpath={.status.breakGlass[0].by} {.status.breakGlass[0].incident} {.status.breakGlass[0].waived}"
                )
            ).Output,
            Is.EqualTo("olga INC-1 [\"Approval\"]")
        );
        Assert.That((await sandbox.KubectlAsync("dana", "get", "change", change)).Output, Does.Contain(" olga (break-glass) "));
        await EventAsync(sandbox, "deployment/web", "BreakGlassUsed");
        Assert.That(await UnreviewedAsync(), Is.GreaterThanOrEqualTo(1));
        Assert.That(
            (await sandbox.KubectlAsync("alice", "deployguard", "changes", "--unreviewed")).Output,
            Does.Contain(change).And.Contain("break-glass review")
        );
        Assert.That((await sandbox.SetImageAsync(V3, "dana")).Output, Does.Contain("ApprovalMissing"), "it admits no other user");

        await sandbox.SettleAsync();
        Assert.That((await sandbox.ApproveAsync("olga", change)).Succeeded, Is.False);
        (await sandbox.ApproveAsync("alice", change)).OrFail();
        await Rig.Wait.UntilAsync(
            () => sandbox.KubectlAsync("dana", "get", "change", change, "-o", "jsonpath={.status.breakGlass[0].reviewedBy}"),
            run => run.Output == "alice",
            "the review to be on record"
        );
    }

    /// <summary>As people type it at 3 a.m., and with the commands that the output offers.</summary>
    [Test]
    public async Task WorkloadIsNamedAsForKubectlAndTheOfferedCommandsWork()
    {
        var sandbox = await WithWebRunningAsync();
        string[] why = ["--incident", "INC-1", "--reason", "it's down"];
        foreach (var name in (string[])["web", "deploy/web", "deployment.apps/web", "deployments/web"])
        {
            Assert.That(
                (await sandbox.KubectlAsync("olga", ["deployguard", "breakglass", name, .. why])).OrFail().Output,
                Does.Contain($"waives Approval of Deployment {sandbox.Namespace}/web for olga until").And.Contain("Z, in 4h.")
            );
        }

        var missing = await sandbox.KubectlAsync("olga", ["deployguard", "breakglass", "deploy/wep", .. why]);
        Assert.That(missing.ExitCode, Is.EqualTo(2));
        Assert.That(missing.Output, Does.Contain($"there is no Deployment {sandbox.Namespace}/wep"));
        (await sandbox.KubectlAsync("olga", ["deployguard", "breakglass", "deploy/wep", "--to-be-created", .. why])).OrFail();

        var made = (await sandbox.KubectlAsync("olga", ["deployguard", "breakglass", "web", .. why])).OrFail().Output;
        (await OfferedAsync(made, "If one of them refuses the deploy, run: kubectl ")).OrFail();
        (await OfferedAsync(made, "To end it early, run: kubectl ")).OrFail();
    }

    /// <summary>Runs a command that the output offers, in a shell, as it stands there.</summary>
    private static Task<Rig.Run> OfferedAsync(string output, string before)
    {
        var line = output.Split('\n').Single(l => l.Contains(before, StringComparison.Ordinal));
        var command = line[(line.IndexOf(before, StringComparison.Ordinal) + before.Length)..];
        return Rig.Run.OfAsync("sh", ["-c", $"kubectl {command}"], TestCluster.Rig.Plane.Environment("olga"));
    }

    [Test]
    public async Task UnreviewedBreakGlassRevisionIsNoRollbackTarget()
    {
        var sandbox = await WithWebRunningAsync();
        (await BreakGlassAsync(sandbox)).OrFail();
        (await sandbox.SetImageAsync(user: "olga")).OrFail();
        (await sandbox.KubectlAsync("olga", "rollout", "status", "deployment/web", "--timeout=600s")).OrFail();
        await sandbox.SettleAsync();
        (await sandbox.KubectlAsync("dana", "rollout", "undo", "deployment/web")).OrFail();
        await sandbox.ObservedAsync("deployment/web");

        Assert.That((await sandbox.KubectlAsync("dana", "rollout", "undo", "deployment/web")).Output, Does.Contain("ApprovalMissing"));
    }

    [Test]
    public async Task BreakGlassDoesNotWaiveImagePinning()
    {
        var sandbox = await WithWebRunningAsync();
        (await BreakGlassAsync(sandbox)).OrFail();

        Assert.That(
            (await sandbox.SetImageAsync("web:2", "olga")).Output,
            Does.Contain("ImageNotPinned").And.Not.Contain(" - ApprovalMissing")
        );
    }

    [Test]
    public async Task BreakGlassIsImmutableAndStampedAndNotForMachines()
    {
        var sandbox = await WithWebRunningAsync();
        (await BreakGlassAsync(sandbox)).OrFail();
        var name = (await sandbox.KubectlAsync("olga", "get", "breakglasses", "-o", "jsonpath={.items[0].metadata.name}")).Output;

        Assert.That(
            (await sandbox.KubectlAsync("admin", "patch", "breakglass", name, "--type=merge", "-p", """{"spec":{"for":"dana"}}""")).Output,
            Does.Contain("RecordImmutable")
        );
        Assert.That(
            (await sandbox.KubectlAsync("olga", "get", "breakglass", name, "-o", "jsonpath={.spec.requestedBy.username}")).Output,
            Is.EqualTo("olga")
        );
        Assert.That(
            (await BreakGlassAsync(sandbox, "admin", "--as=system:serviceaccount:ci:deployer", "--as-group=system:masters")).Succeeded,
            Is.False
        );
        Assert.That(
            (await BreakGlassAsync(sandbox, "dana")).Output,
            Does.Contain("cannot create resource"),
            "RBAC decides who may use break-glass"
        );
    }

    [TestCase(
        "a year",
        """ "expiresAt": "2099-01-01T00:00:00Z", "incident": "INC-1", "reason": "x", "waives": ["Approval"] """,
        "ExpiryInvalid: spec.expiresAt 2099-01-01T00:00:00Z is more than 24h away"
    )]
    [TestCase(
        "the past",
        """ "expiresAt": "2020-01-01T00:00:00Z", "incident": "INC-1", "reason": "x", "waives": ["Approval"] """,
        "ExpiryInvalid: spec.expiresAt 2020-01-01T00:00:00Z has passed"
    )]
    [TestCase("pinning", """ "incident": "INC-1", "reason": "x", "waives": ["ImagePinning"] """, "Unsupported value: \"ImagePinning\"")]
    [TestCase(
        "no incident",
        """ "reason": "x", "waives": ["Approval"] """,
        "missing required field \"incident\" | spec.incident: Required value"
    )]
    [TestCase(
        "an unknown kind",
        """ "workload": {"kind": "Deploymint", "name": "x"}, "incident": "INC-1", "reason": "x", "waives": ["Approval"] """,
        "BreakGlassIncomplete: spec.workload: Deploymint is not a guarded kind"
    )]
    [TestCase("the whole namespace", """ "incident": "INC-1", "reason": "x", "waives": ["Approval"] """, "BreakGlassTooWide")]
    public async Task InvalidBreakGlassIsRefusedWithTheRemedy(string what, string spec, string because)
    {
        var sandbox = await GuardedAsync();

        var run = await sandbox.CreateAsync(
            "olga",
            Parse(
                $$"""{"apiVersion": "deployguard.io/v1alpha1", "kind": "BreakGlass", "metadata": {"generateName": "x-"}, "spec": { {{spec}} } }"""
            )
        );

        Assert.That(run.Output, Server.SaysAnyOf(because), what);
    }

    [Test]
    public async Task VerbBreakglassNamespaceAllowsBreakGlassForAWholeNamespace()
    {
        var sandbox = await WithWebRunningAsync();
        (
            await sandbox.KubectlAsync(
                "admin",
                "create",
                "role",
                "wide",
                "--verb=breakglass-namespace",
                "--resource=breakglasses.deployguard.io"
            )
        ).OrFail();
        (await sandbox.KubectlAsync("admin", "create", "rolebinding", "wide", "--role=wide", "--group=on-call")).OrFail();

        await Rig.Wait.UntilAsync(
            () => sandbox.KubectlAsync("olga", "deployguard", "breakglass", "--incident", "INC-2", "--reason", "all is down"),
            run => run.Succeeded,
            "the role to take effect"
        );
        (await sandbox.SetImageAsync(user: "olga")).OrFail();
    }

    private static Task<Rig.Run> BreakGlassAsync(Sandbox sandbox, string user = "olga", params string[] more) =>
        more.Length == 0
            ? sandbox.KubectlAsync(user, "deployguard", "breakglass", "deployment/web", "--incident", "INC-1", "--reason", "orders fail")
            : TestCluster.Rig.Plane.KubectlAsync(
                user,
                """
                {"apiVersion": "deployguard.io/v1alpha1", "kind": "BreakGlass", "metadata": {"generateName": "x-"},
                 "spec": {"workload": {"apiGroup": "apps", "kind": "Deployment", "name": "web"}, "waives": ["Approval"], "incident": "INC-1", "reason": "x"} }
                """,
                ["create", "-f", "-", "-n", sandbox.Namespace, .. more]
            );

    private static Task<Rig.Run> EventAsync(Sandbox sandbox, string what, string reason) =>
        Rig.Wait.UntilAsync(
            () => sandbox.KubectlAsync("dana", "describe", what),
            run => run.Output.Contains(reason, StringComparison.Ordinal),
            $"an Event {reason} on {what}"
        );

    private static async Task<int> UnreviewedAsync()
    {
        var lines = await Rig.Wait.UntilAsync(
            async () =>
                (await (TestCluster.Rig.Installation?.Replicas[0].ScrapeAsync() ?? Task.FromResult("")))
                    .Split('\n')
                    .FirstOrDefault(l => l.StartsWith("deployguard_breakglass_unreviewed", StringComparison.Ordinal))
                ?? "",
            line => line.Length > 0 && Value(line) > 0,
            "the gauge of unreviewed changes"
        );
        return Value(lines);

        static int Value(string line) => int.Parse(line.Split(' ')[^1], System.Globalization.CultureInfo.InvariantCulture);
    }
}
