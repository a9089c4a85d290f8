using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text.Json;
using System.Text.RegularExpressions;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Tests;

/// <summary>The jobs of docs/attest.md do in a shell what the page says, with forges that answer as the real ones do.</summary>
[NonParallelizable]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[UnsupportedOSPlatform("windows")]
public sealed partial class AttestPageTests : IDisposable
{
    private static readonly string s_page = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs", "attest.md"));

    private readonly AttestRepository _upstream = new();
    private readonly string _home = Directory.CreateTempSubdirectory("deployguard-test-").FullName;
    private readonly string _clone;
    private readonly string _reviewed;
    private readonly string _head;
    private readonly Dictionary<string, string> _environment = [];

    /// <summary>A branch of two commits that was reviewed, then squashed; and a clone of the result, as a job has it.</summary>
    public AttestPageTests()
    {
        var git = _upstream.Git;
        git.Git("checkout", "--quiet", "-b", "branch");
        git.Write("a.txt", "a");
        git.Git("add", "--all");
        git.Commit("one");
        _reviewed = git.Commit("two\n\nCo-authored-by: Codex <noreply@openai.com>");
        git.Git("update-ref", "refs/pull/7/head", _reviewed);
        git.Git("update-ref", "refs/merge-requests/7/head", _reviewed);
        git.Git("checkout", "--quiet", "main");
        git.Git("merge", "--quiet", "--squash", "branch");
        _head = git.Commit("Feature (#7)\n\nCo-authored-by: Codex <noreply@openai.com>");
        git.Git("branch", "--quiet", "-D", "branch");
        _clone = Path.Combine(_home, "clone");
        git.Git("clone", "--quiet", $"file://{git.Folder}", _clone);
        Program("deployguard", $"exec dotnet '{Path.Combine(AppContext.BaseDirectory, "deployguard.dll")}' \"$@\"");
    }

