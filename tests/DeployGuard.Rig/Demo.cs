using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace DeployGuard.Rig;

/// <summary>The whole story on a real API server: install, refusal, approval, pace, break-glass, and the way back.</summary>
public sealed partial class Demo(RunningRig rig)
{
    private readonly Narrator _narrator = new(rig.Plane, Path.Combine(AppContext.BaseDirectory, "demo"));

    public static async Task<int> RunAsync(bool keep)
    {
        var clock = Stopwatch.StartNew();
        Narrator.Say("Starting a throw-away control plane: etcd, kube-apiserver, kube-controller-manager (about 10 s)");
        var tools = await Toolbox.InstallAsync();
        await using var rig = await RunningRig.StartAsync(tools);
        try
        {
            await new Demo(rig).PlayAsync();
        }
        catch (Exception wrong) when (wrong is TimeoutException or InvalidOperationException)
        {
            Console.Error.WriteLine($"\ndemo: not as told: {wrong.Message}\n{rig.Installation?.Replicas[0].Daemon.LogTail()}");
            return 1;
        }

        Narrator.Say($"That was the demo, {clock.Elapsed.TotalSeconds:0} s on a real API server.");
        if (keep)
        {
            await KeepAsync(rig);
        }

        return 0;
    }

    /// <exception cref="InvalidOperationException">A step did not end as the story tells.</exception>
    public async Task PlayAsync()
    {
        await InstallAsync();
        await RefuseAsync();
        await ApproveAsync();
        await BoundThePaceAsync();
        await WalkACanaryAsync();
        await BreakGlassAsync();
        await GoBackAsync();
        await CountAsync();
    }

    private async Task InstallAsync()
    {
        Narrator.Say("DeployGuard is installed by its chart. Nothing listens behind its Service yet, and nobody is blocked.");
        await _narrator.PassesAsync("admin", $"helm {string.Join(' ', Installation.HelmArguments(Toolbox.Chart))}");
        await _narrator.PassesAsync("admin", "kubectl apply -f people.yaml");
        await rig.CreateNamespaceAsync("shop", "deployguard.io/tier=1");
        await rig.WaitForPermissionAsync("dana", "create", "deployments", "shop");
        await _narrator.PassesAsync("dana", "kubectl apply -n shop -f web-v1.yaml");
        await _narrator.PassesAsync("dana", "kubectl rollout status deployment/web -n shop --timeout=60s");

        Narrator.Say("Two replicas start behind the Service; the leader fills in the webhook configurations.");
        await rig.RunInstalledAsync(replicas: 2);
        await _narrator.PassesAsync("admin", "kubectl get validatingwebhookconfiguration deployguard -o jsonpath='{range .webhooks[*]}{.name} {.failurePolicy}{\"\\n\"}{end}'");

        Narrator.Say("The platform engineer writes a policy. What runs already is adopted: it stays a way back.");
        await _narrator.PassesAsync("admin", "cat policy.yaml && kubectl apply -f policy.yaml");
        await Wait.UntilAsync(
            () => rig.Plane.KubectlAsync("admin", "get", "safeguardpolicy", "tier-1", "-o", "jsonpath={.status.adopted[*].namespace}"),
            run => run.Output.Contains("shop", StringComparison.Ordinal),
            "adoption of namespace shop");
        await _narrator.PassesAsync("admin", "kubectl get changes -n shop");
    }

    private async Task RefuseAsync()
    {
        Narrator.Say("A developer applies a change that an AI assistant helped to write. Refused, with what to do.");
        await Wait.UntilAsync(
            () => rig.Plane.KubectlAsync("admin", "get", "validatingwebhookconfiguration", "deployguard", "-o", "jsonpath={.webhooks[*].name}"),
            run => run.Output.Contains("workloads.deployguard.io", StringComparison.Ordinal),
            "the Fail entry for namespace shop");
        await _narrator.IsRefusedAsync("dana", "kubectl apply -n shop -f web-v2.yaml", "ApprovalMissing", "tool claude-code");
    }

