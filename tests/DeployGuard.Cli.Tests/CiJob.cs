using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text;
using DeployGuard.Registry.References;
using DeployGuard.Registry.Tests;

namespace DeployGuard.Cli.Tests;

/// <summary>
/// A merged pull request as a job of CI has it: a clone, programs for the forge, keys, and a registry for which the job must log in.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal sealed class CiJob : IAsyncDisposable
{
    private readonly AttestRepository _upstream = new();
    private readonly FakeRegistry _registry;
    private readonly string _home = Directory.CreateTempSubdirectory("deployguard-test-").FullName;

    /// <summary>A branch of two commits that was reviewed, then squashed; and a clone of the result.</summary>
    private CiJob(FakeRegistry registry)
    {
        _registry = registry;
        Digest = new Registry.Tests.Repository(registry).PushImage();
        var git = _upstream.Git;
        Before = git.Commit("of another pull request");
        git.Git("checkout", "--quiet", "-b", "branch");
        git.Write("a.txt", "a");
        git.Git("add", "--all");
        git.Commit("one");
        Reviewed = git.Commit("two\n\nCo-authored-by: Codex <noreply@openai.com>");
        git.Git("update-ref", "refs/pull/7/head", Reviewed);
        git.Git("update-ref", "refs/merge-requests/7/head", Reviewed);
        git.Git("checkout", "--quiet", "main");
        git.Git("merge", "--quiet", "--squash", "branch");
        Head = git.Commit("Feature (#7)\n\nCo-authored-by: Codex <noreply@openai.com>");
        git.Git("branch", "--quiet", "-D", "branch");
        git.Git("clone", "--quiet", $"file://{git.Folder}", At("clone"));
        AddDeployGuard();
        RequireLogin();
    }

    /// <summary>The commit that main was at before the pull request.</summary>
    public string Before { get; }

    /// <summary>The commit before another pull request, which was merged first.</summary>
    public string BeforeBoth => _upstream.Base;

    /// <summary>The last commit of the branch.</summary>
    public string Reviewed { get; }

    public string Head { get; }

    public Digest Digest { get; }

    /// <summary>The name of the image, without its digest.</summary>
    public string Image => $"{Host}/acme/web";

    public string Host => _registry.Host;

    public Dictionary<string, string> Environment { get; } = [];

    public static async Task<CiJob> StartAsync()
    {
        var job = new CiJob(await FakeRegistry.StartAsync());
        foreach (var key in (string[])["build", "source-review"])
        {
            await CommandRun.OfAsync("keys", "generate", job.At(key));
        }

        return job;
    }

    public string At(string file) => Path.Combine(_home, file);

    public string InClone(string file) => Path.Combine(At("clone"), file);

    /// <summary>Puts a shell script on the path of the job.</summary>
    public void Program(string name, string script)
    {
        File.WriteAllText(At(name), $"#!/bin/sh\n{script}\n");
        File.SetUnixFileMode(At(name), UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }

    /// <summary>What a policy would believe of the image, if the commit before the pull request ran.</summary>
    public (int ExitCode, string Output) Verify()
    {
        File.WriteAllText(
            At("policy.yaml"),
            $$"""
            apiVersion: deployguard.io/v1alpha1
            kind: SafeguardPolicy
            metadata: {name: signed}
            spec:
              mode: Enforce
              match: {namespaceSelector: {matchLabels: {tier: "1"} } }
              images: {pin: Digest}
              approval: {required: Always, maxAge: 876000h, quorum: [{groups: [senior-engineers], count: 1}]}
              origin:
                keys:
                  - {name: build, role: Build, pem: "{{Pem("build")}}"}
                  - {name: forge, role: SourceReview, pem: "{{Pem("source-review")}}"}
                sources: [{images: ["{{Image}}"], repository: https://forge.example.com/acme/checkout, refs: [refs/heads/main]}]
                registries: [{host: "{{Host}}", plainHttp: true}]
              identities: [{person: erin, names: ["github:2002", "gitlab:2002"], groups: [senior-engineers]}]
            """
        );
        return Run($"deployguard verify {Image}@{Digest} --policy {At("policy.yaml")} --base {Before}");
    }

    /// <summary>Runs scripts in one shell after the other, as the steps of a job, until one fails.</summary>
    public (int ExitCode, string Output) Run(params IEnumerable<string> scripts)
    {
        var output = "";
        foreach (var script in scripts)
        {
            var start = new ProcessStartInfo("/bin/sh", ["-ec", $"{{ {script}\n}} 2>&1"])
            {
                WorkingDirectory = At("clone"),
                RedirectStandardOutput = true,
            };
            // The job's own settings of git and docker must not reach those of the user.
            start.Environment["HOME"] = _home;
            start.Environment["PATH"] = $"{_home}:{System.Environment.GetEnvironmentVariable("PATH")}";
            foreach (var (name, value) in Environment)
            {
                start.Environment[name] = value;
            }

            using var shell = Process.Start(start) ?? throw new InvalidOperationException("no shell");
            output += shell.StandardOutput.ReadToEnd();
            shell.WaitForExit();
            if (shell.ExitCode != 0)
            {
                return (shell.ExitCode, output);
            }
        }

        return (0, output);
    }

    public async ValueTask DisposeAsync()
    {
        await _registry.DisposeAsync();
        _upstream.Dispose();
        Directory.Delete(_home, recursive: true);
    }

    private void AddDeployGuard()
    {
        var program = $"exec dotnet '{Path.Combine(AppContext.BaseDirectory, "deployguard.dll")}' \"$@\"";
        // The registry of the tests has no TLS.
        Program("deployguard", $"case \"$*\" in *--push*) set -- \"$@\" --plain-http ;; esac\n{program}");
    }

    private void RequireLogin() =>
        _registry.Own = context =>
        {
            var isIn =
                $"{context.Request.Headers.Authorization}" == $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes("ann:secret"))}";
            context.Response.StatusCode = isIn ? 200 : 401;
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"r\"";
            return Task.FromResult(!isIn);
        };

    private string Pem(string name) => File.ReadAllText(At($"{name}.pub")).ReplaceLineEndings("\\n");
}
