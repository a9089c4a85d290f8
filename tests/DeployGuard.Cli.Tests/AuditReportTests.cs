using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Cli.Views;
using DeployGuard.Core.Policies;

namespace DeployGuard.Cli.Tests;

/// <summary>What <c>report</c> says that Enforce would have refused.</summary>
public class AuditReportTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 25, 12, 0, 0, TimeSpan.Zero);
    private static readonly Dictionary<string, Mode> s_modes = new()
    {
        ["baseline"] = Mode.Audit,
        ["pace"] = Mode.Warn,
        ["tier-1"] = Mode.Enforce,
    };

    [Test]
    public void ChangesAreCountedByReasonWithTheFirstTimeAndTheNewestExample()
    {
        var report = AuditReport.Of(
            [
                Change("web-1", "web", "2026-11-20", "2026-11-21", "dana", Finding("baseline", "Audit", "ImageNotPinned")),
                Change("web-2", "web", "2026-11-24", "2026-11-25", "erik", Finding("baseline", "Audit", "ImageNotPinned")),
                Change("api-1", "api", "2026-11-22", "2026-11-23", "dana", Finding("pace", "Warn", "PaceTooFast")),
            ],
            s_modes,
            null
        );

        Assert.That(
            report.Rows.Select(r =>
                $"{r.Policy} {r.Mode} {r.Reason} {r.Changes}/{r.Workloads} {r.Since:MM-dd} {r.Newest:MM-dd} {r.Example} {r.Requester}"
            ),
            Is.EqualTo(
                new[] { "baseline Audit ImageNotPinned 2/1 11-20 11-25 web-2 erik", "pace Warn PaceTooFast 1/1 11-22 11-23 api-1 dana" }
            )
        );
    }

    [Test]
    public void WhatRefusedWhatIsWaivedAndWhatEnforcesNowIsNoFindingOfAudit()
    {
        var report = AuditReport.Of(
            [
                Change(
                    "web-1",
                    "web",
                    "2026-11-20",
                    "2026-11-21",
                    "dana",
                    Finding("tier-1", "Enforce", "ApprovalMissing"),
                    Finding("baseline", "Audit", "ApprovalMissing", """, "waivedBy": "exempt identity" """),
                    Finding("tier-1", "Audit", "ImageNotPinned"),
                    Finding("gone", "Warn", "ImageNotPinned")
                ),
            ],
            s_modes,
            null
        );

        Assert.That(report.Rows, Is.Empty);
        Assert.That(report.LeftOut, Is.EqualTo(2), "one of a policy that enforces now, one of a deleted policy");
    }

    [Test]
    public void WithoutThePoliciesTheModeIsThatOfTheRequest()
    {
        var changes = new[] { Change("web-1", "web", "2026-11-20", "2026-11-21", "dana", Finding("tier-1", "Audit", "ImageNotPinned")) };
        var report = AuditReport.Of(changes, null, null);

        Assert.That(report.Rows.Single().Mode, Is.EqualTo("Audit"));
        Assert.That(AuditReportText.Of(report, 1, "in namespace shop", false, s_now), Does.Contain("You may not list policies"));
        Assert.That(AuditReport.Of(changes, null, "other").Rows, Is.Empty, "the findings of another policy");
    }

    /// <summary>It enforced at the newest request, so its older findings are no findings of Audit.</summary>
    [Test]
    public void WithoutThePoliciesTheNewestRequestKnowsTheMode()
    {
        var old = Change("web-1", "web", "2026-11-20", "2026-11-21", "dana", Finding("tier-1", "Audit", "ImageNotPinned"));
        var now = Change("web-2", "web", "2026-11-22", "2026-11-23", "dana", Finding("tier-1", "Enforce", "ImageNotPinned"));
        var report = AuditReport.Of([WithMode(now, "Enforce"), WithMode(old, "Audit")], null, null);

        Assert.That((report.Rows.Count, report.LeftOut), Is.EqualTo((0, 1)));

        static ChangeView WithMode(ChangeView change, string mode)
        {
            var json = JsonNode.Parse(change.Json.GetRawText()) ?? throw new InvalidOperationException("no JSON");
            json["status"]?.AsObject().Add("policies", JsonNode.Parse($$"""[{"name": "tier-1", "mode": "{{mode}}", "wants": ""}]"""));
            return new ChangeView(JsonSerializer.SerializeToElement(json));
        }
    }

    [Test]
    public void TheTextNamesWhatItCannotKnow()
    {
        var text = AuditReportText.Of(AuditReport.Of([], s_modes, null), 0, "in namespace shop", true, s_now);

        Assert.That(
            text,
            Does.StartWith("No policy in mode Audit or Warn would have refused any of the 0 changes on record in namespace shop.")
                .And.Contain("Not in this report:\n - Pods and Jobs")
        );
    }

    [Test]
    public void ARecordWithAFieldOfTheWrongTypeIsLeftOut()
    {
        var broken = new ChangeView(
            JsonDocument.Parse("""{"metadata": {"name": "x"}, "spec": [], "status": {"phase": "Running", "findings": [1]} }""").RootElement
        );

        Assert.That(AuditReport.Of([broken], s_modes, null).Rows, Is.Empty);
    }

    private static string Finding(string policy, string mode, string reason, string more = "") =>
        $$"""{"policy": "{{policy}}", "mode": "{{mode}}", "safeguard": "S", "reason": "{{reason}}", "message": "m"{{more}}}""";

    private static ChangeView Change(string name, string workload, string from, string to, string last, params string[] findings) =>
        new(
            JsonDocument
                .Parse(
                    $$"""
                    {"metadata": {"name": "{{name}}", "namespace": "shop"},
                     "spec": {"workload": {"apiGroup": "apps", "kind": "Deployment", "name": "{{workload}}"}, "templateHash": "v2:{{new string(
                        '0',
                        64
                    )}}"},
                     "status": {"phase": "Admitted", "findings": [{{string.Join(',', findings)}}],
                                "requesters": [{"username": "zoe", "at": "{{from}}T00:00:00Z", "lastAt": "{{from}}T00:00:00Z"},
                                               {"username": "{{last}}", "at": "{{to}}T00:00:00Z", "lastAt": "{{to}}T00:00:00Z"}]} }
                    """
                )
                .RootElement
        );
}
