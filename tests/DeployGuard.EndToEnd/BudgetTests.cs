using System.Text.RegularExpressions;
using DeployGuard.Kubernetes.Api;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>Two hundred concurrent rollouts against three replicas. They leave little CPU for other tests.</summary>
[Heavy]
public class BudgetTests : OwnCluster
{
    private const int Rollouts = 200;
    private const int Budget = 3;

    /// <summary>The retry interval for each waiting rollout, so that the total rate of requests stays the same.</summary>
    private static readonly TimeSpan s_betweenTwo = TimeSpan.FromMilliseconds(50);

    private static readonly Regex s_refusal = new("BudgetExhausted: [3-9] of 3 rollouts are in flight in namespace");

    private int _waiting = Rollouts;

    protected override int Replicas => 3;

    [Test]
    public async Task Threat24_TwoHundredConcurrentRolloutsStayWithinTheBudgetAndAllComplete()
    {
        (
            await Plane.KubectlAsync(
                "admin",
                $$"""
                {"apiVersion": "deployguard.io/v1alpha1", "kind": "SafeguardPolicy", "metadata": {"name": "budget"},
                 "spec": {"mode": "Enforce", "match": {"namespaceSelector": {"matchLabels": {"tests": "budget"} } }, "budget": {"maxConcurrentRollouts": {{Budget}} } } }
                """,
                ["create", "-f", "-"]
            )
        ).OrFail();
        var sandbox = await GuardedAsync("budget");
        using var api = ApiConnection.Open(new FileInfo(Plane.Kubeconfig("dana")));
        var path = $"apis/apps/v1/namespaces/{sandbox.Namespace}/deployments";
        await using var tracker = new RolloutTracker(Plane.Api, path);
        using var stop = new CancellationTokenSource();

        var requests = Task.WhenAll(Enumerable.Range(0, Rollouts).Select(i => RollOutAsync(api, path, $"web-{i}", stop.Token)));
        try
        {
            await Rig.Wait.UntilAsync(
                () => Task.FromResult(tracker.Completed),
                completed => completed == Rollouts || requests.IsFaulted,
                "all rollouts to complete",
                seconds: 240
            );
        }
        finally
        {
            await stop.CancelAsync();
        }

        var refusals = (await requests).SelectMany(r => r).ToList();
        Assert.That(tracker.MaxInFlight, Is.InRange(1, Budget));
        foreach (var count in refusals.CountBy(r => s_refusal.Match(r).Value))
        {
            TestContext.Out.WriteLine($"{count.Value} times: {count.Key}");
        }

        // A replica that has not seen yet that a rollout is complete counts one more than the replica that gave its place away.
        Assert.That(refusals.Where(r => !s_refusal.IsMatch(r)), Is.Empty);
        Assert.That(tracker.Completed, Is.EqualTo(Rollouts));
    }

    /// <returns>The refusals before it was admitted.</returns>
    private async Task<IReadOnlyList<string>> RollOutAsync(ApiConnection api, string path, string name, CancellationToken cancel)
    {
        var manifest = Web(V1, 1);
        manifest["metadata"]!["name"] = name;
        manifest["spec"]!["selector"]!["matchLabels"]!["app"] = name;
        manifest["spec"]!["template"]!["metadata"]!["labels"]!["app"] = name;
        manifest["spec"]!["minReadySeconds"] = 0;
        var refusals = new List<string>();
        while (true)
        {
            try
            {
                using var made = await api.WriteAsync(HttpMethod.Post, path, manifest.ToJsonString(), cancel);
                Interlocked.Decrement(ref _waiting);
                return refusals;
            }
            catch (ApiException refused)
                when (refused.StatusCode is System.Net.HttpStatusCode.Forbidden && !Busy.IsIn(refused.ServerMessage, Busy.Unanswered))
            {
                refusals.Add(refused.ServerMessage);
            }
            catch (ApiException busy) when (Busy.IsIn(busy.ServerMessage, Busy.Unanswered))
            {
                // With two hundred requests the budget could not be read in time. The request failed closed; retry.
            }

            await Task.Delay(s_betweenTwo * _waiting * (0.5 + Random.Shared.NextDouble()), cancel);
        }
    }
}
