using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace DeployGuard.Rig;

/// <summary>A tour on a real API server: install, refusal, approval, signed evidence, pace, canary, break-glass and rollback.</summary>
public sealed partial class Demo(RunningRig rig) : IDisposable
{
    private SignedAct? _signed;

    private readonly DemoConsole _narrator = new(rig.Plane, Path.Combine(AppContext.BaseDirectory, "demo"));

    public static async Task<int> RunAsync(bool keep)
    {
        var clock = Stopwatch.StartNew();
        DemoConsole.Say("Starting a throw-away control plane: etcd, kube-apiserver, kube-controller-manager (about 10 s)");
        var tools = await Toolbox.InstallAsync();
        await using var rig = await RunningRig.StartAsync(tools);
        using var demo = new Demo(rig);
        try
        {
            await demo.PlayAsync();
        }
        catch (Exception wrong) when (wrong is TimeoutException or InvalidOperationException)
        {
            Console.Error.WriteLine($"\ndemo: a step failed: {wrong.Message}\n{rig.Installation?.Replicas[0].Daemon.LogTail()}");
            return 1;
        }

        DemoConsole.Say($"That was the demo, {clock.Elapsed.TotalSeconds:0} s on a real API server.");
        if (keep)
        {
            await KeepAsync(rig);
        }

        return 0;
    }

    /// <exception cref="InvalidOperationException">A step did not end as expected.</exception>
    public async Task PlayAsync()
    {
        await InstallAsync();
        await RefuseAsync();
        await ApproveAsync();
        _signed = await SignedAct.StartAsync(rig);
        await _signed.PlayAsync();
        await BoundThePaceAsync();
        await WalkACanaryAsync();
        await BreakGlassAsync();
        await GoBackAsync();
        await CountAsync();
    }

    /// <summary>Ends the registry of its images.</summary>
    public void Dispose() => _signed?.Dispose();

    private async Task InstallAsync()
    {
        DemoConsole.Say("The platform team installs the chart. No replica runs behind its Service yet, and no request is blocked.");
        await _narrator.PassesAsync("admin", $"helm {string.Join(' ', Installation.HelmArguments(Toolbox.Chart))}");
        await _narrator.PassesAsync("admin", "kubectl apply -f people.yaml");
        await rig.CreateNamespaceAsync("shop", "deployguard.io/tier=1");
        await rig.WaitForPermissionAsync("dana", "create", "deployments", "shop");
        await _narrator.PassesAsync("dana", "kubectl apply -n shop -f web-v1.yaml");
        await _narrator.PassesAsync("dana", "kubectl rollout status deployment/web -n shop --timeout=60s");

        DemoConsole.Say("Two replicas start behind the Service. The leader fills in the webhook configurations.");
        await rig.RunInstalledAsync(replicas: 2);
        await _narrator.PassesAsync(
            "admin",
            "kubectl get validatingwebhookconfiguration deployguard -o jsonpath='{range .webhooks[*]}{.name} "
                + "{.failurePolicy}{\"\\n\"}{end}'"
        );

        DemoConsole.Say("The platform team creates a policy. Running revisions are adopted, and remain rollback targets.");
        await _narrator.PassesAsync("admin", "cat policy.yaml && kubectl apply -f policy.yaml");
        await Wait.UntilAsync(
            () => rig.Plane.KubectlAsync("admin", "get", "safeguardpolicy", "tier-1", "-o", "jsonpath={.status.adopted[*].namespace}"),
            run => run.Output.Contains("shop", StringComparison.Ordinal),
            "adoption of namespace shop"
        );
        await _narrator.PassesAsync("admin", "kubectl get changes -n shop");
    }

    private async Task RefuseAsync()
    {
        DemoConsole.Say(
            "A developer applies a change that an AI assistant helped to write. It is refused, and the message has the remedy."
        );
        await rig.WaitUntilGuardedAsync("shop");
        await _narrator.IsRefusedAsync("dana", "kubectl apply -n shop -f web-v2.yaml", "ApprovalMissing", "tool claude-code");
    }

