namespace DeployGuard.Cli.Tests;

/// <summary>Policies as the input of <c>check</c>: alone, twice, and the namespaces that they select.</summary>
public class CheckPoliciesTests
{
    private const string Pod =
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\nspec: {containers: [{name: web, image: \"web:1\"}]}";

    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("deployguard-test-").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    /// <summary>The API server names only the field that is missing then.</summary>
    [Test]
    public async Task AMisspeltFieldIsNamedBesidesTheOneThatIsMissing()
    {
        Write("policies/a.yaml", Policy("a", "  mode: Enforce\n  approval:\n    quorom:\n    - groups: [senior]\n      count: 2"));

        var run = await CommandRun.OfAsync("check", "--policies", At("policies"));

        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Error, Does.Contain("spec.approval.quorom: unknown field; allowed are").And.Contain("spec.approval.quorum: "));
    }

    [Test]
    public async Task PoliciesByWhichNoSignedReviewCountsAreWarnedOf()
    {
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var pem = key.ExportSubjectPublicKeyInfoPem().Replace("\n", "\\n", StringComparison.Ordinal);
        Write(
            "policies/a.yaml",
            Policy(
                "a",
                "  mode: Enforce\n  approval: {required: Always, quorum: [{groups: [senior]}]}\n"
                    + $"  origin:\n    keys: [{{name: build, role: Build, pem: \"{pem}\"}}]\n"
                    + "    sources: [{images: [r.example.com/a], repository: \"https://example.com/a\", refs: [refs/heads/main]}]\n"
                    + "    registries: [{host: r.example.com}]\n"
                    + "  identities: [{person: erin, names: [\"2002\"], groups: [seniors]}]"
            )
        );

        var run = await CommandRun.OfAsync("check", "--policies", At("policies"));

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(
            run.Output,
            Does.Contain("Warning: policy a: spec.origin.keys has no key of the role SourceReview")
                .And.Contain("Warning: policy a: spec.identities[0].groups: no line of approval.quorum has the group seniors,")
                .And.Contain("Warning: policy a: spec.identities[0].names: \"2002\" has no prefix of a forge")
        );
    }

    [Test]
    public async Task PoliciesAloneAreChecked()
    {
        Write("policies/a.yaml", Policy("a", "  mode: Enforce\n  images: {pin: Digest}"));
        Write(
            "policies/b.yaml",
            $"{Policy("b", "  mode: Warn")}---\n{Policy("c", "  mode: Enforce\n  approval:\n    quorum:\n    - groups: [senior]\n      cuont: 2")}"
        );

        var run = await CommandRun.OfAsync("check", "--policies", At("policies"));

        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(
            run.Output,
            Is.EqualTo(
                $"{At("policies/a.yaml")}:1: SafeguardPolicy a is valid (mode Enforce)\n"
                    + $"{At("policies/b.yaml")}:1: SafeguardPolicy b is valid (mode Warn)"
            )
        );
        Assert.That(
            run.Error,
            Does.StartWith(
                $"Checked 3 policies, no workloads; 1 error\nerror: {At("policies/b.yaml")}:8: SafeguardPolicy c is not valid:\n"
                    + $" - {At("policies/b.yaml")}:17: spec.approval.quorum[0].cuont: unknown field"
            )
        );
    }

    [Test]
    public async Task AcceptedMethodsThatProveNoDeploymentAreWarnedOf()
    {
        Write("policies/a.yaml", Policy("a", "  mode: Enforce\n  canary: {steps: [5], accept: [StatefulSetPartition]}"));

        var run = await CommandRun.OfAsync("check", "--policies", At("policies"));

        Assert.That(run.ExitCode, Is.Zero);
        Assert.That(
            run.Output.Split('\n')[1],
            Does.StartWith("Warning: policy a: spec.canary.accept: StatefulSetPartition can prove no Deployment or DaemonSet")
        );
    }

    [Test]
    public async Task TwoPoliciesOfOneNameAreAnErrorWithBothPlaces()
    {
        Write("policies/a.yaml", Policy("tier-1", "  mode: Enforce"));
        Write("policies/b.yaml", Policy("tier-1", "  mode: Warn"));

        var run = await CommandRun.OfAsync("check", "--policies", At("policies"));

        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(
            run.Error,
            Does.Contain($"{At("policies/b.yaml")}:1: SafeguardPolicy tier-1 is another one at {At("policies/a.yaml")}:1, and a cluster")
        );
    }

    [Test]
    public async Task OneFileMayBeGivenTwiceAndACopyOfItIsNamed()
    {
        Write("all/policy.yaml", Policy("tier-1", "  mode: Enforce"));
        Write("copy.yaml", Policy("tier-1", "  mode: Enforce"));

        var twice = await CommandRun.OfAsync("check", "--policies", At("all/policy.yaml"), "-f", At("all"));
        var copied = await CommandRun.OfAsync("check", "--policies", At("all/policy.yaml"), At("copy.yaml"));

        Assert.That((twice.ExitCode, twice.Error), Is.EqualTo((0, "Checked 1 policy, no workloads")));
        Assert.That(
            (copied.ExitCode, copied.Error.Split('\n')[0]),
            Is.EqualTo((0, $"{At("copy.yaml")}:1: SafeguardPolicy tier-1 is the same as at {At("all/policy.yaml")}:1; remove one of them"))
        );
    }

    [Test]
    public async Task AnUnknownNamespaceIsNamedOnceUntilItsLabelsAreGiven()
    {
        Write(
            "policy.yaml",
            Policy("tier-1", "  mode: Enforce\n  images: {pin: Digest}\n  match: {namespaceSelector: {matchLabels: {tier: \"1\"}}}")
        );
        Write("web.yaml", $"{Pod}\n---\n{Pod.Replace("name: web,", "name: api,", StringComparison.Ordinal)}");
        string[] check = ["check", "-f", At("web.yaml"), "--policies", At("policy.yaml")];

        var unknown = await CommandRun.OfAsync(check);
        var same = await CommandRun.OfAsync([.. check, "--namespace-labels", "shop=team=a,tier=1"]);
        var other = await CommandRun.OfAsync([.. check, "--namespace-labels", "shop=tier=2"]);

        Assert.That(
            (unknown.ExitCode, unknown.Error),
            Is.EqualTo(
                (
                    1,
                    "namespace shop: its labels are not known; taken to match policy tier-1; to settle it, add its manifest or pass "
                        + "--namespace-labels shop=KEY=VALUE\nChecked 2 workloads: 2 refused"
                )
            )
        );
        Assert.That((same.ExitCode, same.Error), Is.EqualTo((1, "Checked 2 workloads: 2 refused")));
        Assert.That((other.ExitCode, other.Error), Is.EqualTo((0, "Checked 2 workloads: 2 allowed")));
    }

    /// <summary>The API server gives every namespace this label, so no manifest and no option need to.</summary>
    [TestCase("shop", 1)]
    [TestCase("orders", 0)]
    public async Task ANamespaceIsKnownByItsName(string selected, int exitCode)
    {
        Write(
            "policy.yaml",
            Policy(
                "by-name",
                $"  mode: Enforce\n  images: {{pin: Digest}}\n  match: {{namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {selected}}}}}}}"
            )
        );
        Write("web.yaml", Pod);
        Write("namespace.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}");

        var without = await CommandRun.OfAsync("check", "-f", At("web.yaml"), "--policies", At("policy.yaml"));
        var with = await CommandRun.OfAsync("check", "-f", At("web.yaml"), At("namespace.yaml"), "--policies", At("policy.yaml"));

        Assert.That((without.ExitCode, with.ExitCode), Is.EqualTo((exitCode, exitCode)), without.Output);
        Assert.That(without.Error, Does.StartWith("Checked 1 workload"));
    }

    [TestCase("shop")]
    [TestCase("=tier=1")]
    [TestCase("shop=tier")]
    public async Task LabelsOfAnotherFormAreAnError(string labels)
    {
        var run = await CommandRun.OfAsync("check", "-f", At("web.yaml"), "--namespace-labels", labels);
        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Error, Does.StartWith($"error: --namespace-labels {labels}: expected NAMESPACE=KEY=VALUE"));
    }

    [TestCase("--polcies: check has no such option; did you mean --policies?", "check", "-f", "web.yaml", "--polcies", "p.yaml")]
    [TestCase("--polcies=p.yaml: check has no such option; did you mean --policies?", "check", "-f", "web.yaml", "--polcies=p.yaml")]
    [TestCase("-polices: check has no such option; did you mean --policies?", "check", "-f", "web.yaml", "-polices", "p.yaml")]
    [TestCase("--befor: check has no such option; did you mean --before?", "check", "-f", "web.yaml", "--as", "--befor")]
    [TestCase("--xyz: check has no such option", "check", "-f", "web.yaml", "--xyz")]
    [TestCase("--replica: explain has no such option; did you mean --replicas?", "explain", "--replica")]
    public async Task AMisspeltOptionIsNotReadAsAValue(string error, params string[] arguments)
    {
        var run = await CommandRun.OfAsync(arguments);
        Assert.That((run.ExitCode, run.Error.Split('\n')[0].TrimEnd('\r')), Is.EqualTo((2, $"error: {error}")));
    }

    private static string Policy(string name, string spec) =>
        $"apiVersion: deployguard.io/v1alpha1\nkind: SafeguardPolicy\nmetadata:\n  name: {name}\nspec:\n{spec}\n";

    private string At(string file) => Path.Combine(_folder, file);

    private void Write(string file, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(file)) ?? _folder);
        File.WriteAllText(At(file), content);
    }
}