    private async Task ApproveAsync()
    {
        Narrator.Say("The refusal left a Change: the approvers' inbox.");
        var inbox = await Wait.UntilAsync(
            () => rig.Plane.KubectlAsync("dana", "get", "changes", "-n", "shop"),
            run => run.Output.Contains("Pending", StringComparison.Ordinal),
            "a Pending change");
        await _narrator.PassesAsync("dana", "kubectl get changes -n shop");
        var change = PendingChange().Match(inbox.Output).Groups[1].Value;

        Narrator.Say("The developer may create approvals, but nobody approves a change of their own.");
        await _narrator.IsRefusedAsync("dana", $"kubectl deployguard approve {change} -n shop --yes", "nobody approves a change of their own");

        Narrator.Say("Somebody of the right group looks at it, and approves. The same apply then passes.");
        await _narrator.PassesAsync("alice", $"kubectl deployguard approve {change} -n shop --yes --reason 'read the diff'");
        await _narrator.PassesAsync("dana", "kubectl apply -n shop -f web-v2.yaml");
        await _narrator.PassesAsync("dana", "kubectl rollout status deployment/web -n shop --timeout=90s");
        await Wait.UntilAsync(
            () => rig.Plane.KubectlAsync("dana", "get", "change", change, "-n", "shop", "-o", "jsonpath={.status.phase}"),
            run => run.Output == "Completed",
            "the change to be Completed");
        await _narrator.PassesAsync("dana", "kubectl get changes -n shop");
    }

    private async Task BoundThePaceAsync()
    {
        Narrator.Say("The next change asks to replace everything at once. All findings are told in one go.");
        await _narrator.IsRefusedAsync("dana", "kubectl apply -n shop -f web-v3-all-at-once.yaml", "PaceTooFast", "ApprovalMissing");
        Narrator.Say("Recreate is no way around it.");
        await _narrator.IsRefusedAsync(
            "dana",
            "sed 's/strategy: .*/strategy: {type: Recreate}/' web-v3-all-at-once.yaml | kubectl replace -n shop -f -",
            "Recreate replaces all 4");
        Narrator.Say("Whoever looks at the Deployment later sees why it did not change.");
        await Wait.UntilAsync(
            () => rig.Plane.KubectlAsync("dana", "describe", "deployment", "web", "-n", "shop"),
            run => run.Output.Contains("RolloutRefused", StringComparison.Ordinal),
            "the Event of the refusal");
        await _narrator.PassesAsync("dana", "kubectl get events -n shop --field-selector reason=RolloutRefused -o custom-columns=TYPE:.type,REASON:.reason,OBJECT:.involvedObject.name,COUNT:.count");
    }

    private async Task WalkACanaryAsync()
    {
        Narrator.Say("Another namespace wants a canary first, and no approval: twenty pods of cart behind a Service.");
        await rig.CreateNamespaceAsync("cart", "deployguard.io/canary=first");
        await _narrator.PassesAsync("dana", "kubectl apply -n cart -f cart.yaml");
        await _narrator.PassesAsync("dana", "kubectl rollout status deployment/cart -n cart --timeout=90s");
        await _narrator.PassesAsync("admin", "cat canary-policy.yaml && kubectl apply -f canary-policy.yaml");
        await Wait.UntilAsync(
            () => rig.Plane.KubectlAsync("admin", "get", "validatingwebhookconfiguration", "deployguard", "-o", "jsonpath={.webhooks[?(@.name=='workloads.deployguard.io')].namespaceSelector}"),
            run => run.Output.Contains("\"cart\"", StringComparison.Ordinal),
            "the Fail entry for namespace cart");

        Narrator.Say("Straight to everybody is refused, and so are two canaries of a step that allows one.");
        await _narrator.IsRefusedAsync("dana", "sed 's/1111111111/3333333333/' cart.yaml | kubectl apply -n cart -f -", "20 of 20 pods (100%) behind Service cart would be unproven");
        await _narrator.IsRefusedAsync("dana", "sed 's/replicas: 1/replicas: 2/' cart-canary.yaml | kubectl apply -n cart -f -", "2 of 22 pods (9%) behind Service cart would be unproven; step 5% allows 1");
        await _narrator.PassesAsync("dana", "kubectl apply -n cart -f cart-canary.yaml");

        Narrator.Say("A quarter of the users comes after the soak, and not before.");
        await _narrator.IsRefusedAsync("dana", "kubectl scale deployment/cart-canary -n cart --replicas=6", "6 of 26 pods (23%) behind Service cart would be unproven; step 5% allows 1");
        await Wait.UntilAsync(
            () => rig.Plane.KubectlAsync("dana", "deployguard", "status", "deployment/cart-canary", "-n", "cart"),
            run => run.Output.Contains("step 25% allows", StringComparison.Ordinal),
            "the first step to be held");
        await _narrator.PassesAsync("dana", "kubectl scale deployment/cart-canary -n cart --replicas=6");
        await _narrator.PassesAsync("dana", "kubectl deployguard status deployment/cart-canary -n cart");

        Narrator.Say("It is bad after all: down to nothing, at once, without asking anybody.");
        await _narrator.PassesAsync("dana", "kubectl scale deployment/cart-canary -n cart --replicas=0");
    }