    private async Task ApproveAsync()
    {
        DemoConsole.Say("The refusal created a Change, which is the approvers' inbox.");
        var inbox = await Wait.UntilAsync(
            () => rig.Plane.KubectlAsync("dana", "get", "changes", "-n", "shop"),
            run => run.Output.Contains("Pending", StringComparison.Ordinal),
            "a Pending change"
        );
        await _narrator.PassesAsync("dana", "kubectl get changes -n shop");
        var change = PendingChange().Match(inbox.Output).Groups[1].Value;

        DemoConsole.Say("RBAC lets the developer create approvals, but the requester of a change cannot approve it.");
        await _narrator.IsRefusedAsync(
            "dana",
            $"kubectl deployguard approve {change} -n shop --yes",
            "requesters and authors cannot approve"
        );

        DemoConsole.Say("An approver of the required group reads the change and approves it. Now the same apply passes.");
        await _narrator.PassesAsync("alice", $"kubectl deployguard approve {change} -n shop --yes --reason 'read the diff'");
        await _narrator.PassesAsync("dana", "kubectl apply -n shop -f web-v2.yaml");
        await _narrator.PassesAsync("dana", "kubectl rollout status deployment/web -n shop --timeout=90s");
        await Wait.UntilAsync(
            () => rig.Plane.KubectlAsync("dana", "get", "change", change, "-n", "shop", "-o", "jsonpath={.status.phase}"),
            run => run.Output == "Completed",
            "the change to be Completed"
        );
        await _narrator.PassesAsync("dana", "kubectl get changes -n shop");
    }

    private async Task BoundThePaceAsync()
    {
        DemoConsole.Say("The next change would replace all pods at once. The message has all findings.");
        await _narrator.IsRefusedAsync("dana", "kubectl apply -n shop -f web-v3-all-at-once.yaml", "PaceTooFast", "ApprovalMissing");
        DemoConsole.Say("The strategy Recreate is refused too.");
        await _narrator.IsRefusedAsync(
            "dana",
            "sed 's/strategy: .*/strategy: {type: Recreate}/' web-v3-all-at-once.yaml | kubectl replace -n shop -f -",
            "Recreate replaces all 4"
        );
        DemoConsole.Say("An Event on the Deployment says why it did not change.");
        await Wait.UntilAsync(
            () => rig.Plane.KubectlAsync("dana", "describe", "deployment", "web", "-n", "shop"),
            run => run.Output.Contains("RolloutRefused", StringComparison.Ordinal),
            "the Event of the refusal"
        );
        await _narrator.PassesAsync(
            "dana",
            "kubectl get events -n shop --field-selector reason=RolloutRefused -o "
                + "custom-columns=TYPE:.type,REASON:.reason,OBJECT:.involvedObject.name,COUNT:.count"
        );
    }

    private async Task WalkACanaryAsync()
    {
        DemoConsole.Say("Another namespace requires a canary and no approval. Its workload: twenty pods of cart behind a Service.");
        await rig.CreateNamespaceAsync("cart", "deployguard.io/canary=first");
        await _narrator.PassesAsync("dana", "kubectl apply -n cart -f cart.yaml");
        await _narrator.PassesAsync("dana", "kubectl rollout status deployment/cart -n cart --timeout=90s");
        await _narrator.PassesAsync("admin", "cat canary-policy.yaml && kubectl apply -f canary-policy.yaml");
        await rig.WaitUntilGuardedAsync("cart");

        DemoConsole.Say("A rollout to all pods at once is refused. So are two canary pods where the step allows one.");
        await _narrator.IsRefusedAsync(
            "dana",
            "sed 's/1111111111/3333333333/' cart.yaml | kubectl apply -n cart -f -",
            "20 of 20 pods (100%) behind Service cart would be unproven"
        );
        await _narrator.IsRefusedAsync(
            "dana",
            "sed 's/replicas: 1/replicas: 2/' cart-canary.yaml | kubectl apply -n cart -f -",
            "2 of 22 pods (9%) behind Service cart would be unproven; step 5% allows 1"
        );
        await _narrator.PassesAsync("dana", "kubectl apply -n cart -f cart-canary.yaml");

        DemoConsole.Say("The next step allows a quarter of the pods, but only after the soak.");
        await _narrator.IsRefusedAsync(
            "dana",
            "kubectl scale deployment/cart-canary -n cart --replicas=6",
            "6 of 26 pods (23%) behind Service cart would be unproven; step 5% allows 1"
        );
        await Wait.UntilAsync(
            () => rig.Plane.KubectlAsync("dana", "deployguard", "status", "deployment/cart-canary", "-n", "cart"),
            run => run.Output.Contains("step 25% allows", StringComparison.Ordinal),
            "the first step to be completed"
        );
        await _narrator.PassesAsync("dana", "kubectl scale deployment/cart-canary -n cart --replicas=6");
        await _narrator.PassesAsync("dana", "kubectl deployguard status deployment/cart-canary -n cart");

        DemoConsole.Say("The canary turns out to be bad. Scaling it down needs no approval and no wait.");
        await _narrator.PassesAsync("dana", "kubectl scale deployment/cart-canary -n cart --replicas=0");
    }

