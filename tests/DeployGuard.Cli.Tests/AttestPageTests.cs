using System.Runtime.Versioning;
using System.Text.Json;
using System.Text.RegularExpressions;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Tests;

/// <summary>The jobs of docs/attest.md do in a shell what the page says, with forges that answer as the real ones do.</summary>
[NonParallelizable]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[UnsupportedOSPlatform("windows")]
public sealed partial class AttestPageTests
{
    private static readonly string s_page = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs", "attest.md"));

    /// <summary>The commit in the examples of the page.</summary>
    private const string DocumentedHead = "9e1d53aa0f42c5b7e6d8f9a0b1c2d3e4f5061728";

    /// <summary>What the page says of the Task that builds.</summary>
    private const string BuildOfTekton =
        "deployguard attest --folder \"$SOURCE\" --from \"$FROM\" --to \"$TO\" --repository \"$REPOSITORY\" --ref \"$REF\" --key \"$KEY/build.key\" --push --image \"$IMAGE\"";

    private CiJob? _job;

    private CiJob Job => _job ?? throw new InvalidOperationException("not started");

    [SetUp]
    public async Task StartAsync()
    {
        RequiredProgram.Require("jq");
        _job = await CiJob.StartAsync();
    }

    [TearDown]
    public async Task StopAsync()
    {
        if (_job is not null)
        {
            await _job.DisposeAsync();
        }
    }

    [Test]
    public void TheJobsForGitHubStateTheLastReviewOfEachPersonAndWhoOpenedThePullRequest()
    {
        ForgeIsGitHub();

        // Two machines: the second one is not logged in.
        LogIn();
        var built = Job.Run(GitHubSteps("build"));
        Directory.Delete(Job.At(".docker"), recursive: true);
        var run = Job.Run(GitHubSteps("review"));

        Assert.That((built.ExitCode, run.ExitCode), Is.EqualTo((0, 0)), built.Output + run.Output);
        var predicate = Signed();
        Assert.That(
            Approvals(predicate),
            Is.EqualTo(
                new[]
                {
                    ("github:2002", "human", "approved", Job.Head),
                    ("github:3003", "human", "dismissed", Job.Head),
                    ("github:4004", "bot", "approved", Job.Head),
                }
            )
        );
        Assert.That(AttestRepository.Authors(predicate), Is.EqualTo(new[] { "email:dana@example.com", "github:1001" }));
        Assert.That(predicate.GetProperty("complete").GetBoolean());
        Assert.That(Directory.GetFiles(Job.InClone(""), "*.key"), Is.Empty);
        AssertReviewIsBelieved("github:2002");
    }

    /// <summary>Nobody would know what was built from the reviewed commit.</summary>
    [Test]
    public void TheReviewAloneIsNotBelieved()
    {
        ForgeIsGitHub();

        var run = Job.Run(GitHubSteps("review"));

        Assert.That(run.ExitCode, Is.Zero, run.Output);
        Assert.That(Job.Verify().Output, Does.Contain("MISSING   image -> commit: No statement that counts names the commit of "));
    }

    [Test]
    public void ReviewsOfOnePullRequestAreNotStatedOfAnotherInTheSamePush()
    {
        ForgeIsGitHub();
        Job.Environment["BEFORE"] = Job.BeforeBoth;

        var run = Job.Run(GitHubSteps("review"));

        Assert.That(run.ExitCode, Is.Zero, run.Output);
        Assert.That(Approvals(Signed()), Is.Empty);
    }

    [Test]
    public void APullRequestOfAMachineHasItsAssigneesAsOperators()
    {
        GitHubEnvironment();
        Job.Program(
            "gh",
            $$"""
            case "$*" in
            *pulls/7/reviews*) echo '[]' ;;
            *) echo '[{"number": 7, "merge_commit_sha": "{{Job.Head}}", "user": {"id": 198982749, "type": "Bot"}, "assignees": [{"id": 5005}]}]' ;;
            esac
            """
        );

        var run = Job.Run(GitHubSteps("review"));

        Assert.That(run.ExitCode, Is.Zero, run.Output);
        Assert.That(AttestRepository.Authors(Signed()), Is.EqualTo(new[] { "email:dana@example.com", "github:198982749", "github:5005" }));
    }

    [Test]
    public void APushWithoutAPullRequestHasNoReviews()
    {
        GitHubEnvironment();
        Job.Program("gh", "echo '[]'");

        var run = Job.Run(GitHubSteps("review"));

        Assert.That(run.ExitCode, Is.Zero, run.Output);
        Assert.That(Approvals(Signed()), Is.Empty);
    }

