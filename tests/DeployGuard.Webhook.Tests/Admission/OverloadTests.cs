using System.Text.Json;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Webhook.Admission;
using DeployGuard.Webhook.Reviews;

namespace DeployGuard.Webhook.Tests;

/// <summary>More requests than a replica can decide at once: users are shed before machines, and other requests are not affected.</summary>
public class OverloadTests
{
    private static readonly SafeguardPolicy s_policy = new()
    {
        Name = "tier-1",
        Approval = new ApprovalRules { Quorum = [new QuorumLine(["senior-engineers"], 1)] },
    };

    [Test]
    public async Task RequestsAboveTheLimitAreRefusedAndUnguardedOnesPass()
    {
        var hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var facts = new LiteralFacts
        {
            Cached = new ClusterSnapshot { Policies = [s_policy] },
            Hold = hold.Task,
        };
        await using var webhook = await RunningWebhook.StartAsync(facts);
        var waiting = Enumerable.Range(0, 64).Select(_ => webhook.SendAsync("/admit/workloads?timeout=30s", Reviews.Update())).ToList();
        JsonElement refused;
        do
        {
            // Until all of them are inside, this one waits with them.
            var next = webhook.SendAsync("/admit/workloads?timeout=30s", Reviews.Update());
            waiting.Add(next);
            refused =
                await Task.WhenAny(next, Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System)) == next ? await next : default;
        } while (refused.ValueKind is JsonValueKind.Undefined && waiting.Count < 200);

        Assert.That(refused.GetProperty("status").GetProperty("code").GetInt32(), Is.EqualTo(429));
        Assert.That(refused.GetProperty("status").GetProperty("message").GetString(), Does.Contain("Overloaded: too many decisions wait"));
        Assert.That(facts.SeenRefused, Is.Empty, "an overload says nothing about the requester");
        facts.Cached = new ClusterSnapshot();
        Assert.That(
            (await webhook.SendAsync("/admit/workloads", Reviews.Update())).GetProperty("allowed").GetBoolean(),
            Is.True,
            "an unguarded request waits for nothing"
        );
        hold.SetResult();
        await Task.WhenAll(waiting);
        var metrics = await webhook.ScrapeAsync();
        Assert.That(metrics, Does.Match("deployguard_overloaded_total\\{[^}]*requester=\"person\"[^}]*\\} [1-9]"));
        Assert.That(metrics, Does.Not.Contain("reason=\"Overloaded\""), "it says nothing about the change");
    }

    [Test]
    public void PeopleAreShedBeforeMachines()
    {
        var limiter = new ConcurrencyLimiter(maxWithUsers: 1, max: 2);
        var (dana, flux) = (new Requester("dana", "", []), new Requester("system:serviceaccount:flux-system:kustomize-controller", "", []));

        var first = limiter.TryEnter(dana);
        Assert.That(limiter.TryEnter(dana), Is.Null);
        using var second = limiter.TryEnter(flux);
        Assert.That(second, Is.Not.Null);
        Assert.That(limiter.TryEnter(flux), Is.Null);
        first?.Dispose();
        first?.Dispose();
        Assert.That(limiter.TryEnter(dana), Is.Null, "a seat is free for a machine, not for a person");
        using var third = limiter.TryEnter(flux);
        Assert.That(third, Is.Not.Null);
    }

    [Test]
    public void TheMemoryOfReviewBodiesIsBounded()
    {
        var limiter = new BodyMemoryLimiter(maxBytes: ReviewBody.LargeBytes + 100L);

        var unknown = limiter.TryTake(null);
        Assert.That(unknown, Is.Not.Null, "without a Content-Length, a body may be as large as a usual review");
        using var small = limiter.TryTake(100);
        Assert.That(small, Is.Not.Null);
        Assert.That(limiter.TryTake(1), Is.Null);
        unknown?.Dispose();
        using var again = limiter.TryTake(1);
        Assert.That(again, Is.Not.Null);
    }
}
