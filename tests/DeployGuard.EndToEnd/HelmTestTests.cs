using System.Text.Json;
using DeployGuard.Chart.Tests;
using DeployGuard.Rig;

namespace DeployGuard.EndToEnd;

/// <summary>
/// What <c>helm test</c> runs. The rig has no kubelet, so the test runs the pod's own command as the published binary, with a token of the
/// service account that the chart gives it.
/// </summary>
public class HelmTestTests
{
    private const string Namespace = "deployguard-system";

    private static ControlPlane Plane => TestCluster.Rig.Plane;

    [Test]
    public async Task TheChartsTestSeesARefusalAndAnAdmission()
    {
        var rendered = await RenderedAsync();
        var token = await TokenAsync(rendered);

        var run = await RunAsync(rendered, Plane.WriteKubeconfig("helm-test", token));

        Assert.That(
            run.OrFail().Output.Split('\n'),
            Is.EqualTo(
                new[]
                {
                    "ok      a replica refused a policy that is not valid",
                    "ok      a replica admitted a policy without a mode, and wrote mode: Audit into it",
                }
            )
        );
    }

    [Test]
    public async Task TheChartsTestFailsWithTheReasonIfItMayNotAsk()
    {
        var rendered = await RenderedAsync();

        var run = await RunAsync(rendered, Plane.WriteKubeconfig("helm-test-nobody", "not-a-token"), "--timeout=0");

        Assert.That(run.ExitCode, Is.EqualTo(1), run.Output);
        Assert.That(
            run.Output,
            Does.Contain("FAILED  no replica refused a policy that is not valid; the API server answered: Unauthorized")
        );
    }

    /// <summary>The rig's kubelet runs nothing: the test says how the pod ends.</summary>
    [TestCase(true)]
    [TestCase(false)]
    public async Task NothingThatMayWriteStaysAfterTheChartsTest(bool fails)
    {
        TestCluster.Rig.LetPodsFail("deployguard-test", fails);

        var run = await Plane.HelmAsync("admin", "test", "deployguard", "-n", Namespace, "--timeout", "120s");

        Assert.That(run.Succeeded, Is.EqualTo(!fails), run.Output);
        var pod = await Plane.KubectlAsync("admin", "-n", Namespace, "get", "pod", "deployguard-test");
        Assert.That(pod.Succeeded, Is.EqualTo(fails), "the pod of a failed test stays for its logs");
        var left = await Plane.KubectlAsync(
            "admin",
            ["get", "serviceaccounts,roles,rolebindings,clusterroles,clusterrolebindings", "-A", "-o", "jsonpath={.items[*].metadata.name}"]
        );
        Assert.That(left.OrFail().Output.Split(' '), Does.Contain("deployguard").And.Not.Contain("deployguard-test"));
    }

    private static Task<Rendered> RenderedAsync() =>
        Rendered.OfAsync("--show-only", "templates/tests/probe.yaml", "--namespace", Namespace);

    /// <summary>Applies the account and its role as helm would, without the pod.</summary>
    private static async Task<string> TokenAsync(Rendered rendered)
    {
        var objects = rendered.Objects.Where(o => !o.GetProperty("kind").ValueEquals("Pod")).Select(o => o.GetRawText());
        (await Plane.KubectlAsync("admin", string.Join("\n---\n", objects), ["apply", "-f", "-"])).OrFail();
        var account = rendered.Only("Pod").At("spec", "serviceAccountName").GetString() ?? "";
        await Wait.UntilAsync(
            () =>
                Plane.KubectlAsync(
                    "admin",
                    "auth",
                    "can-i",
                    "create",
                    "safeguardpolicies",
                    $"--as=system:serviceaccount:{Namespace}:{account}"
                ),
            run => run.Succeeded,
            "the role to be in force"
        );
        var answer = await Plane.KubectlAsync(
            "admin",
            """{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {} }""",
            ["create", "--raw", $"/api/v1/namespaces/{Namespace}/serviceaccounts/{account}/token", "-f", "-"]
        );
        return JsonDocument.Parse(answer.OrFail().Output).RootElement.At("status", "token").GetString() ?? "";
    }

    /// <param name="timeout">Another limit than the pod's.</param>
    private static Task<Run> RunAsync(Rendered rendered, string kubeconfig, string? timeout = null)
    {
        var arguments = rendered
            .Only("Pod")
            .At("spec", "containers")[0]
            .GetProperty("args")
            .EnumerateArray()
            .Select(a => a.GetString() ?? "");
        return Run.OfAsync(
            Toolbox.Webhook,
            [
                .. arguments.Where(a => timeout is null || !a.StartsWith("--timeout=", StringComparison.Ordinal)),
                .. timeout is null ? (string[])[] : [timeout],
                $"--kubeconfig={kubeconfig}",
            ],
            Run.SameEnvironment
        );
    }
}
