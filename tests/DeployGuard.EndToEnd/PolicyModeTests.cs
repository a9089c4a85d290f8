using DeployGuard.Rig;

namespace DeployGuard.EndToEnd;

/// <summary>
/// The mode of a policy, however it is written: a new one audits unless it says otherwise, and no stored one opens by itself.
/// </summary>
[Parallelizable(ParallelScope.All)]
public class PolicyModeTests
{
    private const string Warning = "Warning: spec names no mode, so it audits; set mode: Enforce to refuse";

    [TestCase("create")]
    [TestCase("apply")]
    [TestCase("apply", "--server-side")]
    public async Task ANewPolicyWithoutAModeAuditsAndSaysSo(string verb, params string[] more)
    {
        var name = Name();
        var run = await WriteAsync(name, "", verb, more);

        Assert.That(run.OrFail().Output, Does.Contain(Warning));
        Assert.That(await ModeOfAsync(name), Is.EqualTo("Audit"));
    }

    [TestCase("apply")]
    [TestCase("apply", "--server-side")]
    public async Task ApplyingTheSameFileAgainLeavesTheModeAsItIs(string verb, params string[] more)
    {
        var name = Name();
        (await WriteAsync(name, "", verb, more)).OrFail();
        var again = await WriteAsync(name, "", verb, more);
        Assert.That(again.OrFail().Output, Does.Not.Contain("Warning"));
        Assert.That(await ModeOfAsync(name), Is.EqualTo("Audit"));

        (await PatchAsync(name, "Enforce")).OrFail();
        (await WriteAsync(name, "", verb, more)).OrFail();
        Assert.That(await ModeOfAsync(name), Is.EqualTo("Enforce"), "a file without a mode does not open what enforces");
    }

    [TestCase("replace")]
    [TestCase("apply")]
    [TestCase("apply", "--server-side")]
    public async Task AnUpdateThatTakesTheModeAwayIsRefused(string verb, params string[] more)
    {
        var name = Name();
        (await WriteAsync(name, "mode: Enforce, ", verb == "replace" ? "create" : verb, more)).OrFail();

        // DeployGuard may write the policy's status between the read and the write of kubectl replace.
        var run = await Rig.Wait.UntilAsync(
            () => WriteAsync(name, "", verb, more),
            answer => !answer.Output.Contains("the object has been modified", StringComparison.Ordinal),
            "an answer of DeployGuard"
        );

        Assert.That(run.Succeeded, Is.False, run.Output);
        Assert.That(
            run.Output,
            Does.Contain($"SafeguardPolicy {name} is not changed: the update removes spec.mode, which is Enforce now. Write the mode into")
        );
        Assert.That(await ModeOfAsync(name), Is.EqualTo("Enforce"));
    }

    [TestCase("Enforce")]
    [TestCase("Warn")]
    public async Task AFileWithoutAModeDoesNotTakeThePlaceOfADeletedPolicy(string mode)
    {
        var name = Name();
        (await WriteAsync(name, $"mode: {mode}, ", "create")).OrFail();

        var run = await WriteAsync(name, "", "replace", "--force");

        Assert.That(run.Succeeded, Is.False, run.Output);
        Assert.That(
            run.Output,
            Does.Match($"SafeguardPolicy {name} is not created: spec names no mode, and the policy of this name .+ mode: {mode}\\.")
                .And.Contain($"Write the mode into your file (mode: {mode} goes on as before;")
        );
        (await WriteAsync(name, $"mode: {mode}, ", "replace", "--force")).OrFail();
        Assert.That(await ModeOfAsync(name), Is.EqualTo(mode), "the advice works with the same command");
    }

    [Test]
    public async Task APolicyThatAuditsIsReplacedByAFileWithoutAMode()
    {
        var name = Name();
        (await WriteAsync(name, "mode: Audit, ", "create")).OrFail();

        var run = await WriteAsync(name, "", "replace", "--force");

        Assert.That(run.OrFail().Output, Does.Contain(Warning));
        Assert.That(await ModeOfAsync(name), Is.EqualTo("Audit"));
    }

    [Test]
    public async Task TheAuthorIsWarnedOfWhatAppliesToNothing()
    {
        var fields =
            "mode: Enforce, match: {namespaceSelector: {matchLabels: {nothing: matches}}}, freeze: {}, "
            + "active: {until: '2020-01-02T00:00:00Z'}, ";

        var run = await WriteAsync(Name(), fields, "create");

        Assert.That(
            run.OrFail().Output,
            Does.Contain(
                    "Warning: spec.match.namespaceSelector selects no namespace now, so the policy applies to nothing. Compare it with the "
                        + "labels: kubectl get namespaces --show-labels"
                )
                .And.Contain("Warning: spec.active ended at 2020-01-02T00:00:00Z, so the freeze applies to nothing")
        );
    }

