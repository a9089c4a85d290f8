using System.Runtime.Versioning;

namespace DeployGuard.Cli.Tests;

/// <summary><c>check --before</c> and <c>--against-ref</c>: what runs already is not judged as new.</summary>
[NonParallelizable]
[UnsupportedOSPlatform("windows")]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class CheckAgainstRefTests : IDisposable
{
    private const string Pin = """
        apiVersion: deployguard.io/v1alpha1
        kind: SafeguardPolicy
        metadata: {name: tier-1}
        spec: {mode: Enforce, images: {pin: Digest}}
        """;

    private readonly GitRepository _repository = new();

    [SetUp]
    public void FillRepository()
    {
        _repository.Write("policies/pin.yaml", Pin);
        _repository.Write("deploy/shop.yaml", $"{Pod("web:1", "web")}\n---\n{Pod("api:1", "api")}");
        _repository.Commit();
    }

    public void Dispose() => _repository.Dispose();

    [Test]
    public async Task OnlyWhatDiffersFromTheRefIsJudged()
    {
        _repository.Write("deploy/shop.yaml", $"{Pod("web:2", "web")}\n---\n{Pod("api:1", "api")}");
        _repository.Write("deploy/more.yaml", Pod("new:1", "new"));
        _repository.Commit();

        var run = await CheckAsync("HEAD~1", "-f", _repository.At("deploy"));

        Assert.That(run.Error, Is.EqualTo("Checked 3 workloads: 2 refused, 1 unchanged"));
        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(
            Headlines(run),
            Is.EqualTo(new[] { $"{_repository.At("deploy/more.yaml")}:1", $"{_repository.At("deploy/shop.yaml")}:1" })
        );
        Assert.That(_repository.Git("status", "--porcelain"), Is.Empty);
    }

    [Test]
    public async Task AWorkloadMayMoveToAnotherFile()
    {
        File.Move(_repository.At("deploy/shop.yaml"), _repository.At("deploy/renamed.yaml"));

        var run = await CheckAsync("HEAD", "-f", _repository.At("deploy"));

        Assert.That((run.ExitCode, run.Output, run.Error), Is.EqualTo((0, "", "Checked 2 workloads: 2 unchanged")));
    }

    [Test]
    public async Task TheContentOfAFileThatDidNotExistIsNew()
    {
        _repository.Write("deploy/more.yaml", Pod("new:1", "new"));

        var run = await CheckAsync("HEAD", "-f", _repository.At("deploy/more.yaml"));

        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(
            run.Error,
            Is.EqualTo($"{_repository.At("deploy/more.yaml")}: not in HEAD, so all its workloads are new\nChecked 1 workload: 1 refused")
        );
    }

    /// <summary>Who repairs a file must not be refused because it was broken.</summary>
    [Test]
    public async Task AFileThatWasUnusableThenIsNoError()
    {
        _repository.Write("deploy/shop.yaml", "a: [");
        _repository.Commit();
        _repository.Write("deploy/shop.yaml", Pod($"web@sha256:{new string('a', 64)}", "web"));

        var run = await CheckAsync("HEAD", "-f", _repository.At("deploy"));

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Error, Does.StartWith("deploy/shop.yaml:2 at HEAD: not YAML: ").And.Contain("; what is in it counts as new\n"));
    }

    /// <summary>The temporary folder that the ref was read from means nothing to the author.</summary>
    [Test]
    public async Task AWrongFieldOfTheRefIsNamedByFileLineAndRef()
    {
        _repository.Write(
            "deploy/shop.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\nspec:\n  containers:\n  - name: n\n    image: 7\n"
        );
        _repository.Commit();
        _repository.Write("deploy/shop.yaml", Pod($"web@sha256:{new string('a', 64)}", "web"));

        var run = await CheckAsync("HEAD", "-f", _repository.At("deploy"));

        Assert.That(run.Error, Does.StartWith("deploy/shop.yaml:6 at HEAD: spec.containers[0].name: expected a string"));
    }

    [Test]
    public async Task AKustomizationIsBuiltFromTheWholeTreeOfTheRef()
    {
        _repository.Write("bin/kubectl", "#!/bin/sh\ncat \"$2/../base/web.yaml\"\n");
        File.SetUnixFileMode(_repository.At("bin/kubectl"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        _repository.Write("overlay/kustomization.yaml", "resources: [../base]");
        _repository.Write("base/web.yaml", Pod("web:1", "web"));
        _repository.Commit();
        var path = Environment.GetEnvironmentVariable("PATH");
        Environment.SetEnvironmentVariable("PATH", $"{_repository.At("bin")}:{path}");
        try
        {
            var same = await CheckAsync("HEAD", "-f", _repository.At("overlay"));
            _repository.Write("base/web.yaml", Pod("web:2", "web"));
            var changed = await CheckAsync("HEAD", "-f", _repository.At("overlay/kustomization.yaml"));

            Assert.That((same.ExitCode, same.Error), Is.EqualTo((0, "Checked 1 workload: 1 unchanged")));
            Assert.That((changed.ExitCode, changed.Error), Is.EqualTo((1, "Checked 1 workload: 1 refused")));
        }
        finally
        {
            Environment.SetEnvironmentVariable("PATH", path);
        }
    }

    [TestCase("nowhere")]
    [TestCase("--all")]
    public async Task AnUnknownRefIsAnError(string reference)
    {
        var run = await CommandRun.OfAsync("check", "-f", _repository.At("deploy"), $"--against-ref={reference}");

        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Output, Is.Empty);
        Assert.That(run.Error, Does.Contain($"{reference}: no such commit in ").And.Contain("fetch-depth").Or.Contain("no such option"));
    }

    [Test]
    public async Task AFolderOutsideOfARepositoryIsAnError()
    {
        var folder = Directory.CreateTempSubdirectory("deployguard-test-").FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "web.yaml"), Pod("web:1", "web"));

        var run = await CommandRun.OfAsync("check", "-f", folder, "--against-ref", "HEAD");
        Directory.Delete(folder, recursive: true);

        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Error, Does.StartWith($"error: --against-ref HEAD: {folder} cannot be read from git (fatal: not a git repository"));
    }

    [Test]
    public async Task WithoutGitTheErrorNamesTheOtherOption()
    {
        var path = Environment.GetEnvironmentVariable("PATH");
        Environment.SetEnvironmentVariable("PATH", _repository.At("policies"));
        try
        {
            var run = await CheckAsync("HEAD", "-f", _repository.At("deploy"));

            Assert.That(run.ExitCode, Is.EqualTo(2));
            Assert.That(run.Error, Does.StartWith("error: --against-ref HEAD: git cannot be started here").And.EndWith("with --before"));
        }
        finally
        {
            Environment.SetEnvironmentVariable("PATH", path);
        }
    }

    [TestCase("Pass --against-ref or --before, not both.", "-f", "a.yaml", "--before", "b.yaml")]
    [TestCase("--against-ref: standard input (-) has no history", "-f", "-")]
    public async Task OptionsThatContradictEachOtherAreErrors(string error, params string[] arguments)
    {
        var run = await CheckAsync("HEAD", arguments);
        Assert.That((run.ExitCode, run.Error.Contains(error, StringComparison.Ordinal)), Is.EqualTo((2, true)), run.Error);
    }

    [Test]
    public async Task SeveralFilesMayHoldWhatRunsNow()
    {
        _repository.Write("web.yaml", Pod("web:1", "web"));
        _repository.Write("api.yaml", Pod("api:1", "api"));

        var run = await CommandRun.OfAsync(
            "check",
            "-f",
            _repository.At("deploy"),
            "--policies",
            _repository.At("policies"),
            "--before",
            _repository.At("web.yaml"),
            _repository.At("api.yaml")
        );

        Assert.That((run.ExitCode, run.Error), Is.EqualTo((0, "Checked 2 workloads: 2 unchanged")));
    }

    private static string Pod(string image, string name) =>
        $"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{containers: [{{name: main, image: \"{image}\"}}]}}";

    private static IEnumerable<string> Headlines(CommandRun run) =>
        run.Output.Split('\n').Where(l => !l.StartsWith(' ')).Select(l => l.Split(": ")[0]);

    private Task<CommandRun> CheckAsync(string reference, params string[] arguments) =>
        CommandRun.OfAsync(["check", .. arguments, "--policies", _repository.At("policies"), "--against-ref", reference]);
}
