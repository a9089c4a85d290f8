using System.Text.Json;
using DeployGuard.Cli.Views;

namespace DeployGuard.Cli.Tests;

/// <summary>A Change with an invalid field is listed with the others, and names the field.</summary>
public class ChangeViewTests
{
    private const string Written =
        """{"metadata": {"name": "c", "namespace": "shop"}, "spec": {"workload": {"kind": "Deployment", "name": "web"}, "templateHash": "v2:0"}, "status": {"phase": "Pending", "missing": "approval", "completedPods": 3}}""";

    [Test]
    public void AnAuditorReadsSinceWhenAndWhyAndForWhatAnExpiredVoteCounted()
    {
        var view = new ChangeView(
            JsonElement.Parse(
                """
                {"metadata": {"name": "c", "namespace": "shop"}, "spec": {"workload": {"kind": "Deployment", "name": "web"}, "templateHash": "v2:0"},
                 "status": {"phase": "Completed", "conditions": [
                   {"type": "Admitted", "status": "True", "lastTransitionTime": "2026-11-28T12:00:00Z", "message": "approved by alice"},
                   {"type": "Approved", "status": "True", "lastTransitionTime": "2026-11-28T12:00:00Z", "message": "approved by alice"},
                   {"type": "Completed", "status": "True", "lastTransitionTime": "2026-11-28T12:05:00Z"}],
                  "approvals": [{"name": "v", "approver": "alice", "decision": "Approve", "at": "2026-11-28T11:59:00Z",
                    "expired": true, "counts": ["tier-1: seniors"]}]}}
                """
            )
        );

        Assert.That(
            view.Progress,
            Is.EqualTo(new[] { "Admitted at 2026-11-28T12:00:00Z: approved by alice", "Completed at 2026-11-28T12:05:00Z" })
        );
        Assert.That(view.Approvals.Single(), Does.EndWith("; expired; counted for tier-1: seniors"));
    }

    /// <summary>The condition keeps what the first request lacked: the last one may have lacked something else.</summary>
    [TestCase("Enforce", "Pending at 2026-11-28T12:00:00Z")]
    [TestCase("Warn", "Pending at 2026-11-28T12:00:00Z: approvals 0 of 1. See what StatementSubject says of the statement below.")]
    public void WhatTheFirstRequestLackedIsNotToldBesideTheFindingsOfTheLast(string mode, string since)
    {
        var view = new ChangeView(
            JsonElement.Parse(
                $$"""
                {"metadata": {"name": "c", "namespace": "shop"}, "spec": {"workload": {"kind": "Deployment", "name": "web"}, "templateHash": "v2:0"},
                 "status": {"phase": "Pending",
                   "conditions": [{"type": "Pending", "status": "True", "lastTransitionTime": "2026-11-28T12:00:00Z",
                     "message": "approvals 0 of 1. See what StatementSubject says of the statement below."}],
                   "findings": [{"policy": "tier-1", "mode": "{{mode}}", "reason": "ApprovalMissing", "message": "approvals 0 of 1"}]} }
                """
            )
        );

        Assert.That(view.Progress, Is.EqualTo(new[] { since }));
    }

    [TestCase("3", "approval", true)]
    [TestCase("\"three\"", "cannot be read: status.completedPods: expected a whole number, found a string", false)]
    public void AnInvalidFieldIsNamed(string pods, string missing, bool isValid)
    {
        var view = new ChangeView(JsonElement.Parse(Written.Replace("3", pods, StringComparison.Ordinal)));
        Assert.That((view.Name, view.Phase, view.Missing, view.Parsed is not null), Is.EqualTo(("c", "Pending", missing, isValid)));
    }
}
