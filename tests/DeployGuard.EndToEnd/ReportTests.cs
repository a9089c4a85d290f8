using System.Text.Json;
using DeployGuard.Rig;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary><c>kubectl deployguard report</c> on what a policy in mode Audit found.</summary>
[Parallelizable(ParallelScope.All)]
public class ReportTests
{
    [Test]
    public async Task TheReportNamesWhatEnforceWouldHaveRefusedAndByWhom()
    {
        // Only the policy baseline, in mode Audit, matches here.
        var sandbox = await UnguardedAsync();
        (await sandbox.ApplyAsync("dana", Web("web:1"))).OrFail();
        (await sandbox.ApplyAsync("dana", Web("web:2"))).OrFail();

        var report = await Wait.UntilAsync(
            async () => (await sandbox.KubectlAsync("admin", "deployguard", "report", "-o", "json")).OrFail().Output,
            text => text.Contains("\"changes\": 2", StringComparison.Ordinal),
            "both changes to be on record"
        );

        var rows = JsonDocument.Parse(report).RootElement.GetProperty("items").EnumerateArray().ToList();
        Assert.That(
            rows.Select(r =>
                $"{r.GetProperty("namespace")} {r.GetProperty("policy")} {r.GetProperty("reason")} {r.GetProperty("requester")}"
            ),
            Is.EqualTo(new[] { $"{sandbox.Namespace} baseline ApprovalMissing dana", $"{sandbox.Namespace} baseline ImageNotPinned dana" })
        );
        Assert.That(rows.Select(r => r.GetProperty("changes").GetInt32()), Is.All.EqualTo(2));
        Assert.That(rows.Select(r => r.GetProperty("workloads").GetInt32()), Is.All.EqualTo(1));
        var text = (await sandbox.KubectlAsync("admin", "deployguard", "report", "--policy", "baseline")).OrFail().Output;
        Assert.That(
            text,
            Does.Match("baseline +Audit +ImagePinning +ImageNotPinned +2 +1 +[0-9]+s +[0-9]+s +deployment-web-[0-9a-f]{16} +dana")
        );
        Assert.That(text, Does.Contain($"kubectl deployguard show {rows[0].GetProperty("example")} -n {sandbox.Namespace}"));
    }
}
