using System.Text.Json.Nodes;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Changes;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>How many Changes may wait: nobody fills the places of another person, and only what waits takes one.</summary>
public class InboxTests
{
    private const string Robot = "system:serviceaccount:shop:robot-";

    [TestCase("Pending", 9, true)]
    [TestCase("Pending", 10, false)]
    [TestCase("Rejected", 10, true)]
    [TestCase("Withdrawn", 10, true)]
    [TestCase("Expired", 10, true)]
    [TestCase("Completed", 10, true)]
    public async Task OnlyWhatWaitsTakesAPlace(string phase, int changes, bool expected) =>
        Assert.That(await HasRoomAsync("dana", Enumerable.Range(0, changes).Select(i => Item(i, "dana", phase))), Is.EqualTo(expected));

    [Test]
    public async Task ManyServiceAccountsFillOnlyThePlacesOfMachines()
    {
        var flood = Enumerable.Range(0, 40).Select(i => Item(i, $"{Robot}{i / 8}", "Pending")).ToList();

        Assert.That(await HasRoomAsync("dana", flood), Is.True);
        Assert.That(await HasRoomAsync($"{Robot}9", flood), Is.False);
        Assert.That(await HasRoomAsync($"{Robot}9", flood.Skip(1)), Is.True);
    }

    [TestCase("dana", true)]
    [TestCase("erin", false)]
    public async Task WithdrawalsDoNotHideThatRequestsMayBeMissing(string user, bool expected) =>
        Assert.That(
            await AskAsync(Enumerable.Range(0, 10).Select(i => Item(i, "dana", "Withdrawn")), (inbox, web) => inbox.MayLack(web, user)),
            Is.EqualTo(expected)
        );

    /// <summary>The requests are for other workloads, or were admitted since.</summary>
    [TestCase(200, "Pending", "api", true)]
    [TestCase(199, "Pending", "api", false)]
    [TestCase(10, "Completed", "web", true)]
    public async Task EveryLimitThatKeepsARequestOffTheRecordForbidsAVoteByHash(
        int changes,
        string phase,
        string workload,
        bool expected
    ) =>
        Assert.That(
            await AskAsync(
                Enumerable.Range(0, changes).Select(i => Item(i, "dana", phase, workload)),
                (inbox, web) => inbox.MayLack(web, "dana")
            ),
            Is.EqualTo(expected)
        );

    /// <summary>It waits for another person, who requested the same.</summary>
    [TestCase("dana", true)]
    [TestCase("erin", false)]
    public async Task AWithdrawnRequestTakesNoPlaceOfItsRequester(string withdrawnBy, bool expected) =>
        Assert.That(
            await AskAsync(
                Enumerable.Range(0, 10).Select(i => Item(i, "dana", "Pending")),
                (inbox, web) => inbox.HasRoom(web, "deployment-web-new", "dana"),
                Withdrawal(0, withdrawnBy)
            ),
            Is.EqualTo(expected)
        );

    private static Task<bool> HasRoomAsync(string requester, IEnumerable<string> changes) =>
        AskAsync(changes, (inbox, web) => inbox.HasRoom(web, "deployment-web-new", requester));

    private static async Task<bool> AskAsync(IEnumerable<string> changes, Func<Inbox, WorkloadRef, bool> ask, string votes = "")
    {
        await using var api = await FakeApi.StartAsync();
        api.Objects["/apis/batch/v1"] = """{"resources": [{"name": "cronjobs"}]}""";
        api.Own = async context =>
        {
            var items = context.Request.Path.Value?.Split('/')[^1] switch
            {
                "changes" => string.Join(",", changes),
                "changeapprovals" => votes,
                _ => null,
            };
            if (items is null || context.Request.Query.ContainsKey("watch"))
            {
                return false;
            }

            await Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(
                context.Response,
                $$"""{"metadata": {"resourceVersion": "1"}, "items": [{{items}}]}"""
            );
            return true;
        };
        await using var synced = await SyncedCaches.OfAsync(api);
        return ask(
            new Inbox(synced.Caches.Changes, synced.Caches.Approvals, TimeProvider.System),
            new WorkloadRef("apps", "Deployment", "shop", "web")
        );
    }

    private static string Withdrawal(int i, string by) =>
        $$"""
            {"apiVersion": "deployguard.io/v1alpha1", "kind": "ChangeApproval",
             "metadata": {"name": "w", "namespace": "shop", "uid": "w", "creationTimestamp": "2026-11-28T10:00:00Z"},
             "spec": {"workload": {"apiGroup": "apps", "kind": "Deployment", "name": "web"}, "templateHash": "v2:{{i:x64}}",
              "decision": "Withdraw", "approver": {"username": "{{by}}", "uid": "", "groups": []} } }
            """;

    private static string Item(int i, string requester, string phase, string workload = "web") =>
        new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = $"deployment-web-{i}",
                ["namespace"] = "shop",
                ["uid"] = $"u{i}",
            },
            ["spec"] = new JsonObject
            {
                ["workload"] = new JsonObject
                {
                    ["apiGroup"] = "apps",
                    ["kind"] = "Deployment",
                    ["name"] = workload,
                },
                ["templateHash"] = $"v2:{i:x64}",
            },
            ["status"] = new JsonObject
            {
                ["phase"] = Enum.Parse<Phase>(phase).ToString(),
                ["requesters"] = new JsonArray(new JsonObject { ["username"] = requester }),
            },
        }.ToJsonString();
}
