using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Rig;
using static DeployGuard.EndToEnd.Pools;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>Every counted event, caused with a real kubectl while Prometheus scrapes: the input of the alerts and dashboards.</summary>
internal sealed class MonitoredScenario(Monitoring monitoring)
{
    private const int Rounds = 3;

    /// <summary>The namespace of refused, approved, rolled back and break-glass rollouts. In the end one waits for approval.</summary>
    public Sandbox? Shop { get; private set; }

    /// <summary>A namespace in which the same rollout is refused again and again.</summary>
    public Sandbox? Stuck { get; private set; }

    private static ControlPlane Plane => TestCluster.Rig.Plane;

    private static Installation Installation => TestCluster.Rig.Installation ?? throw new InvalidOperationException("not installed");

    public async Task PlayAsync()
    {
        Shop = await WithWebRunningAsync(replicas: 1);
        await ResetPeriodAsync();
        await Task.WhenAll(ApprovalsAsync(Shop), RepeatAsync(), CanaryAsync(), WarningAsync(), NonsenseAsync(), AlteredAsync());
        await RefuseAsync(Shop, Image(9));
        await CutOffAsync(Shop);
    }

    /// <summary>
    /// Several rounds, each scraped before the next: haproxy chooses the replica that answers, and a rate needs two samples of one series
    /// that differ.
    /// </summary>
    private async Task ApprovalsAsync(Sandbox shop)
    {
        (
            await shop.KubectlAsync("olga", "deployguard", "breakglass", "deployment/web", "--incident", "INC-1", "--reason", "orders fail")
        ).OrFail();
        for (var round = 1; round <= Rounds; round++)
        {
            await RefuseAsync(shop, Image(round));
            (await shop.ApproveAsync("alice", await shop.ChangeInPhaseAsync("Pending"))).OrFail();
            await Wait.UntilAsync(
                () => shop.ApplyAsync("dana", Web(Image(round), 1, aiAssisted: true)),
                run => run.Succeeded,
                "the approved change to pass"
            );
            await BackAsync(shop);
            (await shop.SetImageAsync(Image(round + Rounds), "olga")).OrFail();
            await BackAsync(shop);
            await SeenAsync("deployguard_rollbacks_total", 2 * round);
        }
    }

    /// <summary>More often than the alert needs: retries of the API server itself count once.</summary>
    private async Task RepeatAsync()
    {
        Stuck = await GuardedAsync();
        for (var times = 0; times < 4; times++)
        {
            await RefuseAsync(Stuck, Image(0));
        }
    }

    private static async Task RefuseAsync(Sandbox shop, string image)
    {
        for (var time = 0; time < 2; time++)
        {
            Assert.That((await shop.ApplyAsync("dana", Web(image, 1, aiAssisted: true))).Output, Does.Contain("ApprovalMissing"));
        }
    }

    private static async Task BackAsync(Sandbox shop)
    {
        await shop.SettleAsync();
        (await shop.KubectlAsync("dana", "rollout", "undo", "deployment/web")).OrFail();
        await shop.ObservedAsync("deployment/web");
        await shop.SettleAsync();
    }

    private static async Task CanaryAsync()
    {
        var sandbox = await WithServiceAsync("canary-slow");
        Assert.That((await sandbox.ApplyAsync("dana", SecondDeployment("web-canary", V2, 2))).Output, Does.Contain("CanaryStepExceeded"));
        (await sandbox.ApplyAsync("dana", SecondDeployment("web-canary", V2, 1))).OrFail();
    }

    private static async Task WarningAsync()
    {
        var sandbox = await GuardedAsync("warns");
        var made = 0;
        await Wait.UntilAsync(
            () =>
            {
                // Under a policy that only warns, a timeout on a busy machine admits the request without a warning.
                var web = Web("web:1");
                web["metadata"]!["name"] = $"web-{++made}";
                return sandbox.ApplyAsync("dana", web);
            },
            run => run.OrFail().Output.Contains("Warning", StringComparison.Ordinal),
            "a warning"
        );
    }

    private static async Task NonsenseAsync()
    {
        using var http = new HttpClient(
            new HttpClientHandler
            {
                ServerCertificateCustomValidationCallback = HttpClientHandler.DangerousAcceptAnyServerCertificateValidator,
            }
        );
        using var body = new StringContent("nonsense", Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync(
            new Uri($"https://127.0.0.1:{Installation.Replicas[0].Port}/admit/workloads?timeout=3s"),
            body
        );
        Assert.That((int)answer.StatusCode, Is.EqualTo(400));
    }

    /// <summary>An entry gets another timeout, and the leader restores it.</summary>
    private static async Task AlteredAsync()
    {
        (
            await Plane.KubectlAsync(
                "admin",
                "patch",
                "validatingwebhookconfiguration",
                "deployguard",
                "--type=json",
                "-p",
                """[{"op": "replace", "path": "/webhooks/0/timeoutSeconds", "value": 7}]"""
            )
        ).OrFail();
        await Wait.UntilAsync(
            () =>
                Plane.KubectlAsync(
                    "admin",
                    "get",
                    "validatingwebhookconfiguration",
                    "deployguard",
                    "-o",
                    "jsonpath={.webhooks[*].timeoutSeconds}"
                ),
            run => run.Succeeded && !run.Output.Contains('7', StringComparison.Ordinal),
            "the timeout to be restored"
        );
    }

    /// <summary>A policy that becomes active while Prometheus scrapes.</summary>
    private async Task ResetPeriodAsync()
    {
        var from = TimeProvider.System.GetUtcNow().AddSeconds(20).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        (await Plane.KubectlAsync("admin", Policy(from).ToJsonString(), ["apply", "-f", "-"])).OrFail();
        await Wait.UntilAsync(
            () => monitoring.QueryAsync("""deployguard_policy_active{policy="reset"} == 0"""),
            result => result.GetArrayLength() > 0,
            "Prometheus to see the policy before it begins"
        );

        static JsonObject Policy(string from) =>
            Parse(
                $$$"""
                {"apiVersion": "deployguard.io/v1alpha1", "kind": "SafeguardPolicy", "metadata": {"name": "reset"},
                 "spec": {"mode": "Audit", "active": {"from": "{{{from}}}"}, "match": {"namespaceSelector": {"matchLabels": {"tests": "reset"} } }, "images": {"pin": "Digest"} } }
                """
            );
    }

    /// <summary>
    /// The replicas run but are unreachable: under an Enforce policy the write fails closed, with an error instead of a verdict;
    /// elsewhere it passes.
    /// </summary>
    private async Task CutOffAsync(Sandbox shop)
    {
        var elsewhere = await UnguardedAsync();
        await Installation.WhileCutOffAsync(async () =>
        {
            Assert.That((await shop.SetImageAsync(Image(8))).Output, Does.Contain("failed calling webhook"));
            (await elsewhere.ApplyAsync("dana", Web("web:1"))).OrFail();
        });
        await SeenAsync(
            """apiserver_admission_webhook_rejection_count{name="workloads.deployguard.io", error_type="calling_webhook_error"}""",
            1
        );
    }

    private Task<JsonElement> SeenAsync(string series, int least) =>
        Wait.UntilAsync(
            () => monitoring.QueryAsync($"sum({series})"),
            result =>
                result.GetArrayLength() > 0
                && double.Parse(result[0].GetProperty("value")[1].GetString() ?? "", CultureInfo.InvariantCulture) >= least,
            $"Prometheus to see {least} of {series}"
        );

    private static string Image(int number) => $"registry.example.com/web@sha256:{new string("456789abcdef"[number], 64)}";
}
