using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace DeployGuard.Cli.Tests;

/// <summary>The signed policy of a repository, by which a range without signs of AI has the status <c>none</c>.</summary>
[Parallelizable(ParallelScope.Children)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class AttestPolicyTests : IDisposable
{
    private const string File = ".deployguard/policy.json";

    private static readonly string s_policy = Policy("\"assistedCommitsMustBeMarked\": true");

    private readonly GitRepository _git = new();
    private readonly ECDsa _owner = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public AttestPolicyTests() => WriteKey("owner.pub", _owner);

    public void Dispose()
    {
        _owner.Dispose();
        _git.Dispose();
    }

    [Test]
    public async Task ARangeWithoutSignsIsNoneByThePolicyAtItsBeginning()
    {
        var from = Commit(s_policy);
        _git.Commit("one");

        var run = await RunAsync(from);

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(StatusOf(run), Is.EqualTo("none"));
        Assert.That(run.Error, Does.Contain($": none, no sign of AI, and {File} asks for one; 1 author"));
    }

    [Test]
    public async Task ASignAnywhereInTheRangeIsStillASign()
    {
        var from = Commit(s_policy);
        _git.Commit("one\n\nAssisted-by: Codex");
        _git.Commit("two");

        Assert.That(StatusOf(await RunAsync(from)), Is.EqualTo("assisted"));
        Assert.That(StatusOf(await RunAsync(from, "--declare", "Windsurf")), Is.EqualTo("assisted"));
    }

    /// <summary>The message that git itself writes for a squash.</summary>
    [Test]
    public async Task ASquashKeepsTheSignsAndAuthorsOfItsMessage()
    {
        var from = Commit(s_policy);
        Squash("one\n\nCo-authored-by: Eve <eve@example.com>", "one");
        var people = await RunAsync(from);
        Squash("two\n\nCo-authored-by: Codex <noreply@openai.com>", "two");
        var trailer = await RunAsync(_git.Git("rev-parse", "HEAD~1"));
        Squash("three", "three", "198982749+Copilot@users.noreply.github.com");
        var author = await RunAsync(_git.Git("rev-parse", "HEAD~1"));

        Assert.That(StatusOf(people), Is.EqualTo("none"), "all of its commits can be read");
        Assert.That(
            AttestRepository.Authors(PredicateOf(people)),
            Is.EquivalentTo(new[] { "email:bob@example.com", "email:dana@example.com", "email:eve@example.com" })
        );
        Assert.That(StatusOf(trailer), Is.EqualTo("assisted"));
        Assert.That(StatusOf(author), Is.EqualTo("assisted"));
    }

    [TestCase("Squashed commit of the following:\n\nabc1234 one")]
    [TestCase("Squashed commit of the following:\n\n* one\n* two")]
    [TestCase("Squashed commit of the following:\n\ncommit {0}\nAuthor: Bob <b@x.io>\n\n    one", TestName = "WithoutBodies")]
    [TestCase("commit {0}\n\n    one")]
    [TestCase("{0} one\n{0} two")]
    [TestCase("commit {0}\ntree {0}\nauthor Bob <b@x.io> 1 +0000\n\n    one")]
    [TestCase("commit {0}\nAuthor: Bob\nDate: now\n\n    one")]
    [TestCase("This is a combination of 2 commits.\n\none\n\ntwo")]
    [TestCase("Squashed 'lib/' changes from 1111111..2222222\n\n2222222 one")]
    public async Task AMessageWhoseQuotedCommitsCannotBeReadIsNotNone(string message)
    {
        var from = Commit(s_policy);
        var head = _git.Commit(message.Replace("{0}", new string('a', 40), StringComparison.Ordinal));

        var run = await RunAsync(from);

        Assert.That(StatusOf(run), Is.EqualTo("unknown"));
        Assert.That(run.Error, Does.Contain($"note: the status cannot be none: the message of commit {head} quotes other commits"));
    }

    [TestCase("commit {0} (HEAD)\nAuthor: Bob <b@x.io>\nDate: now\n\n    one")]
    [TestCase("commit {0}\nAuthor: Bob <b@x.io>\nCommit: Dana <dana@example.com>\n\n    one")]
    [TestCase("From {0} Mon Sep 17 00:00:00 2001\nFrom: Bob <b@x.io>\nDate: now\nSubject: one\n\ntext")]
    [TestCase("Revert \"one\"\n\nThis reverts commit {0}.")]
    [TestCase("one\n\n(cherry picked from commit {0})")]
    [TestCase("Fix commit aaaaaaaaaaaa (\"one\")")]
    public async Task AMessageWhoseQuotedCommitsCanBeReadIsNone(string message)
    {
        var from = Commit(s_policy);
        _git.Commit(message.Replace("{0}", new string('a', 40), StringComparison.Ordinal));

        var run = await RunAsync(from);

        Assert.That(StatusOf(run), Is.EqualTo("none"), run.Error);
    }

    [Test]
    public async Task AChangeThatBringsThePolicyDoesNotVouchForItself()
    {
        var from = _git.Commit("start");
        Commit(s_policy);

        var run = await RunAsync(from);

        Assert.That(StatusOf(run), Is.EqualTo("unknown"));
        Assert.That(run.Error, Does.Contain($"note: the status cannot be none: commit {from} has no {File}"));
    }

    [Test]
    public async Task AChangeThatTakesThePolicyAwayIsJudgedByIt()
    {
        var from = Commit(s_policy);
        _git.Git("rm", "--quiet", "-r", ".deployguard");
        _git.Commit();

        Assert.That(StatusOf(await RunAsync(from)), Is.EqualTo("none"));
    }

    [Test]
    public async Task BeforeTheFirstCommitThereIsNoPolicy()
    {
        Commit(s_policy);

        var run = await RunAsync(new string('0', 40));

        Assert.That(StatusOf(run), Is.EqualTo("unknown"));
        Assert.That(run.Error, Does.Contain("note: the status cannot be none: before the first commit"));
    }

    [Test]
    public async Task APolicyThatPromisesNothingProvesNothing()
    {
        var from = Commit(Policy("\"assistedCommitsMustBeMarked\": false"));
        _git.Commit("one");

        Assert.That(StatusOf(await RunAsync(from)), Is.EqualTo("unknown"));
    }

    [Test]
    public async Task WithoutTheOptionItIsNotRead()
    {
        var from = Commit(s_policy);
        _git.Commit("one");

        Assert.That(StatusOf(await OfAsync(from, "--complete")), Is.EqualTo("unknown"));
    }

    [Test]
    public async Task OnlyOfAWholeRangeCanBeSaidThatAiHadNoPart()
    {
        var from = Commit(s_policy);

        var run = await OfAsync(from, "--repository-policy-key", _git.At("owner.pub"));

        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Error, Does.Contain("--repository-policy-key needs --complete: only of a whole range can be said"));
    }

    [Test]
    public async Task AnyOfSeveralKeysMayHaveSignedIt()
    {
        using var former = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        WriteKey("former.pub", former);
        var from = Commit(s_policy);
        _git.Commit("one");

        Assert.That(StatusOf(await RunAsync(from, "--repository-policy-key", _git.At("former.pub"))), Is.EqualTo("none"));
    }

    [Test]
    public async Task OneThatIsNotSignedByTheKeyIsRefused()
    {
        using var stranger = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await AssertRefusedAsync(Commit(s_policy, by: stranger), "is signed by none of the given keys, or was altered after it was signed");
        await AssertRefusedAsync(Commit(s_policy, signed: s_policy + "\n"), "is signed by none of the given keys");
        await AssertRefusedAsync(Commit(s_policy, signature: "no base64"), "its signature: is not base64");
        _git.Git("rm", "--quiet", $"{File}.sig");
        _git.Commit();
        await AssertRefusedAsync(_git.Git("rev-parse", "HEAD"), $"has no signature beside it ({File}.sig)");
    }

    private static IEnumerable<TestCaseData<string, string>> Mistakes() =>
        [
            new("[]", "content: is not a JSON object"),
            new("{}", "kind: is missing, or not a string"),
            new(s_policy.Replace("/v1", "/v2", StringComparison.Ordinal), "kind: \"https://deployguard.io/repository-policy/v2\" is not"),
            new(Policy("\"assistedCommitsMustBeMarked\": \"yes\""), "assistedCommitsMustBeMarked: is missing, or neither true nor false"),
            new(Policy("\"notes\": false"), "assistedCommitsMustBeMarked: is missing, or neither true nor false"),
            new(Policy("\"assistedCommitsMustBeMarked\": true, \"level\": 3"), "level: is no field that is known here"),
            new(Policy("\"assistedCommitsMustBeMarked\": true, \"assistedCommitsMustBeMarked\": false"), "content: is not strict JSON"),
            new(Policy("\"assistedCommitsMustBeMarked\": true", expiresAt: "soon"), "expiresAt: is not a time such as"),
            new(
                Policy("\"assistedCommitsMustBeMarked\": true", expiresAt: "2020-01-01T00:00:00Z"),
                "expired at 2020-01-01 00:00 UTC; sign it with a later expiresAt, and merge that first"
            ),
            new(Policy("\"assistedCommitsMustBeMarked\": true", "checkout"), "repository: \"checkout\" is no address"),
            new(
                Policy("\"assistedCommitsMustBeMarked\": true", "https://github.com/acme/other"),
                "is of the repository https://github.com/acme/other, and the statement is about git+https://github.com/acme/checkout"
            ),
            new(
                Policy("\"assistedCommitsMustBeMarked\": true, \"notes\": true"),
                "has notes: true, and this clone has no refs/notes/ai: git fetch origin refs/notes/ai:refs/notes/ai"
            ),
        ];

    [TestCaseSource(nameof(Mistakes))]
    public async Task AMistakeInItIsAnErrorThatNamesItsCommit(string policy, string error) =>
        await AssertRefusedAsync(Commit(policy), error);

    [Test]
    public async Task NotesOfTheCloneAreEnoughWhereThePolicyNamesThem()
    {
        var from = Commit(Policy("\"assistedCommitsMustBeMarked\": true, \"notes\": true"));
        _git.Git("-c", "user.name=d", "-c", "user.email=d@example.com", "notes", "--ref=ai", "add", "-m", "{}", from);
        _git.Commit("one");

        var run = await RunAsync(from);

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(StatusOf(run), Is.EqualTo("none"));
    }

    private async Task AssertRefusedAsync(string from, string error)
    {
        _git.Commit("one");
        var run = await RunAsync(from);
        Assert.That((run.ExitCode, run.Output), Is.EqualTo((2, "")));
        Assert.That(run.Error, Does.Contain($"error: {File} of commit {from}: {error}"));
    }

    /// <summary>A commit with a policy, signed by its owner if nothing else is said, and its hash.</summary>
    private string Commit(string policy, ECDsa? by = null, string? signed = null, string? signature = null)
    {
        _git.Write(File, policy);
        var bytes = (by ?? _owner).SignData(
            Encoding.UTF8.GetBytes(signed ?? policy),
            HashAlgorithmName.SHA256,
            DSASignatureFormat.Rfc3279DerSequence
        );
        _git.Write($"{File}.sig", signature ?? $"{Convert.ToBase64String(bytes)}\n");
        _git.Commit();
        return _git.Git("rev-parse", "HEAD");
    }

    private void WriteKey(string file, ECDsa key) => _git.Write(file, key.ExportSubjectPublicKeyInfoPem());

    private Task<CommandRun> RunAsync(string from, params string[] more) =>
        OfAsync(from, ["--complete", "--repository-policy-key", _git.At("owner.pub"), .. more]);

    private Task<CommandRun> OfAsync(string from, params string[] more) =>
        AttestRepository.RunInAsync(_git.Folder, ["--from", from, "--format", "predicate", .. more]);

    /// <summary>Joins a branch with one commit by Bob, or by another account, in the way of <c>git merge --squash</c>.</summary>
    private void Squash(string message, string branch, string email = "bob@example.com")
    {
        _git.Git("checkout", "--quiet", "-b", branch);
        _git.Write(branch, branch);
        _git.Git("add", "--all");
        _git.Commit(message, "Bob", email);
        _git.Git("checkout", "--quiet", "main");
        _git.Git("merge", "--quiet", "--squash", branch);
        _git.Commit($"Feature\n\n{System.IO.File.ReadAllText(_git.At(".git/SQUASH_MSG"))}");
    }

    private static string StatusOf(CommandRun run) => AttestRepository.Status(PredicateOf(run));

    private static JsonElement PredicateOf(CommandRun run)
    {
        Assert.That(run.ExitCode, Is.Zero, run.Error);
        using var predicate = JsonDocument.Parse(run.Output);
        return predicate.RootElement.Clone();
    }

    private static string Policy(
        string fields,
        string repository = "https://github.com/acme/checkout",
        string expiresAt = "2126-01-01T00:00:00Z"
    ) =>
        $$"""
            {"kind": "https://deployguard.io/repository-policy/v1", "repository": "{{repository}}", {{fields}}, "expiresAt": "{{expiresAt}}"}
            """;
}
