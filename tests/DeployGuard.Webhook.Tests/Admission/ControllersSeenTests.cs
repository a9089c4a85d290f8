using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Webhook.Tests;

/// <summary>Reviews of objects that controllers create reach the list of observed controllers.</summary>
public class ControllersSeenTests
{
    private const string Controller = "system:serviceaccount:kube-system:daemon-set-controller";

    [Test]
    public async Task APodAndAControllerRevisionSayThatAControllerOwnsThem()
    {
        var facts = new LiteralFacts();
        await using var webhook = await RunningWebhook.StartAsync(facts);
        await webhook.SendAsync(
            "/admit/workloads",
            await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "reviews", "kubectl-set-image-create-pod.json"))
        );
        await webhook.SendAsync(
            "/admit/workloads",
            Reviews.Of("CREATE", "apps", "ControllerRevision", "controllerrevisions", Controller, Revision(owned: true))
        );
        await webhook.SendAsync(
            "/admit/workloads",
            Reviews.Of("CREATE", "apps", "ControllerRevision", "controllerrevisions", Controller, Revision(owned: false))
        );

        var seen = facts.Seen.ToList();
        Assert.Multiple(() =>
        {
            Assert.That(seen[0], Is.TypeOf<WorkloadRequest>().With.Property("After").Property("ControllerUid").Not.Null);
            Assert.That(seen.Skip(1).Cast<OpaqueRequest>().Select(r => r.Controller?.Name), Is.EqualTo((string?[])["logs", null]));
        });
    }

    [Test]
    public async Task RefusedRequestsAndDryRunsDoNotReportControllers()
    {
        var facts = new LiteralFacts
        {
            Cached = new ClusterSnapshot
            {
                Policies =
                [
                    PolicyReader.Read(
                        JsonDocument.Parse("""{"metadata": {"name": "all"}, "spec": {"images": {"pin": "Digest"}}}""").RootElement
                    ),
                ],
            },
        };
        await using var webhook = await RunningWebhook.StartAsync(facts);
        const string Maker = "system:serviceaccount:shop:bot";

        var refused = await webhook.SendAsync(
            "/admit/workloads",
            Reviews.Of("CREATE", "apps", "ControllerRevision", "controllerrevisions", Maker, Revision(owned: true))
        );
        await webhook.SendAsync(
            "/admit/workloads",
            Reviews.Of("CREATE", "apps", "ControllerRevision", "controllerrevisions", Controller, Revision(owned: true), dryRun: true)
        );
        Assert.That(refused.GetProperty("allowed").GetBoolean(), Is.False);
        Assert.That(facts.Seen, Is.Empty);
        Assert.That(
            facts.SeenRefused.Select(r => r.Requester.Username),
            Is.EqualTo((string[])[Maker]),
            "refused requests are listed separately, and a dry run is not noted"
        );

        await webhook.SendAsync(
            "/admit/workloads",
            Reviews.Of("CREATE", "apps", "ControllerRevision", "controllerrevisions", Controller, Revision(owned: true))
        );
        Assert.That(facts.Seen.Single().Requester.Username, Is.EqualTo(Controller));
    }

    [Test]
    public async Task InvalidOwnersAreMalformed()
    {
        await using var webhook = await RunningWebhook.StartAsync(new LiteralFacts());
        var broken = Revision(owned: false);
        broken["metadata"] = new JsonObject { ["name"] = "x", ["ownerReferences"] = "me" };
        var answer = await webhook.SendAsync(
            "/admit/workloads",
            Reviews.Of("CREATE", "apps", "ControllerRevision", "controllerrevisions", Controller, broken)
        );
        Assert.That(
            answer.GetProperty("status").GetProperty("message").GetString(),
            Does.Contain("object.metadata.ownerReferences: expected a list")
        );
    }

    private static JsonObject Revision(bool owned) =>
        new()
        {
            ["apiVersion"] = "apps/v1",
            ["kind"] = "ControllerRevision",
            ["metadata"] = new JsonObject
            {
                ["name"] = "logs-1",
                ["namespace"] = "shop",
                ["ownerReferences"] = owned
                    ? new JsonArray(
                        new JsonObject
                        {
                            ["apiVersion"] = "apps/v1",
                            ["kind"] = "DaemonSet",
                            ["name"] = "logs",
                            ["uid"] = "u",
                            ["controller"] = true,
                        }
                    )
                    : new JsonArray(),
            },
            ["data"] = new JsonObject(),
            ["revision"] = 1,
        };
}
