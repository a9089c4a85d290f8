namespace DeployGuard.Cli.Tests;

/// <summary>Unusable input: exit code 2, and an error that names the place and the remedy.</summary>
public class BadInputTests
{
    private const string Deployment = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec: {template: {spec: {containers: [{name: web, image: web:1}]}}}
        """;

    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("deployguard-test-").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [TestCase("a: [", "FILE:2: not YAML: ")]
    [TestCase("a: 1\nb: *x", "FILE:2: the alias *x stands before its anchor, or within it; write the value out")]
    [TestCase("a: &x [*x]", "FILE:1: the alias *x stands before its anchor, or within it; write the value out")]
    [TestCase("a: 1\na: 2", "FILE:2: the key \"a\" twice")]
    [TestCase("a: 1\n<<: 2", "FILE:2: a merge key (<<) whose value is neither a map nor a list of maps")]
    [TestCase("{\"a\": 1,\n\"a\": 2}", "FILE:2: the key \"a\" twice")]
    [TestCase("a: !!int x", "FILE:1: x does not match its tag int")]
    [TestCase(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: web}}}",
        "FILE:1: spec.template.spec.containers: expected a list, found a string"
    )]
    [TestCase("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}", "FILE:1: spec: is missing")]
    [TestCase("apiVersion: v1\nkind: Namespace\nmetadata: {labels: {a: b}}", "FILE:1: metadata.name: is missing")]
    [TestCase(
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: [x]}",
        "FILE:1: metadata.labels: expected an object, found a list"
    )]
    [TestCase(
        "apiVersion: deployguard.io/v1\nkind: SafeguardPolicy",
        "FILE:1: apiVersion: deployguard.io/v1 is not known; expected deployguard.io/v1alpha1"
    )]
    [TestCase("hello", "FILE:1: expected an object, found a string")]
    [TestCase("# nothing", "FILE: no object to check; if a command should have piped some")]
    [TestCase(
        "apiVersion: deployguard.io/v1alpha1\nkind: SafeguardPolicy\nmetadata: {name: p}\nspec: {mod: Warn}",
        "FILE:1: SafeguardPolicy p is not valid:\n - FILE:4: spec.mod: unknown field; allowed are"
    )]
    [TestCase(
        "apiVersion: deployguard.io/v1alpha1\nkind: SafeguardPolicy\nmetadata: {name: p}\nspec: {approval: {quorum: [{groups: "
            + "[a], count: 0}]}}",
        "spec.approval.quorum[0].count: 0 is not a whole number from 1 to 10"
    )]
    [TestCase(
        "apiVersion: deployguard.io/v1alpha1\nkind: SafeguardPolicy\nmetadata: {name: p}\nspec: {canary: {steps: [25, 5], pace: "
            + "{minReady: 10 minutes}}}",
        "spec.canary.pace.minReady: \"10 minutes\" is not a duration"
    )]
    public async Task AnUnusableFileIsNamedWithItsLine(string content, string error)
    {
        var file = Path.Combine(_folder, "input.yaml");
        await File.WriteAllTextAsync(file, content);

        var run = await CommandRun.OfAsync("check", "-f", file);

        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(
            run.Error,
            Does.Contain(
                error.StartsWith("FILE", StringComparison.Ordinal)
                    ? $"error: {error.Replace("FILE", file, StringComparison.Ordinal)}"
                    : error
            )
        );
        Assert.That(run.Output, Is.Empty);
    }

    [Test]
    public async Task AMissingFileIsNamed()
    {
        var run = await CommandRun.OfAsync("check", "-f", "/nowhere/web.yaml");
        Assert.That((run.ExitCode, run.Error), Is.EqualTo((2, "Checked no workloads; 1 error\nerror: /nowhere/web.yaml: no such file")));
    }

    [Test]
    public async Task DeepNestingIsRefused()
    {
        var file = Path.Combine(_folder, "deep.yaml");
        await File.WriteAllTextAsync(file, new string('[', 1000) + new string(']', 1000));

        Assert.That((await CommandRun.OfAsync("check", "-f", file)).Error, Does.Contain("nested deeper than 64"));
    }

    [TestCase("check")]
    [TestCase("check", "-f")]
    [TestCase("nonsense")]
    [TestCase("approve")]
    public async Task ABadCommandLineExitsWithTwo(params string[] arguments) =>
        Assert.That((await CommandRun.OfAsync(arguments)).ExitCode, Is.EqualTo(2));

    [Test]
    public async Task WithoutPoliciesAWorkloadIsAllowedAndTheOutputSaysWhy()
    {
        var file = Path.Combine(_folder, "web.yaml");
        await File.WriteAllTextAsync(file, Deployment);

        var run = await CommandRun.OfAsync("check", "-f", file);

        Assert.That((run.ExitCode, run.Output), Is.EqualTo((0, $"{file}:1: Deployment shop/web allowed (no policy matches)")));
    }

    [Test]
    public async Task APolicyMatchesNamespacesOfTheInputByTheirLabels()
    {
        var policy = """
            apiVersion: deployguard.io/v1alpha1
            kind: SafeguardPolicy
            metadata: {name: tier-1}
            spec: {mode: Enforce, images: {pin: Digest}, match: {namespaceSelector: {matchLabels: {tier: "1"}}}}
            """;
        var file = Path.Combine(_folder, "all.yaml");
        await File.WriteAllTextAsync(
            file,
            $"{Deployment}\n---\n{policy}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: shop, labels: {{tier: \"2\"}}}}"
        );
        Assert.That((await CommandRun.OfAsync("check", "-f", file)).ExitCode, Is.Zero);

        await File.WriteAllTextAsync(file, $"{Deployment}\n---\n{policy}");
        Assert.That((await CommandRun.OfAsync("check", "-f", file)).ExitCode, Is.EqualTo(1), "unknown labels match");
    }
}