    [SetUp]
    public async Task MakeKeyAsync()
    {
        if (!(Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(p => File.Exists(Path.Combine(p, "jq"))))
        {
            Assert.Ignore("jq is not installed");
        }

        await CommandRun.OfAsync("keys", "generate", Path.Combine(_home, "source-review"));
    }

    public void Dispose()
    {
        _upstream.Dispose();
        Directory.Delete(_home, recursive: true);
    }

    [Test]
    public void TheJobForGitHubStatesTheLastReviewOfEachPersonAndWhoOpenedThePullRequest()
    {
        Program(
            "gh",
            $$"""
            case "$*" in
            *commits/{{_head}}/pulls*) echo '[{"number": 7, "merge_commit_sha": "{{_head}}", "user": {"id": 1001, "type": "User"}, "assignees": []}]' ;;
            *pulls/7/reviews*) echo '[{{Review(2002, "User", "CHANGES_REQUESTED", "08")}}, {{Review(
                2002,
                "User",
                "APPROVED",
                "09"
            )}}, {{Review(2002, "User", "COMMENTED", "10")}}]
            [{{Review(3003, "User", "APPROVED", "08")}}, {{Review(3003, "User", "DISMISSED", "09")}}, {{Review(
                4004,
                "Bot",
                "APPROVED",
                "09"
            )}}]' ;;
            *) exit 1 ;;
            esac
            """
        );
        GitHubEnvironment();

        var run = RunScripts(GitHubSteps());

        Assert.That(run.ExitCode, Is.Zero, run.Output);
        var predicate = Signed();
        Assert.That(
            Approvals(predicate),
            Is.EqualTo(
                new[]
                {
                    ("github:2002", "human", "approved", _head),
                    ("github:3003", "human", "dismissed", _head),
                    ("github:4004", "bot", "approved", _head),
                }
            )
        );
        Assert.That(AttestRepository.Authors(predicate), Is.EqualTo(new[] { "email:dana@example.com", "github:1001" }));
        Assert.That(predicate.GetProperty("complete").GetBoolean());
        Assert.That(File.Exists(Path.Combine(_clone, "source-review.key")), Is.False);
    }

    [Test]
    public void APullRequestOfAMachineHasItsAssigneesAsOperators()
    {
        Program(
            "gh",
            $$"""
            case "$*" in
            *pulls/7/reviews*) echo '[]' ;;
            *) echo '[{"number": 7, "merge_commit_sha": "{{_head}}", "user": {"id": 198982749, "type": "Bot"}, "assignees": [{"id": 5005}]}]' ;;
            esac
            """
        );
        GitHubEnvironment();

        var run = RunScripts(GitHubSteps());

        Assert.That(run.ExitCode, Is.Zero, run.Output);
        Assert.That(AttestRepository.Authors(Signed()), Is.EqualTo(new[] { "email:dana@example.com", "github:198982749", "github:5005" }));
    }

    [Test]
    public void APushWithoutAPullRequestHasNoReviews()
    {
        Program("gh", "echo '[]'");
        GitHubEnvironment();

        var run = RunScripts(GitHubSteps());

        Assert.That(run.ExitCode, Is.Zero, run.Output);
        Assert.That(Approvals(Signed()), Is.Empty);
    }

    [Test]
    public void TheBuildJobForGitHubLinksTheImageToTheCommit()
    {
        GitHubEnvironment();
        File.Copy(Path.Combine(_home, "source-review.key"), Path.Combine(_clone, "build.key"));
        _environment["IMAGE"] = "registry.example.com/checkout";
        _environment["DIGEST"] = $"sha256:{new string('a', 64)}";

        var run = RunScripts([Block("yaml", "--key build.key").EnumerateArray().Single().GetProperty("run").GetString() ?? ""]);

        Assert.That(run.ExitCode, Is.Zero, run.Output);
        Assert.That(
            Statement("build.json").GetProperty("subject")[0].GetProperty("digest").GetProperty("sha256").GetString(),
            Is.EqualTo(new string('a', 64))
        );
    }

    [TestCase("true", true)]
    [TestCase("false", false)]
    public void TheJobForGitLabStatesApprovalsOnlyWhereTheyAreBoundToACommit(string resetsOnPush, bool counts)
    {
        Program(
            "curl",
            $$"""
            case "$*" in
            *"PRIVATE-TOKEN: t"*commits/{{_head}}/merge_requests) echo '[{"iid": 6, "state": "closed"}, {"iid": 7, "state": "merged", "sha": "{{_reviewed}}",
              "merge_commit_sha": null, "squash_commit_sha": "{{_head}}", "merged_at": "2026-03-11T10:00:00Z", "author": {"id": 1001} }]' ;;
            *projects/5/approvals) echo '{"reset_approvals_on_push": {{resetsOnPush}} }' ;;
            *merge_requests/7/approvals) echo '{"approved_by": [{"user": {"id": 2002, "username": "erin"} }, {"user": {"id": 3, "username": "project_5_bot_1"} }]}' ;;
            *) exit 1 ;;
            esac
            """
        );
        _environment["REVIEW_TOKEN"] = "t";
        _environment["CI_API_V4_URL"] = "https://gitlab.example.com/api/v4";
        _environment["CI_PROJECT_ID"] = "5";
        _environment["CI_PROJECT_URL"] = "https://gitlab.example.com/acme/checkout";
        _environment["CI_COMMIT_SHA"] = _head;
        _environment["CI_COMMIT_BEFORE_SHA"] = _upstream.Base;
        _environment["CI_COMMIT_BRANCH"] = "main";
        _environment["SOURCE_REVIEW_KEY"] = Path.Combine(_home, "source-review.key");
        var script = Block("yaml", "reset_approvals_on_push").GetProperty("change-statement").GetProperty("script").EnumerateArray();

        var run = RunScripts(script.Select(l => l.GetString() ?? ""));

        Assert.That(run.ExitCode, Is.Zero, run.Output);
        var predicate = Signed();
        Assert.That(AttestRepository.Authors(predicate), Is.EqualTo(new[] { "email:dana@example.com", "gitlab:1001" }));
        Assert.That(
            Approvals(predicate),
            Is.EqualTo(counts ? new[] { ("gitlab:2002", "human", "approved", _head), ("gitlab:3", "bot", "approved", _head) } : [])
        );
        Assert.That(run.Output.Contains("approvals are not bound to a commit", StringComparison.Ordinal), Is.Not.EqualTo(counts));
    }

    [Test]
    public void TheTaskForTektonSigns()
    {
        var reviews = Directory.CreateDirectory(Path.Combine(_home, "reviews")).FullName;
        File.WriteAllText(Path.Combine(reviews, "approvals.json"), Text("json", "\"approvals\": [\n    {"));
        var step = Block("yaml", "kind: Task").GetProperty("spec").GetProperty("steps")[0];
        Assert.That(
            step.GetProperty("env").EnumerateArray().Select(v => AttestRepository.Text(v, "name")),
            Is.EqualTo(new[] { "REPOSITORY", "REF", "FROM", "TO", "SOURCE", "REVIEWS", "KEY" })
        );
        (_environment["REPOSITORY"], _environment["REF"]) = ("https://example.com/acme/checkout", "refs/heads/main");
        (_environment["FROM"], _environment["TO"]) = (_upstream.Base, _head);
        (_environment["SOURCE"], _environment["REVIEWS"], _environment["KEY"]) = (_clone, reviews, _home);

        var run = RunScripts([AttestRepository.Text(step, "script")]);

        Assert.That(run.ExitCode, Is.Zero, run.Output);
        File.Copy(Path.Combine(reviews, "change.json"), Path.Combine(_clone, "change.json"));
        Assert.That(Approvals(Signed()).Single().Approver, Is.EqualTo("github:2002"));
    }

    [Test]
    public void TheFilesOfThePageAreInTheirForms()
    {
        File.WriteAllText(Path.Combine(_home, "detectors.json"), Text("json", "\"trailers\""));
        Assert.That(Attest.DetectorsReader.With([Path.Combine(_home, "detectors.json")]).GitHubIds, Does.ContainKey(1234567L));
        using var predicate = JsonDocument.Parse(Text("json", "\"baseCommit\""));
        Assert.That(Core.Attestations.ChangeStatement.Parse(predicate.RootElement).IsComplete);
    }

    private void GitHubEnvironment()
    {
        _environment["GITHUB_WORKSPACE"] = _clone;
        _environment["GITHUB_REPOSITORY"] = "acme/checkout";
        _environment["GITHUB_SERVER_URL"] = "https://github.com";
        _environment["GITHUB_REF"] = "refs/heads/main";
        _environment["GITHUB_SHA"] = _head;
        _environment["BEFORE"] = _upstream.Base;
        _environment["SOURCE_REVIEW_KEY"] = File.ReadAllText(Path.Combine(_home, "source-review.key")).TrimEnd();
    }

    private static IEnumerable<string> GitHubSteps() =>
        Block("yaml", "pull-requests: read")
            .GetProperty("jobs")
            .GetProperty("review")
            .GetProperty("steps")
            .EnumerateArray()
            .Where(s => s.TryGetProperty("run", out _))
            .Select(s => s.GetProperty("run").GetString() ?? "");

    private string Review(int id, string type, string state, string hour) =>
        $$$"""{"user": {"id": {{{id}}}, "type": "{{{type}}}"}, "state": "{{{state}}}", "commit_id": "{{{_reviewed}}}", "submitted_at": "2026-03-11T{{{hour}}}:00:00Z"}""";

    private static IEnumerable<(string Approver, string Kind, string State, string Commit)> Approvals(JsonElement predicate) =>
        predicate
            .GetProperty("approvals")
            .EnumerateArray()
            .Select(a =>
                (
                    AttestRepository.Text(a, "approver"),
                    AttestRepository.Text(a, "kind"),
                    AttestRepository.Text(a, "state"),
                    AttestRepository.Text(a, "commit")
                )
            );

    private JsonElement Signed() => Statement("change.json").GetProperty("predicate");

    private JsonElement Statement(string file)
    {
        using var envelope = JsonDocument.Parse(File.ReadAllText(Path.Combine(_clone, file)));
        using var statement = JsonDocument.Parse(envelope.RootElement.GetProperty("payload").GetBytesFromBase64());
        return statement.RootElement.Clone();
    }

    private void Program(string name, string script)
    {
        var file = Path.Combine(_home, name);
        File.WriteAllText(file, $"#!/bin/sh\n{script}\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }

    /// <summary>In one shell after the other, as the steps of a job.</summary>
    private (int ExitCode, string Output) RunScripts(IEnumerable<string> scripts)
    {
        var output = "";
        foreach (var script in scripts)
        {
            var start = new ProcessStartInfo("/bin/sh", ["-ec", $"{{ {script}\n}} 2>&1"])
            {
                WorkingDirectory = _clone,
                RedirectStandardOutput = true,
            };
            // The job's own settings of git must not reach those of the user.
            start.Environment["HOME"] = _home;
            start.Environment["PATH"] = $"{_home}:{Environment.GetEnvironmentVariable("PATH")}";
            foreach (var (name, value) in _environment)
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

    private static JsonElement Block(string language, string with) => ManifestReader.ReadText("attest.md", Text(language, with))[0].Content;

    private static string Text(string language, string with) =>
        Fence()
            .Matches(s_page)
            .Where(m => m.Groups[1].Value == language)
            .Select(m => m.Groups[2].Value)
            .First(b => b.Contains(with, StringComparison.Ordinal));

    [GeneratedRegex("```([a-z]*)\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Fence();
}
