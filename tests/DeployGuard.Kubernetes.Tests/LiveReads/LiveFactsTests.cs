using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Comparison;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Records;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.LiveReads;
using Microsoft.AspNetCore.Http;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>Which votes a gated decision reads: all that can count, and none on other workloads, however many there are.</summary>
public class LiveFactsTests
{
    private const string Folder = "/apis/deployguard.io/v1alpha1/namespaces/shop/changeapprovals";

    private static readonly Workload s_web = WorkloadReader.Default.Read(
        JsonElement.Parse(
            """
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"}, "spec": {"template": {"spec": {"containers": [{"name": "web", "image": "web:1"}]}}}}
            """
        )
    );

    private readonly List<JsonObject> _votes = [];
    private readonly List<string> _asked = [];

    /// <summary>The Change that every read returns; null for none.</summary>
    private string? _change;

    [SetUp]
    public void Forget()
    {
        _votes.Clear();
        _change = null;
        _asked.Clear();
    }

    [Test]
    public async Task VotesOnOtherWorkloadsAreNotRead()
    {
        _votes.AddRange(Enumerable.Range(0, 2000).Select(i => Vote($"other-{i}", "other", "Approve", isLabelled: true)));
        _votes.Add(Vote("yes", "web", "Approve", isLabelled: true));

        var cluster = await RefreshAsync();

        Assert.That(cluster.Approvals.Select(a => a.Name), Is.EqualTo(new[] { "yes" }));
        Assert.That(_asked, Has.All.Contain("limit=500").And.All.Contain("labelSelector="));
    }

    [Test]
    public async Task VetoOnAnotherWorkloadIsReadBecauseItWithdrawsItsCompletedSteps()
    {
        _votes.Add(Vote("no", "other", "Reject", isLabelled: true));

        var cluster = await RefreshAsync();

        Assert.That(cluster.Approvals, Is.Empty);
        Assert.That(cluster.Namespace?.Votes.Select(v => v.Name), Is.EqualTo(new[] { "no" }));
    }

    [TestCase("Approve")]
    [TestCase("Reject")]
    public async Task VoteWithoutLabelsIsFound(string decision)
    {
        _votes.Add(Vote("old", "web", decision, isLabelled: false));

        Assert.That((await RefreshAsync()).Approvals.Select(a => a.Name), Is.EqualTo(new[] { "old" }));
    }

