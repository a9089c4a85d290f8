using System.Text.Json;
using DeployGuard.Cluster.Access;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>Many rollouts at the same instant, against three replicas.</summary>
public class BudgetTests : OwnWorldPerTest
{
    private const int Rollouts = 200;
    private const int Budget = 3;

    private static readonly string[] s_busy = ["Undecidable", "Overloaded", "failed calling webhook"];

    protected override int Replicas => 3;

    [Test]
    public async Task Row24_TwoHundredAtOnceAreNeverMoreThanThreeAndAllGetThrough()
    {
        (await World.Rig.Plane.KubectlAsync("admin", $$"""
            {"apiVersion": "deployguard.io/v1alpha1", "kind": "SafeguardPolicy", "metadata": {"name": "budget"},
             "spec": {"match": {"namespaceSelector": {"matchLabels": {"tests": "budget"} } }, "budget": {"maxConcurrentRollouts": {{Budget}} } } }
            """, ["create", "-f", "-"])).OrFail();
        var sandbox = await GuardedAsync("budget");
        using var api = ApiConnection.Open(new FileInfo(World.Rig.Plane.Kubeconfig("dana")));
        var path = $"apis/apps/v1/namespaces/{sandbox.Namespace}/deployments";
        using var done = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(done.Token);
        var watching = MostInFlightAsync(api, path, stop.Token);

        var refusals = (await Task.WhenAll(Enumerable.Range(0, Rollouts).Select(i => RollOutAsync(api, path, $"web-{i}", done.Token)))).SelectMany(r => r).ToList();
        await Rig.Wait.UntilAsync(() => IncompleteAsync(api, path, done.Token), left => left == 0, "all of them to complete");
        await stop.CancelAsync();

        Assert.That(await watching, Is.InRange(1, Budget));
        Assert.That(refusals, Has.All.Contains("BudgetSpent: 3 of 3 rollouts in namespace"));
        Assert.That(await CountAsync(api, path), Is.EqualTo(Rollouts));
        TestContext.Out.WriteLine($"{refusals.Count} refusals");
    }

    /// <returns>What it was refused with on the way.</returns>
    private static async Task<IReadOnlyList<string>> RollOutAsync(ApiConnection api, string path, string name, CancellationToken cancel)
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
                return refusals;
            }
            catch (ApiException refused) when (refused.StatusCode is System.Net.HttpStatusCode.Forbidden && !s_busy.Any(b => refused.ServerMessage.Contains(b, StringComparison.Ordinal)))
            {
                refusals.Add(refused.ServerMessage);
            }
            catch (ApiException busy) when (s_busy.Any(b => busy.ServerMessage.Contains(b, StringComparison.Ordinal)))
            {
                // No place could be had or refused in time, with two hundred asking: closed, and asked again.
            }

            await Task.Delay(Random.Shared.Next(1500, 5000), cancel);
        }
    }

    private static async Task<int> MostInFlightAsync(ApiConnection api, string path, CancellationToken cancel)
    {
        var most = 0;
        try
        {
            while (true)
            {
                most = Math.Max(most, await IncompleteAsync(api, path, cancel));
                await Task.Delay(50, cancel);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return most;
        }
    }

    /// <summary>Of one list, which is one instant.</summary>
    private static async Task<int> IncompleteAsync(ApiConnection api, string path, CancellationToken cancel)
    {
        using var list = await api.GetAsync(path, cancel);
        return list.RootElement.GetProperty("items").EnumerateArray().Count(d => !(d.GetProperty("status").TryGetProperty("availableReplicas", out var available) && available.GetInt32() == 1));
    }

    private static async Task<int> CountAsync(ApiConnection api, string path)
    {
        using JsonDocument list = await api.GetAsync(path, CancellationToken.None);
        return list.RootElement.GetProperty("items").GetArrayLength();
    }
}
