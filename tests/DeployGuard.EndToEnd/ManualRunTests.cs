using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>A run by hand of a CronJob, as <c>kubectl create job --from</c> makes it.</summary>
[Parallelizable(ParallelScope.All)]
public class ManualRunTests
{
    [Test]
    public async Task AManualRunOfAnAdmittedCronJobNeedsNoApprovalAndAnotherTemplateDoes()
    {
        Server.SkipIf(!await Server.ServesAsync("apis/batch/v1", "cronjobs"), "batch/v1 CronJobs, from which kubectl creates Jobs");
        var sandbox = await UnguardedAsync();
        (await sandbox.ApplyAsync("admin", await RecoveryWorkloads.CronJobAsync())).OrFail();
        await sandbox.GuardAsync("guarded");
        await sandbox.ChangeInPhaseAsync("Proven");
        string[] run = ["create", "job", "now", "--from=cronjob/tick"];

        (await sandbox.KubectlAsync("dana", run)).OrFail();

        var job = (await sandbox.KubectlAsync("dana", "get", "job", "now", "-o", "json")).OrFail().Output;
        (await sandbox.KubectlAsync("dana", "delete", "job", "now")).OrFail();
        var other = Parse(job);
        other["metadata"] = new System.Text.Json.Nodes.JsonObject
        {
            ["name"] = "other",
            ["ownerReferences"] = other["metadata"]?["ownerReferences"]?.DeepClone(),
        };
        other.Remove("status");
        other["spec"]?.AsObject().Remove("selector");
        (other["spec"]?["template"]?["metadata"] as System.Text.Json.Nodes.JsonObject)?.Remove("labels");
        other["spec"]!["template"]!["spec"]!["containers"]![0]!["args"] = new System.Text.Json.Nodes.JsonArray("--now");
        Assert.That((await sandbox.CreateAsync("dana", other)).Output, Does.Contain("ApprovalMissing"));
    }
}
