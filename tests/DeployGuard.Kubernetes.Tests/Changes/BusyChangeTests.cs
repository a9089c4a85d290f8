using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.Changes;
using DeployGuard.Kubernetes.Events;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>A Change that others write all the time, so that each write of this replica conflicts.</summary>
public class BusyChangeTests
{
    private const int Others = 10;
    private readonly ConcurrentDictionary<string, JsonNode> _stored = [];

    [Test]
    public async Task ItDoesNotDelayTheRecordsOfOtherChangesAndIsRecordedInTheEnd()
    {
        _stored.Clear();
        await using var api = await FakeApi.StartAsync();
        api.Own = AnswerAsync;
        var recorder = RecorderOf(api);
        recorder.RecordAfterwards(AdmissionOf("busy"));
        for (var i = 0; i < Others; i++)
        {
            recorder.RecordAfterwards(AdmissionOf($"web-{i}"));
        }

        recorder.Complete();
        await recorder.RunAsync(CancellationToken.None);

        Assert.That(recorder.Failed, Is.Zero, "with one worker, the busy one waits for the others until its time is up");
        Assert.That(_stored, Has.Count.EqualTo(Others + 1));
    }

    /// <summary>The busy Change conflicts until all others are stored.</summary>
    private async Task<bool> AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "";
        if (context.Request.Method == "GET" && path.Contains("/changes/", StringComparison.Ordinal))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            await context.Response.WriteAsync(FakeApi.NotFound);
            return true;
        }

        if (context.Request.Method != "POST")
        {
            return false;
        }

        var body = JsonNode.Parse(await new StreamReader(context.Request.Body).ReadToEndAsync()) ?? throw new AssertionException("no body");
        if (path.EndsWith("/changes", StringComparison.Ordinal))
        {
            var workload = (string?)body["spec"]?["workload"]?["name"] ?? "";
            if (workload == "busy" && _stored.Count < Others)
            {
                context.Response.StatusCode = StatusCodes.Status409Conflict;
                await context.Response.WriteAsync("""{"kind": "Status", "code": 409, "reason": "Conflict", "message": "busy"}""");
                return true;
            }

            _stored[workload] = body;
        }

        body["metadata"]?["uid"] = "u";
        await context.Response.WriteAsync(body.ToJsonString());
        return true;
    }

    private static ChangeRecorder RecorderOf(FakeApi api)
    {
        var caches = new ClusterCaches(api.Connection, WorkloadReader.Default, TimeProvider.System, NullLogger.Instance);
        return new ChangeRecorder(
            new ChangeWriter(api.Connection, TimeProvider.System),
            new TemplateWriter(api.Connection, new TemplateStore(api.Connection, caches, TimeProvider.System), TimeProvider.System),
            new EventWriter(api.Connection, TimeProvider.System),
            new Inbox(caches.Changes, caches.Approvals, TimeProvider.System),
            caches.ChangesVotedOn,
            TimeProvider.System,
            NullLogger.Instance
        );
    }

    /// <summary>An admission that is recorded after its answer.</summary>
    private static Verdict AdmissionOf(string name)
    {
        var after = WorkloadReader.Default.Read(
            JsonElement.Parse(
                $$"""
                {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "{{name}}", "namespace": "shop"},
                 "spec": {"template": {"spec": {"containers": [{"name": "web", "image": "web:1"}] } } } }
                """
            )
        );
        return new Verdict
        {
            Evaluated = new EvaluatedRequest
            {
                Request = new WorkloadRequest
                {
                    Operation = Operation.Create,
                    Requester = new Requester("dana", "", []),
                    Target = after.Ref,
                    After = after,
                },
                Classification = new Classification(ChangeType.NewRevision, "new"),
                After = after,
                Name = ChangeName.Of(after.Ref, after.Template.Hash),
            },
        };
    }
}
