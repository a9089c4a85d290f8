using System.Text.Json;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Webhook.Tests;

/// <summary>While every thread for costly decisions is taken: what is decided all the same, and what happens to a new revision.</summary>
public class CheapDecisionsTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private static readonly SafeguardPolicy s_policy = new()
    {
        Name = "tier-1",
        Approval = new ApprovalRules { Quorum = [new QuorumLine(["senior-engineers"], 1)] },
    };

    private readonly ManualResetEventSlim _hold = new();
    private LiteralFacts _facts = new();
    private RunningWebhook _webhook = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _facts = new LiteralFacts { Cached = new ClusterSnapshot { Policies = [s_policy] } };
        _webhook = await RunningWebhook.StartAsync(_facts);
        _hold.Reset();
        await Task.WhenAll(Enumerable.Range(0, _webhook.Costly.MaximumConcurrencyLevel).Select(_ => HoldAThreadAsync()))
            .WaitAsync(s_patience);
    }

    [TearDown]
    public async Task StopAsync()
    {
        _hold.Set();
        await _webhook.DisposeAsync();
    }

    [OneTimeTearDown]
    public void Dispose() => _hold.Dispose();

    [Test]
    public async Task AnUpdateOfTheSameTemplateDoesNotWait()
    {
        var (before, after) = (Reviews.Deployment(Reviews.Image), Reviews.Deployment(Reviews.Image));
        after["metadata"]!["labels"] = JsonSerializer.SerializeToNode(new { team = "shop" });

        var answer = await SendAsync(Reviews.Of("UPDATE", "apps", "Deployment", "deployments", "dana", after, before));

        Assert.That(answer.GetProperty("allowed").GetBoolean(), Is.True);
    }

    [Test]
    public async Task AScaleDownDoesNotWait()
    {
        var (before, after) = (Reviews.Deployment(Reviews.Image), Reviews.Deployment(Reviews.Image));
        after["spec"]!["replicas"] = 2;

        var answer = await SendAsync(Reviews.Of("UPDATE", "apps", "Deployment", "deployments", "dana", after, before));

        Assert.That(answer.GetProperty("allowed").GetBoolean(), Is.True);
    }

    [Test]
    public async Task ANewRevisionThatDoesNotBeginInTimeIsRefusedForNow()
    {
        var answer = await SendAsync(Reviews.Update(), "1s");

        Assert.That(answer.GetProperty("allowed").GetBoolean(), Is.False);
        Assert.That(
            answer.GetRawText(),
            Does.Contain("EvaluationIncomplete: the replica computes too many other decisions to answer in time")
        );
        Assert.That(_webhook.Costly.Waiting, Is.Zero);
        Assert.That(_facts.SeenRefused, Is.Empty, "it says nothing about the requester");
    }

    [Test]
    public async Task ANewRevisionIsDecidedOnceAThreadIsFree()
    {
        var waits = SendAsync(Reviews.Update(), "30s");
        await UntilAsync(() => _webhook.Costly.Waiting == 1);
        Assert.That(waits.IsCompleted, Is.False);

        _hold.Set();

        Assert.That((await waits).GetRawText(), Does.Contain("ApprovalMissing"));
    }

    [Test]
    public async Task ACallerThatHangsUpLeavesItsPlace()
    {
        using var patience = new CancellationTokenSource();
        using var body = new StringContent(Reviews.Update(), System.Text.Encoding.UTF8, "application/json");
        var waits = _webhook.PostAsync("/admit/workloads?timeout=30s", body, patience.Token);
        await UntilAsync(() => _webhook.Costly.Waiting == 1);

        await patience.CancelAsync();

        Assert.That(async () => await waits, Throws.InstanceOf<OperationCanceledException>());
        await UntilAsync(() => _webhook.Costly.Waiting == 0);
    }

    private Task<JsonElement> SendAsync(string review, string timeout = "10s") =>
        _webhook.SendAsync($"/admit/workloads?timeout={timeout}", review).WaitAsync(s_patience);

    private Task HoldAThreadAsync()
    {
        var holds = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = _webhook.Costly.RunAsync(
            () =>
            {
                holds.SetResult();
                // No limit: what is answered meanwhile was answered without a thread.
                _hold.Wait();
                return Task.FromResult(true);
            },
            CancellationToken.None
        );
        return holds.Task;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var deadline = new CancellationTokenSource(s_patience);
        while (!condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, deadline.Token);
        }
    }
}