    [Test]
    public async Task VoteFoundTwiceCountsOnce()
    {
        _votes.Add(Vote("no", "web", "Reject", isLabelled: true));

        Assert.That((await RefreshAsync()).Approvals, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task FalseLabelDoesNotMakeAVoteCountForAnotherWorkload()
    {
        var lie = Vote("lie", "other", "Approve", isLabelled: true);
        lie["metadata"]!["labels"]![RecordLabels.Workload] = RecordLabels.Of(s_web.Ref);
        _votes.Add(lie);

        Assert.That((await RefreshAsync()).Approvals, Is.Empty);
    }

    [Test]
    public async Task RecordsOfAUserAreCountedByLabelInPages()
    {
        _votes.AddRange(Enumerable.Range(0, 201).Select(i => Vote($"v{i}", "web", "Approve", isLabelled: true)));
        await using var api = await StartAsync();

        Assert.That(
            await new LiveFacts(api.Connection, HashTranslation.WithoutCluster, WorkloadReader.Default).CountAsync(
                "changeapprovals",
                "shop",
                RecordLabels.OfCreator("alice"),
                CancellationToken.None
            ),
            Is.EqualTo(201)
        );
        Assert.That(
            await new LiveFacts(api.Connection, HashTranslation.WithoutCluster, WorkloadReader.Default).CountAsync(
                "changeapprovals",
                "shop",
                RecordLabels.OfCreator("bob"),
                CancellationToken.None
            ),
            Is.Zero
        );
    }

    /// <summary>It only explains a refusal, so a failed read must not matter.</summary>
    [TestCase(StatusCodes.Status404NotFound)]
    [TestCase(StatusCodes.Status500InternalServerError)]
    [TestCase(StatusCodes.Status403Forbidden)]
    [TestCase(null)]
    public async Task ApprovedRevisionIsNamedWithOrWithoutItsTemplate(int? status)
    {
        await using var api = await FakeApi.StartAsync();
        using var stop = new CancellationTokenSource();
        var requestedPath = "";
        api.Own = async context =>
        {
            requestedPath = context.Request.Path;
            if (status is { } code)
            {
                context.Response.StatusCode = code;
                await context.Response.WriteAsync(FakeApi.NotFound);
            }
            else
            {
                // A server that does not answer.
                await Task.Delay(Timeout.Infinite, stop.Token).ContinueWith(static _ => { }, TaskScheduler.Default);
            }

            return true;
        };

        var found = await new LiveFacts(api.Connection, HashTranslation.WithoutCluster, WorkloadReader.Default).FindOtherApprovedAsync(
            s_web,
            Approved(Phase.Pending),
            CancellationToken.None
        );
        await stop.CancelAsync();

        Assert.That(
            (found?.Change, found?.Approvers.Single(), found?.Template),
            Is.EqualTo(("deployment-web-1", "alice", (RecordedTemplate?)null))
        );
        Assert.That(requestedPath, Does.EndWith("/namespaces/shop/changetemplates/deployment-web-1"));
    }

    [TestCase(Phase.Completed)]
    [TestCase(Phase.Proven)]
    public async Task NoOtherApprovedTemplateIsSoughtForAnAdmittedRevision(Phase phase)
    {
        await using var api = await FakeApi.StartAsync();

        Assert.That(
            await new LiveFacts(api.Connection, HashTranslation.WithoutCluster, WorkloadReader.Default).FindOtherApprovedAsync(
                s_web,
                Approved(phase),
                CancellationToken.None
            ),
            Is.Null
        );
    }

    private static ClusterSnapshot Approved(Phase phase)
    {
        var hash = "v2:" + new string('1', 64);
        return new ClusterSnapshot
        {
            Changes =
            [
                new Change
                {
                    Name = "deployment-web-1",
                    Workload = s_web.Ref,
                    TemplateHash = hash,
                    Phase = phase,
                },
            ],
            Approvals =
            [
                new Approval
                {
                    Name = "a",
                    Workload = s_web.Ref,
                    TemplateHash = hash,
                    Decision = Decision.Approve,
                    Approver = new Requester("alice", "", ["seniors"]),
                    CreatedAt = DateTimeOffset.UnixEpoch,
                },
            ],
        };
    }

    /// <summary>An invalid stored object must not refuse the request.</summary>
    [TestCase("3", 1)]
    [TestCase("\"three\"", 0)]
    public async Task InvalidChangeIsIgnored(string pods, int expected)
    {
        _change =
            $$$"""{"metadata": {"name": "c", "namespace": "shop"}, "spec": {"workload": {"apiGroup": "apps", "kind": "Deployment", "name": "web"}, "templateHash": "v2:0"}, "status": {"phase": "Pending", "completedPods": {{{pods}}} } }""";
        Assert.That((await RefreshAsync()).Changes.DistinctBy(c => c.Name).Count(), Is.EqualTo(expected));
    }

    private async Task<ClusterSnapshot> RefreshAsync()
    {
        await using var api = await StartAsync();
        return await new LiveFacts(api.Connection, HashTranslation.WithoutCluster, WorkloadReader.Default).RefreshAsync(
            s_web,
            null,
            new ClusterSnapshot { Namespace = new NamespaceSnapshot() },
            CancellationToken.None
        );
    }

    private async Task<FakeApi> StartAsync()
    {
        var api = await FakeApi.StartAsync();
        api.Own = AnswerAsync;
        return api;
    }

    /// <summary>Lists as the API server does: objects that the selector does not match are not sent.</summary>
    private async Task<bool> AnswerAsync(HttpContext context)
    {
        if (context.Request.Path != Folder)
        {
            if (context.Request.Path.Value?.Contains("/changes/", StringComparison.Ordinal) is true)
            {
                if (_change is not null)
                {
                    await context.Response.WriteAsync(_change);
                    return true;
                }

                context.Response.StatusCode = StatusCodes.Status404NotFound;
                await context.Response.WriteAsync(FakeApi.NotFound);
                return true;
            }

            return false;
        }

        var selector = context.Request.Query["labelSelector"].ToString();
        lock (_asked)
        {
            _asked.Add(context.Request.QueryString.Value ?? "");
        }

        var items = new JsonArray([.. _votes.Where(v => Matches(v, selector)).Select(v => v.DeepClone())]);
        await context.Response.WriteAsync(
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["resourceVersion"] = "1" },
                ["items"] = items,
            }.ToJsonString()
        );
        return true;
    }

    private static bool Matches(JsonObject vote, string selector)
    {
        var isNot = selector.Contains("!=", StringComparison.Ordinal);
        var parts = selector.Split(isNot ? "!=" : "=", 2);
        return ((string?)vote["metadata"]?["labels"]?[parts[0]] == parts[1]) != isNot;
    }

    private static JsonObject Vote(string name, string workload, string decision, bool isLabelled)
    {
        var vote = JsonElement.Parse(
            $$"""
            {"metadata": {"name": "{{name}}", "namespace": "shop", "creationTimestamp": "2026-11-27T00:00:00Z"},
             "spec": {"workload": {"apiGroup": "apps", "kind": "Deployment", "name": "{{workload}}"}, "templateHash": "v1:{{new string(
                '0',
                64
            )}}", "decision": "{{decision}}",
                      "reason": "{{new string('x', 2000)}}", "approver": {"username": "alice", "groups": ["seniors"]} } }
            """
        );
        var document = JsonObject.Create(vote) ?? throw new InvalidOperationException("no vote");
        if (isLabelled)
        {
            document["metadata"]!["labels"] = new JsonObject([
                .. RecordLabels.Of(ApprovalReader.Read(vote, default)).Select(l => KeyValuePair.Create(l.Key, (JsonNode?)l.Value)),
            ]);
        }

        return document;
    }
}