    [TestCase(true, false, true)]
    [TestCase(false, false, false)]
    [TestCase(true, true, false)]
    public void TheJobsForGitLabStateApprovalsOnlyWhereTheyAreOfThesePushedCommits(bool resetsOnPush, bool pushedTwo, bool counts)
    {
        ForgeIsGitLab(resetsOnPush);
        Job.Environment["CI_COMMIT_BEFORE_SHA"] = pushedTwo ? Job.BeforeBoth : Job.Before;

        var run = Job.Run([.. GitLabScript("build"), .. GitLabScript("change-statement")]);

        Assert.That(run.ExitCode, Is.Zero, run.Output);
        var predicate = Signed();
        Assert.That(AttestRepository.Authors(predicate), Is.EqualTo(new[] { "email:dana@example.com", "gitlab:1001" }));
        Assert.That(
            Approvals(predicate),
            Is.EqualTo(counts ? new[] { ("gitlab:2002", "human", "approved", Job.Head), ("gitlab:3", "bot", "approved", Job.Head) } : [])
        );
        Assert.That(run.Output.Contains("approvals are not bound to a commit", StringComparison.Ordinal), Is.Not.EqualTo(resetsOnPush));
        if (counts)
        {
            AssertReviewIsBelieved("gitlab:2002");
        }
    }

    [Test]
    public void TheTaskForTektonSignsAndPushes()
    {
        var reviews = Directory.CreateDirectory(Job.At("reviews")).FullName;
        File.WriteAllText(
            Path.Combine(reviews, "approvals.json"),
            Text("json", "\"approvals\": [\n    {").Replace(DocumentedHead, Job.Head, StringComparison.Ordinal)
        );
        LogIn();
        var step = Block("yaml", "kind: Task").GetProperty("spec").GetProperty("steps")[0];
        Assert.That(
            step.GetProperty("env").EnumerateArray().Select(v => AttestRepository.Text(v, "name")),
            Is.EqualTo(new[] { "REPOSITORY", "REF", "FROM", "TO", "IMAGE", "SOURCE", "REVIEWS", "KEY", "DOCKER_CONFIG" })
        );
        var environment = Job.Environment;
        (environment["REPOSITORY"], environment["REF"]) = ("https://forge.example.com/acme/checkout", "refs/heads/main");
        (environment["FROM"], environment["TO"], environment["IMAGE"]) = (Job.Before, Job.Head, $"{Job.Image}@{Job.Digest}");
        (environment["SOURCE"], environment["REVIEWS"], environment["KEY"]) = (Job.InClone(""), reviews, Job.At(""));
        environment["DOCKER_CONFIG"] = Job.At(".docker");

        var run = Job.Run(AttestRepository.Text(step, "script"), BuildOfTekton);

        Assert.That(run.ExitCode, Is.Zero, run.Output);
        AssertReviewIsBelieved("github:2002");
    }

    [Test]
    public void TheFilesOfThePageAreInTheirForms()
    {
        File.WriteAllText(Job.At("detectors.json"), Text("json", "\"trailers\""));
        Assert.That(Attest.DetectorsReader.With([Job.At("detectors.json")]).GitHubIds, Does.ContainKey(1234567L));
        using var predicate = JsonDocument.Parse(Text("json", "\"baseCommit\""));
        Assert.That(Core.Attestations.ChangeStatement.Parse(predicate.RootElement).IsComplete);
    }

    private void AssertReviewIsBelieved(string reviewer)
    {
        var (exitCode, output) = Job.Verify();
        Assert.That(exitCode, Is.Zero, output);
        Assert.That(
            output,
            Does.Contain($"image -> commit: {Job.Head} of ")
                .And.Contain(", by build")
                .And.Contain($"review: {reviewer} (erin, of senior-engineers) approved {Job.Head[..12]}")
                .And.Contain(", by forge")
        );
    }