    [Test]
    public async Task TheAuthorIsWarnedOfAnExemptionOfEverybodyWhoDeploys()
    {
        var sandbox = await Sandbox.UnguardedAsync();
        (
            await Plane.KubectlAsync(
                "admin",
                ["-n", sandbox.Namespace, "create", "rolebinding", "gitops", "--clusterrole=edit", "--serviceaccount=gitops:controller"]
            )
        ).OrFail();
        var match = $"mode: Enforce, match: {{namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {sandbox.Namespace}}}}}}}, ";
        var bindings = (
            await Plane.KubectlAsync(
                "admin",
                "get",
                "rolebindings,clusterrolebindings",
                "-A",
                "-o",
                "jsonpath={.items[*].subjects[*].name}"
            )
        )
            .OrFail()
            .Output.Split(' ')
            .Where(n => !n.Contains(':', StringComparison.Ordinal))
            .Distinct();
        var everybody = $"exempt: {{users: [{string.Join(", ", bindings)}], groups: [{string.Join(", ", bindings)}], ";

        var some = await WriteAsync(Name(), $"{match}{everybody}}}, ", "create", "--dry-run=server");
        var all = await WriteAsync(Name(), $"{match}{everybody}serviceAccounts: [gitops/controller]}}, ", "create", "--dry-run=server");

        Assert.That(some.OrFail().Output, Does.Not.Contain("spec.exempt"));
        Assert.That(
            all.OrFail().Output,
            Does.Contain("Warning: spec.exempt has everybody whom a binding lets change Deployments where it")
        );
    }

    [Test]
    public async Task TheListShowsWhatAPolicyGuards()
    {
        var sandbox = await Sandbox.UnguardedAsync();
        var spec =
            $"mode: Enforce, match: {{namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {sandbox.Namespace}}}}}}}, "
            + "budget: {maxConcurrentRollouts: 3}, active: {until: '2099-01-01T00:00:00Z'}, freeze: {}, ";
        var name = Name();
        (await WriteAsync(name, spec, "create")).OrFail();

        var shown = await Wait.UntilAsync(
            async () => (await Plane.KubectlAsync("admin", "get", "sgp", name)).OrFail().Output,
            list => list.Contains("until 2099", StringComparison.Ordinal),
            "the leader to write the status of a policy"
        );
        var serving = await Wait.UntilAsync(
            async () =>
                (await Plane.KubectlAsync("admin", "get", "sgp", name, "-o", "jsonpath={.status.adopted[0].servingAt}")).OrFail().Output,
            text => text.Length > 0,
            "the empty namespace to be adopted"
        );
        Assert.That(serving, Does.StartWith("20"), "an empty namespace has a time too");
        var rows = shown.Split('\n');
        Assert.That(rows[0], Does.Match("^NAME +MODE +APPROVAL +CANARY +NAMESPACES +BUDGET +FREEZE +PERIOD +ENFORCED SINCE +AGE$"));
        Assert.That(rows[1], Does.Match($"^{name} +Enforce +1 +3 per Namespace +on +until 2099-01-01T00:00Z +[0-9]+s +[0-9]+s$"));
    }

    [Test]
    public async Task TheAuthorIsWarnedOfAQuorumThatNobodyCanFill()
    {
        var sandbox = await Sandbox.UnguardedAsync();
        var spec =
            $"mode: Enforce, match: {{namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {sandbox.Namespace}}}}}}}, "
            + "approval: {quorum: [{groups: [senoir-engineers], count: 1}]}, ";
        var name = Name();

        var run = await WriteAsync(name, spec, "create");

        var command =
            $"kubectl -n {sandbox.Namespace} create rolebinding deployguard-approvers-senoir-engineers --clusterrole=deployguard-approver";
        Assert.That(
            run.OrFail().Output,
            Does.Contain("Warning: spec.approval.quorum[0]: no binding names group senoir-engineers; check its spelling")
                .And.Contain($"Warning: Bind the approver role: {command} --group=senoir-engineers")
        );
        (await Plane.KubectlAsync("admin", [.. command.Split(' ')[1..], "--group=senoir-engineers"])).OrFail();
        Assert.That((await PatchAsync(name, "Warn")).OrFail().Output, Does.Not.Contain("Warning"), "the offered command works");
    }

    /// <summary>As a dry run: it would stop every other test.</summary>
    [Test]
    public async Task TheAuthorOfAPolicyThatEnforcesEverywhereIsToldHowMuchThatIs()
    {
        var run = await WriteAsync(Name(), "mode: Enforce, ", "create", "--dry-run=server");

        Assert.That(
            run.OrFail().Output,
            Does.Match(
                "Warning: spec has no match, so it enforces everywhere: now in [1-9][0-9]* namespaces with [0-9]+ workloads?. To guard only "
                    + "some, add match.namespaceSelector"
            )
        );
    }

    private static ControlPlane Plane => TestCluster.Rig.Plane;

    private static string Name() => $"mode-{Guid.NewGuid():N}"[..16];

    /// <summary>Writes a policy that matches nothing, unless its fields say otherwise.</summary>
    private static Task<Run> WriteAsync(string name, string fields, string verb, params string[] more)
    {
        var match =
            fields.Contains("match:", StringComparison.Ordinal) || more.Contains("--dry-run=server")
                ? ""
                : "match: {namespaceSelector: {matchLabels: {nothing: matches}}}, ";
        return Plane.KubectlAsync(
            "admin",
            $"{{apiVersion: deployguard.io/v1alpha1, kind: SafeguardPolicy, metadata: {{name: {name}}}, spec: {{{fields}{match}images: {{}}}}}}",
            [verb, "-f", "-", .. more]
        );
    }

    private static Task<Run> PatchAsync(string name, string mode) =>
        Plane.KubectlAsync("admin", "patch", "safeguardpolicy", name, "--type=merge", "-p", $$"""{"spec": {"mode": "{{mode}}"} }""");

    private static async Task<string> ModeOfAsync(string name) =>
        (await Plane.KubectlAsync("admin", "get", "safeguardpolicy", name, "-o", "jsonpath={.spec.mode}")).OrFail().Output;
}