    private async Task BreakGlassAsync()
    {
        const string Fix = "registry.example.com/shop/web@sha256:4444444444444444444444444444444444444444444444444444444444444444";
        DemoConsole.Say(
            "3 a.m.: orders fail, the fix is ready, no approver is awake, and the running revision is not proven yet. The "
                + "on-call engineer uses break-glass: for one workload, and on record."
        );
        await _narrator.PassesAsync(
            "olga",
            "kubectl deployguard breakglass deployment/web -n shop --waive Approval --waive Pace --waive Canary --incident "
                + "INC-7 --reason 'orders fail since 02:40'"
        );
        await _narrator.PassesAsync("olga", $"kubectl set image deployment/web -n shop web={Fix}");
        await _narrator.PassesAsync("olga", "kubectl rollout status deployment/web -n shop --timeout=90s");
        DemoConsole.Say("In the morning another person reviews it. Until then it counts as unreviewed, and is no rollback target.");
        var changes = await rig.Plane.KubectlAsync(
            "alice",
            "get",
            "changes",
            "-n",
            "shop",
            "-o",
            "jsonpath={range .items[*]}{.metadata.name} {.status.breakGlass[0].incident}{\"\\n\"}{end}"
        );
        var unreviewed = changes.Output.Split('\n').Single(l => l.EndsWith(" INC-7", StringComparison.Ordinal)).Split(' ')[0];
        await _narrator.PassesAsync(
            "alice",
            $"kubectl deployguard approve {unreviewed} -n shop --yes --reason 'read it after the incident'"
        );
        await Wait.UntilAsync(
            () =>
                rig.Plane.KubectlAsync(
                    "alice",
                    "get",
                    "change",
                    unreviewed,
                    "-n",
                    "shop",
                    "-o",
                    "jsonpath={.status.breakGlass[0].reviewedBy} {.status.phase}"
                ),
            run => run.Output == "alice Completed",
            "the review to be on record"
        );
    }

    private async Task GoBackAsync()
    {
        DemoConsole.Say("Undo, restart and scale-down are always possible: they need no approval.");
        await _narrator.PassesAsync("dana", "kubectl rollout undo deployment/web -n shop");
        await _narrator.PassesAsync("dana", "kubectl rollout restart deployment/web -n shop");
        await _narrator.PassesAsync("dana", "kubectl scale deployment/web -n shop --replicas=2");
    }

    private async Task CountAsync()
    {
        DemoConsole.Say("Every refusal is counted, for Prometheus to alert on.");
        foreach (var replica in rig.Installation?.Replicas ?? [])
        {
            await _narrator.PassesAsync(
                "admin",
                $"curl -s http://127.0.0.1:{replica.MetricsPort}/metrics | grep -E "
                    + "'^deployguard_(rollouts_denied|approvals|findings_waived)_total' || true"
            );
        }
    }

    private static async Task KeepAsync(RunningRig rig)
    {
        Console.WriteLine(
            $"""

            The control plane runs until you press Ctrl-C. In another terminal:

              export PATH={Toolbox.Cli}:{rig.Tools.Bin}:$PATH
              export KUBECONFIG={rig.Plane.Kubeconfig(
                "dana"
            )}      # or admin, erin, alice, bob, carol, olga (on-call engineer), pete (platform team)
              kubectl get changes -A
              cd {Path.Combine(AppContext.BaseDirectory, "demo")}

            Logs are in {rig.Plane.Folder}.
            """
        );
        var stop = new TaskCompletionSource();
        void Stop(PosixSignalContext signal)
        {
            // Lets the demo tear the rig down, instead of ending the process.
            signal.Cancel = true;
            stop.TrySetResult();
        }

        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        await stop.Task;
    }

    [GeneratedRegex(@"^(deployment-web-[0-9a-f]{16}) .*Pending", RegexOptions.Multiline)]
    private static partial Regex PendingChange();
}
