using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text.Json;
using System.Text.RegularExpressions;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Tests;

/// <summary>The jobs of docs/check.md do in a shell what the page says.</summary>
[NonParallelizable]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[UnsupportedOSPlatform("windows")]
public sealed partial class CheckPageTests : IDisposable
{
    private static readonly string s_page = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs", "check.md"));

    private readonly GitRepository _repository = new();
    private readonly string _home = Directory.CreateTempSubdirectory("deployguard-test-").FullName;

    public void Dispose()
    {
        _repository.Dispose();
        Directory.Delete(_home, recursive: true);
    }

    /// <summary>A branch that changes one of two workloads, while the target branch changed the other.</summary>
    [SetUp]
    public void MakeBranch()
    {
        Program("deployguard", $"exec dotnet '{Path.Combine(AppContext.BaseDirectory, "deployguard.dll")}' \"$@\"");
        Program("helm", "cat \"$3/web.yaml\"");
        _repository.Write(
            "policies/critical.yaml",
            """
            apiVersion: deployguard.io/v1alpha1
            kind: SafeguardPolicy
            metadata: {name: critical}
            spec:
              mode: Enforce
              match: {namespaceSelector: {matchLabels: {deployguard.io/guard: critical}}}
              images: {pin: Digest}
            """
        );
        Write(web: "web:1", api: "api:1");
        _repository.Git("checkout", "--quiet", "-b", "branch");
        Write(web: "web:2", api: "api:1");
        _repository.Git("checkout", "--quiet", "main");
        Write(web: "web:1", api: "api:2");
    }

    [Test]
    public void TheJobForGitHubJudgesOnlyTheChange()
    {
        _repository.Git("-c", "user.name=d", "-c", "user.email=d@example.com", "merge", "--quiet", "--no-ff", "-m", "merge", "branch");
        var steps = Block("yaml", "on: pull_request")
            .GetProperty("jobs")
            .GetProperty("check")
            .GetProperty("steps")
            .EnumerateArray()
            .Where(s => s.TryGetProperty("run", out _))
            .Select(s => s.GetProperty("run").GetString() ?? "");

        var (exitCodes, output) = Run(steps);

        Assert.That(exitCodes, Is.EqualTo(new[] { 0, 0, 1 }), output);
        Assert.That(output, Does.Contain("::error file=deploy/web.yaml,line=4,title=DeployGuard%3A ImageNotPinned::Pod shop/web refused"));
        Assert.That(output, Does.EndWith("Checked 2 workloads: 1 refused, 1 unchanged\n"));
    }

    [Test]
    public void TheJobForGitLabJudgesOnlyTheChange()
    {
        _repository.Git("checkout", "--quiet", "branch");
        var script = Block("yaml", "script:").GetProperty("deployguard").GetProperty("script").EnumerateArray();

        var (exitCodes, output) = Run(script.Select(l => l.GetString() ?? ""));

        Assert.That(exitCodes, Is.EqualTo(new[] { 0, 1 }), output);
        Assert.That(output, Does.Contain("deploy/web.yaml:1: Pod shop/web refused by policy critical:\n"));
        Assert.That(output, Does.EndWith("Checked 2 workloads: 1 refused, 1 unchanged\n"));
    }

    [Test]
    public void TheScriptForAChartJudgesOnlyTheChange()
    {
        _repository.Git("-c", "user.name=d", "-c", "user.email=d@example.com", "merge", "--quiet", "--no-ff", "-m", "merge", "branch");

        var (exitCodes, output) = Run([Text("", "helm template")]);

        Assert.That(exitCodes, Is.EqualTo(new[] { 1 }), output);
        Assert.That(output, Does.Contain("standard input:1: Pod shop/web refused by policy critical:\n"));
    }

    private void Write(string web, string api)
    {
        _repository.Write("deploy/web.yaml", Pod("web", web));
        _repository.Write("chart/web.yaml", Pod("web", web));
        _repository.Write("deploy/api.yaml", Pod("api", api));
        _repository.Commit();
    }

    private static string Pod(string name, string image) =>
        $"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop}}\nspec: {{containers: [{{name: main, image: \"{image}\"}}]}}";

    private void Program(string name, string script)
    {
        var file = Path.Combine(_home, name);
        File.WriteAllText(file, $"#!/bin/sh\n{script}\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }

    /// <summary>Every script, although a job ends with the first that fails.</summary>
    private (IReadOnlyList<int> ExitCodes, string Output) Run(IEnumerable<string> scripts)
    {
        var runs = scripts.Select(Run).ToList();
        return ([.. runs.Select(r => r.ExitCode)], string.Concat(runs.Select(r => r.Output)));
    }

    private (int ExitCode, string Output) Run(string script)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-ec", $"{{ {script}\n}} 2>&1"])
        {
            WorkingDirectory = _repository.Folder,
            RedirectStandardOutput = true,
        };
        // The job's own settings of git must not reach those of the user.
        start.Environment["HOME"] = _home;
        start.Environment["PATH"] = $"{_home}:{Environment.GetEnvironmentVariable("PATH")}";
        start.Environment["GITHUB_WORKSPACE"] = _repository.Folder;
        start.Environment["CI_MERGE_REQUEST_DIFF_BASE_SHA"] = _repository.Git("merge-base", "main", "branch");
        using var shell = Process.Start(start) ?? throw new InvalidOperationException("no shell");
        var output = shell.StandardOutput.ReadToEnd();
        shell.WaitForExit();
        return (shell.ExitCode, output);
    }

    private static JsonElement Block(string language, string with) => ManifestReader.ReadText("check.md", Text(language, with))[0].Content;

    private static string Text(string language, string with) =>
        Fence()
            .Matches(s_page)
            .Where(m => m.Groups[1].Value == language)
            .Select(m => m.Groups[2].Value)
            .First(b => b.Contains(with, StringComparison.Ordinal));

    [GeneratedRegex("```([a-z]*)\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Fence();
}