    private void ForgeIsGitHub()
    {
        GitHubEnvironment();
        Job.Program(
            "gh",
            $$"""
            case "$*" in
            *commits/{{Job.Head}}/pulls*) echo '[{"number": 7, "merge_commit_sha": "{{Job.Head}}", "user": {"id": 1001, "type": "User"}, "assignees": []}]' ;;
            *commits/{{Job.Before}}/pulls*) echo '[{"number": 6, "merge_commit_sha": "{{Job.Before}}", "user": {"id": 1001, "type": "User"}, "assignees": []}]' ;;
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
    }

    private void ForgeIsGitLab(bool resetsOnPush)
    {
        Job.Program(
            "curl",
            $$"""
            case "$*" in
            *"PRIVATE-TOKEN: t"*commits/{{Job.Head}}/merge_requests) echo '[{"iid": 6, "state": "closed"}, {"iid": 7, "state": "merged", "sha": "{{Job.Reviewed}}",
              "merge_commit_sha": null, "squash_commit_sha": "{{Job.Head}}", "merged_at": "2026-03-11T10:00:00Z", "author": {"id": 1001} }]' ;;
            *commits/{{Job.Before}}/merge_requests) echo '[{"iid": 6, "state": "merged"}]' ;;
            *projects/5/approvals) echo '{"reset_approvals_on_push": {{(resetsOnPush ? "true" : "false")}} }' ;;
            *merge_requests/7/approvals) echo '{"approved_by": [{"user": {"id": 2002, "username": "erin"} }, {"user": {"id": 3, "username": "project_5_bot_1"} }]}' ;;
            *) exit 1 ;;
            esac
            """
        );
        Job.Program("buildah", $"case \"$1 $2\" in 'push --digestfile') printf %s {Job.Digest} > \"$3\" ;; esac");
        foreach (
            var (name, value) in ((string, string)[])
                [
                    ("REVIEW_TOKEN", "t"),
                    ("CI_API_V4_URL", "https://forge.example.com/api/v4"),
                    ("CI_SERVER_HOST", "forge.example.com"),
                    ("CI_PROJECT_ID", "5"),
                    ("CI_PROJECT_URL", "https://forge.example.com/acme/checkout"),
                    ("CI_COMMIT_SHA", Job.Head),
                    ("CI_COMMIT_BRANCH", "main"),
                    ("CI_REGISTRY", Job.Host),
                    ("CI_REGISTRY_IMAGE", Job.Image),
                    ("CI_REGISTRY_USER", "ann"),
                    ("CI_REGISTRY_PASSWORD", "secret"),
                    ("BUILD_KEY", Job.At("build.key")),
                    ("SOURCE_REVIEW_KEY", Job.At("source-review.key")),
                ]
        )
        {
            Job.Environment[name] = value;
        }
    }

    private void GitHubEnvironment()
    {
        foreach (
            var (name, value) in ((string, string)[])
                [
                    ("GITHUB_WORKSPACE", Job.InClone("")),
                    ("GITHUB_REPOSITORY", "acme/checkout"),
                    ("GITHUB_SERVER_URL", "https://forge.example.com"),
                    ("GITHUB_REF", "refs/heads/main"),
                    ("GITHUB_SHA", Job.Head),
                    ("GITHUB_ACTOR", "ann"),
                    ("GH_TOKEN", "secret"),
                    ("BEFORE", Job.Before),
                    ("IMAGE", Job.Image),
                    ("DIGEST", $"{Job.Digest}"),
                    ("BUILD_KEY", File.ReadAllText(Job.At("build.key")).TrimEnd()),
                    ("SOURCE_REVIEW_KEY", File.ReadAllText(Job.At("source-review.key")).TrimEnd()),
                ]
        )
        {
            Job.Environment[name] = value;
        }
    }

    private void LogIn()
    {
        Directory.CreateDirectory(Job.At(".docker"));
        File.WriteAllText(Job.At(".docker/config.json"), $$"""{"auths": {"{{Job.Host}}": {"username": "ann", "password": "secret"} } }""");
    }

    private static IEnumerable<string> GitHubSteps(string job) =>
        Block("yaml", "pull-requests: read")
            .GetProperty("jobs")
            .GetProperty(job)
            .GetProperty("steps")
            .EnumerateArray()
            .Where(s => s.TryGetProperty("run", out _))
            .Select(s => s.GetProperty("run").GetString() ?? "");

    private static IEnumerable<string> GitLabScript(string job)
    {
        var file = Block("yaml", "reset_approvals_on_push");
        return ((JsonElement[])[file.GetProperty("default").GetProperty("before_script"), file.GetProperty(job).GetProperty("script")])
            .SelectMany(lines => lines.EnumerateArray())
            .Select(l => l.GetString() ?? "");
    }

    private string Review(int id, string type, string state, string hour) =>
        $$$"""{"user": {"id": {{{id}}}, "type": "{{{type}}}"}, "state": "{{{state}}}", "commit_id": "{{{Job.Reviewed}}}", "submitted_at": "2026-03-11T{{{hour}}}:00:00Z"}""";

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

    private JsonElement Signed()
    {
        using var envelope = JsonDocument.Parse(File.ReadAllText(Job.InClone("change.json")));
        using var statement = JsonDocument.Parse(envelope.RootElement.GetProperty("payload").GetBytesFromBase64());
        return statement.RootElement.GetProperty("predicate").Clone();
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