    private async Task BreakGlassAsync()
    {
        const string Fix = "registry.example.com/shop/web@sha256:4444444444444444444444444444444444444444444444444444444444444444";
        Narrator.Say("3 a.m.: orders fail, the fix is there, no approver is awake, and what runs has not proven itself yet. On-call breaks the glass: for one workload, on record.");
        await _narrator.PassesAsync("olga", "kubectl deployguard breakglass deployment/web -n shop --waive Approval --waive Pace --waive Canary --incident INC-7 --reason 'orders fail since 02:40'");
        await _narrator.PassesAsync("olga", $"kubectl set image deployment/web -n shop web={Fix}");
        await _narrator.PassesAsync("olga", "kubectl rollout status deployment/web -n shop --timeout=90s");
        Narrator.Say("In the morning somebody else reviews it. Until then it counts as unreviewed, and is no revision to go back to.");
        var changes = await rig.Plane.KubectlAsync("alice", "get", "changes", "-n", "shop", "-o", "jsonpath={range .items[*]}{.metadata.name} {.status.breakGlass[0].incident}{\"\\n\"}{end}");
        var unreviewed = changes.Output.Split('\n').Single(l => l.EndsWith(" INC-7", StringComparison.Ordinal)).Split(' ')[0];
        await _narrator.PassesAsync("alice", $"kubectl deployguard approve {unreviewed} -n shop --yes --reason 'read it after the incident'");
        await Wait.UntilAsync(
            () => rig.Plane.KubectlAsync("alice", "get", "change", unreviewed, "-n", "shop", "-o", "jsonpath={.status.breakGlass[0].reviewedBy} {.status.phase}"),
            run => run.Output == "alice Completed",
            "the review to be on record");
    }

    private async Task GoBackAsync()
    {
        Narrator.Say("The way back is always open: undo, restart and scale-down need nobody's approval.");
        await _narrator.PassesAsync("dana", "kubectl rollout undo deployment/web -n shop");
        await _narrator.PassesAsync("dana", "kubectl rollout restart deployment/web -n shop");
        await _narrator.PassesAsync("dana", "kubectl scale deployment/web -n shop --replicas=2");
    }

    private async Task CountAsync()
    {
        Narrator.Say("Every refusal is counted, for Prometheus to alert on.");
        foreach (var replica in rig.Installation?.Replicas ?? [])
        {
            await _narrator.PassesAsync("admin", $"curl -s http://127.0.0.1:{replica.MetricsPort}/metrics | grep -E '^deployguard_(rollouts_denied|approvals|findings_waived)_total' || true");
        }
    }

    private static async Task KeepAsync(RunningRig rig)
    {
        Console.WriteLine($"""

            It goes on running until you press Ctrl-C. In another terminal:

              export PATH={Toolbox.Cli}:{rig.Tools.Bin}:$PATH
              export KUBECONFIG={rig.Plane.Kubeconfig("dana")}      # or admin, erin, alice, bob, carol, olga (on call), pete (platform)
              kubectl get changes -A
              cd {Path.Combine(AppContext.BaseDirectory, "demo")}

            Logs are in {rig.Plane.Folder}.
            """);
        var stop = new TaskCompletionSource();
        void Stop(PosixSignalContext signal)
        {
            // The rig is torn down on the way out, not cut off.
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
