using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using DeployGuard.Core.Attestations;
using DeployGuard.Cryptography;
using DeployGuard.Cryptography.Tests;

namespace DeployGuard.Cli.Tests;

/// <summary><c>deployguard attest</c>: what it writes, in which form, and what it refuses.</summary>
[Parallelizable(ParallelScope.Children)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class AttestTests : IDisposable
{
    private static readonly string s_digest = new('a', 64);

    private readonly AttestRepository _repository = new();
    private readonly string _head;

    public AttestTests() => _head = Git.Commit("one\n\nAssisted-by: Codex");

    private GitRepository Git => _repository.Git;

    public void Dispose() => _repository.Dispose();

    [Test]
    public async Task TheEnvelopeIsVerifiedByItsPublicKeyAndHasTheWholeStatement()
    {
        await CommandRun.OfAsync("keys", "generate", Git.At("review"));
        var run = await _repository.RunAsync("--complete", "--key", Git.At("review.key"), "-o", Git.At("change.json"), "--valid-for", "2h");
        Assert.That((run.ExitCode, run.Output), Is.EqualTo((0, "")), run.Error);

        var change = Verified(await File.ReadAllBytesAsync(Git.At("change.json")), "review.pub", out var statement);

        Assert.Multiple(() =>
        {
            Assert.That(statement.PredicateType, Is.EqualTo("https://deployguard.io/change/v1"));
            Assert.That(statement.Subjects.Single().GitCommit, Is.EqualTo(_head));
            Assert.That(
                change.Source,
                Is.EqualTo(new ChangeSource("git+https://github.com/acme/checkout", "refs/heads/main", _repository.Base, _head))
            );
            Assert.That(change.IsComplete);
            Assert.That(change.Ai.Status, Is.EqualTo(AiStatus.Assisted));
            Assert.That(change.Ai.Evidence.Single(), Is.EqualTo(new AiEvidence(_head, "trailer", "codex", "Assisted-by: Codex")));
            Assert.That(change.Authors, Is.EqualTo(new[] { "email:dana@example.com" }));
            Assert.That(change.Approvals, Is.Empty);
            Assert.That(change.ExpiresAt - change.IssuedAt, Is.EqualTo(TimeSpan.FromHours(2)));
            Assert.That(change.IssuedAt.Millisecond, Is.Zero);
        });
    }

    [TestCase("refs/heads/main", "")]
    [TestCase("refs/heads/mian", "note: --ref refs/heads/mian: this clone has branches and no such ref")]
    public async Task ARefThatTheCloneLacksIsPointedOut(string name, string note)
    {
        var run = await CommandRun.OfAsync([
            "attest",
            "--folder",
            Git.Folder,
            "--repository",
            "https://github.com/acme/checkout",
            "--from",
            _repository.Base,
            "--ref",
            name,
            "--format",
            "predicate",
        ]);

        Assert.That((run.ExitCode, run.Error.Contains("--ref", StringComparison.Ordinal)), Is.EqualTo((0, note.Length > 0)), run.Error);
        Assert.That(run.Error, Does.Contain(note));
    }

    [Test]
    public async Task ImagesAreTheSubjectsByDigestWithoutTheirTags()
    {
        var run = await _repository.RunAsync(
            "--format",
            "statement",
            "--image",
            $"registry.example.com:5000/acme/checkout:v1@sha256:{s_digest}",
            "--image",
            $"localhost:5000/worker@sha256:{new string('b', 64)}"
        );
        var statement = Statement.Parse(Encoding.UTF8.GetBytes(run.Output));
        Assert.That(
            statement.Subjects.Select(s => (s.Name, s.Sha256)),
            Is.EqualTo(new[] { ("registry.example.com:5000/acme/checkout", s_digest), ("localhost:5000/worker", new string('b', 64)) })
        );
    }

    [Test]
    public async Task TheAnnotationIsAMergePatchWithTheEnvelope()
    {
        await CommandRun.OfAsync("keys", "generate", Git.At("review"));
        var run = await _repository.RunAsync("--format", "annotation", "--key", Git.At("review.key"));
        using var patch = JsonDocument.Parse(run.Output);
        var annotation = patch.RootElement.GetProperty("metadata").GetProperty("annotations").EnumerateObject().Single();
        Assert.That(annotation.Name, Is.EqualTo("deployguard.io/change-statement"));
        Assert.That(
            Verified(Encoding.UTF8.GetBytes(annotation.Value.GetString() ?? ""), "review.pub", out _).Source.HeadCommit,
            Is.EqualTo(_head)
        );
    }

    [Test]
    public async Task AnAnnotationThatKubernetesWouldRefuseIsNotWritten()
    {
        await CommandRun.OfAsync("keys", "generate", Git.At("review"));
        Git.Commit(string.Join('\n', Enumerable.Range(0, 900).Select(i => $"Co-authored-by: P <p{i}{new string('x', 250)}@example.com>")));
        var run = await _repository.RunAsync("--format", "annotation", "--key", Git.At("review.key"));
        Assert.That((run.ExitCode, run.Output), Is.EqualTo((2, "")));
        Assert.That(
            run.Error,
            Does.Contain("error: --format annotation: the signed statement has ").And.Contain("may have 262144; attest the range in parts")
        );
    }

    /// <summary>What no reader accepts must not be signed.</summary>
    [Test]
    public async Task MoreAuthorsThanAStatementMayHaveAreAnError()
    {
        Git.Commit(string.Join('\n', Enumerable.Range(0, 1001).Select(i => $"Co-authored-by: P <p{i}@example.com>")));
        var run = await _repository.RunAsync("--format", "statement");
        Assert.That((run.ExitCode, run.Output), Is.EqualTo((2, "")));
        Assert.That(
            run.Error,
            Does.Contain("error: attest: the statement cannot be written: predicate.authors: has 1002 items; the limit is 1000")
        );
    }

    /// <summary>One after the other: the environment is the same for all.</summary>
    [Test]
    public async Task EncryptedKeysOfOpensslAndCosignSignWithThePasswordOfTheEnvironment()
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var cost = new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000);
        Key("openssl", pair.ExportEncryptedPkcs8PrivateKeyPem("pw", cost), pair.ExportSubjectPublicKeyInfoPem());
        Key("cosign", TestKeys.Cosign, TestKeys.CosignPublic);
        Key("ed25519", TestKeys.Ed25519Encrypted, TestKeys.Ed25519Public);
        var without = await _repository.RunAsync("--key", Git.At("cosign.key"));
        Assert.That((without.ExitCode, without.Output), Is.EqualTo((2, "")));
        Assert.That(without.Error, Does.StartWith($"error: {Git.At("cosign.key")}: is encrypted"));

        Environment.SetEnvironmentVariable("COSIGN_PASSWORD", "pw");
        try
        {
            foreach (var name in (string[])["openssl", "cosign", "ed25519"])
            {
                var run = await _repository.RunAsync("--key", Git.At($"{name}.key"));
                Assert.That(run.ExitCode, Is.Zero, run.Error);
                Assert.That(Verified(Encoding.UTF8.GetBytes(run.Output), $"{name}.pub", out _).Source.HeadCommit, Is.EqualTo(_head), name);
            }
        }
        finally
        {
            Environment.SetEnvironmentVariable("COSIGN_PASSWORD", null);
        }
    }

    [Test]
    public async Task AToolMayBeDeclaredWithoutASign()
    {
        var signs = AttestRepository.Signs(await _repository.PredicateAsync("--declare", "Windsurf"));
        Assert.That(signs.Last(), Is.EqualTo(("declared", "windsurf", "declared by the signer")));
    }

    [Test]
    public async Task PeopleHaveTheIdsOfTheMapThenOfGitHubThenTheirAddress()
    {
        Git.Commit("a", "Erin", "Erin@Example.com");
        Git.Commit("b", "Femi", "2002+femi@users.noreply.github.com");
        Git.Commit("c\n\nCo-authored-by: GitHub <noreply@github.com>", "Nobody", "gus@example.com");
        Git.Write("map.json", """{"ERIN@example.com": "github:1001", "elsewhere@example.com": "gitlab:7"}""");
        var predicate = await _repository.PredicateAsync("--authors-map", Git.At("map.json"), "--operator", "github:9");
        Assert.That(
            AttestRepository.Authors(predicate),
            Is.EqualTo(new[] { "email:dana@example.com", "email:gus@example.com", "github:1001", "github:2002", "github:9" })
        );
    }

    /// <summary>Nobody would be excluded as approver of what an agent made alone.</summary>
    [Test]
    public async Task AChangeOfAnAgentAloneIsCompleteOnlyWithItsOperator()
    {
        var agent = Git.Commit("agent", "Copilot", "198982749+Copilot@users.noreply.github.com");

        var refused = await _repository.RunAsync("--format", "predicate", "--complete");
        var complete = await _repository.PredicateAsync("--complete", "--operator", "github:1001");

        Assert.That((refused.ExitCode, refused.Output), Is.EqualTo((1, "")));
        Assert.That(
            refused.Error,
            Is.EqualTo($"error: --complete: commit {agent} names no person: name who operated the agent with --operator")
        );
        Assert.That(AttestRepository.Authors(complete), Is.EqualTo(new[] { "email:dana@example.com", "github:1001" }));
    }

    [Test]
    public async Task AReviewOfTheHeadOrOfTheSameFilesIsOneOfTheHead()
    {
        Git.Git("checkout", "--quiet", "-b", "side");
        Git.Write("a.txt", "a");
        Git.Git("add", "--all");
        var stale = Git.Commit("first push");
        Git.Write("a.txt", "b");
        Git.Git("add", "--all");
        var reviewed = Git.Commit("second push");
        Git.Git("checkout", "--quiet", "main");
        Git.Git("merge", "--quiet", "--squash", "side");
        var head = Git.Commit("squashed (#7)");
        Approvals(
            Review("github:1", "human", "approved", head),
            Review("github:2", "human", "approved", reviewed),
            Review("github:3", "human", "approved", stale),
            Review("github:4", "human", "changesRequested", stale),
            Review("email:dana@example.com", "human", "approved", head),
            Review("github:5", "bot", "approved", head),
            Review("github:6", "human", "approved", new string('f', 40))
        );

        var run = await _repository.RunAsync("--format", "predicate", "--approvals", Git.At("approvals.json"));

        using var predicate = JsonDocument.Parse(run.Output);
        var approvals = predicate.RootElement.GetProperty("approvals").EnumerateArray().ToList();
        Assert.That(
            approvals.Select(a => AttestRepository.Text(a, "commit")),
            Is.EqualTo(new[] { head, head, stale, stale, head, head, new string('f', 40) })
        );
        Assert.That(
            run.Error.Split('\n')
                .Where(l => l.Contains(" will not count: ", StringComparison.Ordinal))
                .Select(l => l.Split(" of commit")[0]),
            Is.EqualTo(
                new[]
                {
                    "note: the approval of github:3 will not count: it is",
                    "note: the review of github:4 will not count: it asks for changes. Have them review again once these are made",
                    $"note: the approval of email:dana@example.com will not count: they are an author of the change (author of {head}). Have "
                        + "somebody review it who had no part in it",
                    "note: the approval of github:5 will not count: they are no human. Have a person review it",
                    "note: the approval of github:6 will not count: it is",
                }
            )
        );
    }

    [TestCase(
        """{"approvals": [{"approver": "x"}]}""",
        "approvals[0].approver: \"x\" is no id such as github:1001, gitlab:42 or email:dana@example.com"
    )]
    [TestCase(
        """{"approvals": [{"approver": "github:1", "kind": "Human"}]}""",
        "approvals[0].kind: \"Human\" is not one of human, bot, ai"
    )]
    [TestCase(
        """{"approvals": [{"approver": "github:1", "kind": "human", "state": "APPROVED"}]}""",
        "approvals[0].state: \"APPROVED\" is not one of approved, changesRequested, dismissed"
    )]
    [TestCase(
        """{"approvals": [{"approver": "github:1", "kind": "human", "state": "approved", "commit": "abc"}]}""",
        "approvals[0].commit: is no full hash of a commit, in lower case"
    )]
    [TestCase(
        """{"approvals": [{"approver": "github:1", "kind": "human", "state": "approved", "commit": "HASH"}]}""",
        "approvals[0].at: is missing"
    )]
    [TestCase(
        """{"approvals": [{"approver": "github:1", "kind": "human", "state": "approved", "commit": "HASH", "at": "soon"}]}""",
        "approvals[0].at: expected a time, found a string"
    )]
    [TestCase("""{"reviews": []}""", "reviews: unknown field; allowed are approvals")]
    [TestCase(
        "[]",
        "is a list; write an object {\"approvals\": [...]}, each with approver, kind, state, commit and at; docs/attest.md has the "
            + "commands that make it of what GitHub and GitLab print"
    )]
    [TestCase(
        " \n",
        "is empty; write an object {\"approvals\": [...]}, each with approver, kind, state, commit and at; docs/attest.md has the "
            + "commands that make it of what GitHub and GitLab print"
    )]
    [TestCase("1", "content: is not a JSON object")]
    public async Task AMistakeInTheReviewsIsNamedWithItsPath(string content, string error)
    {
        Git.Write("approvals.json", content.Replace("HASH", _head, StringComparison.Ordinal));
        var run = await _repository.RunAsync("--format", "predicate", "--approvals", Git.At("approvals.json"));
        Assert.That((run.ExitCode, run.Output, run.Error), Is.EqualTo((2, "", $"error: {Git.At("approvals.json")}: {error}")));
    }

    [Test]
    public async Task WhatWillNotCountIsSaidWithWhatHelps()
    {
        object Dated(string approver, string state, string at, string? commit = null) =>
            new
            {
                approver,
                kind = "human",
                state,
                commit = commit ?? _head,
                at,
            };
        Approvals(
            Dated("github:1", "approved", "2999-01-01T00:00:00Z"),
            Dated("github:2", "dismissed", "2026-03-11T09:30:00Z"),
            Dated("github:3", "approved", "2020-03-11T09:30:00Z"),
            Dated("github:4", "approved", "2020-03-11T09:30:00Z", _repository.Base)
        );
        Git.Write("a.txt", "a");
        Git.Git("add", "--all");
        Git.Git("commit", "--quiet", "--amend", "--no-edit");

        var run = await _repository.RunAsync("--format", "predicate", "--to", _head, "--approvals", Git.At("approvals.json"));
        var merged = await _repository.RunAsync("--format", "predicate", "--approvals", Git.At("approvals.json"));

        Assert.That(
            run.Error.Split('\n')[..3],
            Is.EqualTo(
                new[]
                {
                    "note: the approval of github:1 will not count: its time, 2999-01-01T00:00:00Z, is in the future. Correct the file or the "
                        + "clock, and attest again",
                    "note: the review of github:2 will not count: it was dismissed. Have them review again",
                    "note: the approval of github:3 is of 2020-03-11: it counts only where approval.maxAge of the policy is that long (72h if it "
                        + "is not set)",
                }
            )
        );
        Assert.That(run.Error, Does.EndWith("; 1 author (email:dana@example.com), 4 reviews (2 will not count); not complete"));
        Assert.That(
            merged.Error,
            Does.Contain("note: the approval of github:4 will not count: it is of commit ")
                .And.Contain("Have the head reviewed and attest again or, if it is merged, have the change approved in the cluster")
        );
    }

    /// <summary>Who pushed to the branch of another person could otherwise approve it after the squash.</summary>
    [Test]
    public async Task WhatASquashLosesIsReadFromTheReviewedBranch()
    {
        Git.Git("checkout", "--quiet", "-b", "side");
        Git.Write("a.txt", "a");
        Git.Git("add", "--all");
        Git.Commit("first\n\nCo-authored-by: Cursor <cursoragent@cursor.com>", "Erin", "erin@example.com");
        var reviewed = Git.Commit("second", "Femi", "femi@example.com");
        Git.Git("checkout", "--quiet", "main");
        Git.Git("merge", "--quiet", "--squash", "side");
        var head = Git.Commit("squashed (#7)");
        Approvals(Review("email:erin@example.com", "human", "approved", reviewed));

        var run = await _repository.RunAsync("--format", "predicate", "--complete", "--approvals", Git.At("approvals.json"));

        using var predicate = JsonDocument.Parse(run.Output);
        Assert.That(AttestRepository.Signs(predicate.RootElement).Select(s => s.Tool), Is.EqualTo(new[] { "codex", "cursor" }));
        Assert.That(
            AttestRepository.Authors(predicate.RootElement),
            Is.EqualTo(new[] { "email:dana@example.com", "email:erin@example.com", "email:femi@example.com" })
        );
        Assert.That(
            run.Error,
            Does.StartWith("note: the approval of email:erin@example.com will not count: they are an author of the change (author of ")
        );
        Assert.That(run.Error, Does.Contain($"2 commits from {_repository.Base[..12]} to {head[..12]}"));
    }

    [Test]
    public async Task AnAddressThatTheMapHasTwiceIsAnError()
    {
        Git.Write("map.json", """{"a@example.com": "github:1", "A@example.com": "github:2"}""");
        var run = await _repository.RunAsync("--format", "predicate", "--authors-map", Git.At("map.json"));
        Assert.That(
            (run.ExitCode, run.Output, run.Error),
            Is.EqualTo((2, "", $"error: {Git.At("map.json")}: a@example.com: is there twice"))
        );
    }

    [TestCase("https://github.com/acme/checkout", "git+https://github.com/acme/checkout")]
    [TestCase("git+https://GitHub.com/acme/Checkout.git/", "git+https://github.com/acme/Checkout")]
    [TestCase("https://user:secret@git.example.com:8443/a/b.git", "git+https://git.example.com:8443/a/b")]
    [TestCase("ssh://git@git.example.com/a/b", "git+ssh://git.example.com/a/b")]
    public async Task TheRepositoryIsNamedInOneForm(string given, string stated)
    {
        var predicate = await CommandRun.OfAsync(
            "attest",
            "--folder",
            Git.Folder,
            "--from",
            _repository.Base,
            "--format",
            "predicate",
            "--repository",
            given
        );
        using var json = JsonDocument.Parse(predicate.Output);
        Assert.That(AttestRepository.Text(json.RootElement.GetProperty("source"), "repository"), Is.EqualTo(stated));
    }

    /// <summary>CI systems put passwords into the address of the remote.</summary>
    [Test]
    public async Task TheRemoteIsTheDefaultAndItsPasswordIsNeverShown()
    {
        string[] command = ["attest", "--folder", Git.Folder, "--from", _repository.Base, "--format", "predicate"];
        var none = await CommandRun.OfAsync(command);
        Git.Git("remote", "add", "origin", "https://ci:secret@gitlab.example.com/acme/checkout.git");
        var https = await CommandRun.OfAsync(command);
        Git.Git("remote", "set-url", "origin", "ftp://ci:secret@gitlab.example.com/acme/checkout.git");
        var other = await CommandRun.OfAsync(command);

        Assert.That(
            none.Error,
            Does.StartWith("error: --repository: is needed, because the repository has no remote origin; name the repository as")
        );
        Assert.That(https.Output, Does.Contain("https://gitlab.example.com/acme/checkout\"").And.Not.Contain("secret"));
        Assert.That(other.Error, Does.StartWith("error: --repository: is needed, because the address of the remote origin is not https"));
        Assert.That(other.Error, Does.Not.Contain("secret"));
    }

    [Test]
    public async Task TheRefIsThatOfTheBranchOrTag()
    {
        string[] command =
        [
            "attest",
            "--folder",
            Git.Folder,
            "--from",
            _repository.Base,
            "--format",
            "predicate",
            "--repository",
            "https://example.com/a",
        ];
        Git.Git("tag", "v1");
        var head = await CommandRun.OfAsync(command);
        var tag = await CommandRun.OfAsync([.. command, "--to", "v1"]);
        Assert.That(head.Output, Does.Contain("\"ref\":\"refs/heads/main\""));
        Assert.That(tag.Output, Does.Contain("\"ref\":\"refs/tags/v1\""));
    }

    /// <summary>What refusals and CI systems name is a commit.</summary>
    [Test]
    public async Task TheRefOfACommitIsTheBranchThatEndsWithItIfThatIsCheckedOutOrTheOnlyOne()
    {
        string[] command = ["attest", "--folder", Git.Folder, "--format", "predicate", "--repository", "https://example.com/a"];
        Task<CommandRun> AttestAsync(string from, string to) => CommandRun.OfAsync([.. command, "--from", from, "--to", to]);
        const string Main = "\"ref\":\"refs/heads/main\"";

        var checkedOut = await AttestAsync(_repository.Base, _head);
        Git.Git("checkout", "--quiet", "--detach");
        var only = await AttestAsync(_repository.Base, _head);
        var detached = await AttestAsync(_repository.Base, "HEAD");
        Git.Git("branch", "side");
        var several = await AttestAsync(_repository.Base, _head);
        Git.Git("checkout", "--quiet", "main");
        var ofSeveral = await AttestAsync(_repository.Base, _head);
        Git.Commit("later");
        Git.Git("branch", "--force", "side");
        var none = await AttestAsync(_repository.Base, _head);

        Assert.That(
            ((CommandRun[])[checkedOut, only, detached, ofSeveral]).Select(r => r.Output),
            Has.All.Contains(Main),
            detached.Error + only.Error
        );
        Assert.That(
            several.Error,
            Is.EqualTo(
                $"error: --ref: is needed, because several branches end with {_head}; name one of them: --ref refs/heads/main or --ref "
                    + "refs/heads/side"
            )
        );
        Assert.That(
            none.Error,
            Is.EqualTo(
                $"error: --ref: is needed, because {_head} names no branch or tag, and no branch of this clone ends with it; name it as in --ref "
                    + "refs/heads/main"
            )
        );
    }

    [Test]
    public async Task AChangeMayBeginWithTheFirstCommit()
    {
        var zeros = new string('0', 40);
        var run = await AttestRepository.RunInAsync(Git.Folder, "--from", zeros, "--complete", "--format", "predicate");
        Assert.That(run.Error, Does.StartWith($"2 commits from {zeros[..12]} to {_head[..12]}: assisted").And.EndWith("; complete"));
    }

    [TestCase("--from gone", "--from gone: no such commit in this clone; fetch it first: git fetch origin")]
    [TestCase("--folder /nowhere", "--folder /nowhere: no such folder")]
    [TestCase("--folder /", "--folder /: cannot be read from git (fatal: not a git repository")]
    [TestCase("--repository ../x", "--repository ../x: no https or ssh address; name the repository as policies do: --repository https://")]
    [TestCase("--repository https://x/", "--repository https://x/: no https or ssh address")]
    [TestCase("--repository https://x/a?b", "--repository https://x/a?b: no https or ssh address")]
    [TestCase("--ref main", "--ref main: no full name of a ref; name it as in refs/heads/main")]
    [TestCase("--ref refs/heads/a..b", "--ref refs/heads/a..b: no full name of a ref")]
    [TestCase("--image web:1", "--image web:1: not named by digest; name it as in registry.example.com/checkout@sha256:")]
    [TestCase("--image web@sha256:12", "--image web@sha256:12: not named by digest")]
    [TestCase("--operator dana", "--operator dana: is no id such as github:1001, gitlab:42 or email:dana@example.com")]
    [TestCase("--valid-for 3d", "--valid-for 3d: no duration such as 72h or 720h")]
    [TestCase("--valid-for 0s", "--valid-for 0s: no duration such as 72h or 720h")]
    [TestCase("--declare  ", "--declare  : no name of a tool")]
    [TestCase("--authors-map /nowhere", "/nowhere: no such file")]
    [TestCase("--detectors /nowhere", "/nowhere: no such file")]
    [TestCase("--trace /nowhere", "/nowhere: no such file")]
    [TestCase("-o /nowhere/x", "/nowhere/x: cannot be written: ")]
    public async Task AnUnusableOptionIsNamed(string option, string error)
    {
        var (name, value) = (
            option[..option.IndexOf(' ', StringComparison.Ordinal)],
            option[(option.IndexOf(' ', StringComparison.Ordinal) + 1)..]
        );
        List<string> command =
        [
            "attest",
            "--folder",
            Git.Folder,
            "--from",
            _repository.Base,
            "--repository",
            "https://example.com/a",
            "--format",
            "statement",
        ];
        var given = command.IndexOf(name);
        if (given >= 0)
        {
            command.RemoveRange(given, 2);
        }

        var run = await CommandRun.OfAsync([.. command, $"{name}={value}"]);

        Assert.That((run.ExitCode, run.Output), Is.EqualTo((2, "")));
        Assert.That(run.Error, Does.StartWith($"error: {error}"));
    }

    [TestCase("", "--key is missing; name the file of a private key, or write what is not signed with --format statement")]
    [TestCase(
        "--format annotation",
        "--key is missing; name the file of a private key, or write what is not signed with --format statement"
    )]
    [TestCase("--format statement --key k", "--key: what --format statement writes is not signed; leave one of the two out")]
    [TestCase("--format predicate --key k", "--key: what --format predicate writes is not signed; leave one of the two out")]
    [TestCase(
        "--format predicate --image x",
        "--image: what --format predicate writes names no image; give the image to the program that signs it"
    )]
    [TestCase("--to=--output=x", "--output=x: attest has no such option; did you mean --output?")]
    [TestCase("--operator=--all", "--all: attest has no such option")]
    [TestCase("--format yaml", "Cannot parse argument 'yaml' for option '--format'")]
    [TestCase("--key k --output", "Required argument missing for option: '--output'.")]
    [TestCase("--complet", "Unrecognized command or argument '--complet'.")]
    public async Task OptionsThatDoNotGoTogetherAreRefused(string options, string error)
    {
        var run = await _repository.RunAsync(options.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Output, Does.Not.Contain("{"));
        Assert.That(run.Error, Does.Contain($"error: {error}"));
        Assert.That(run.Error.Split('\n'), Has.All.Not.Empty);
    }

    [Test]
    public async Task AKeyThatCannotSignIsNamed()
    {
        Git.Write("text", "hello");
        var run = await _repository.RunAsync("--key", Git.At("text"));
        Assert.That((run.ExitCode, run.Output), Is.EqualTo((2, "")));
        Assert.That(run.Error, Does.StartWith($"error: {Git.At("text")}: holds no private key in PEM"));
    }

    [Test]
    public async Task APublicKeyIsNoKeyToSignWith()
    {
        await CommandRun.OfAsync("keys", "generate", Git.At("forge"));
        var run = await _repository.RunAsync("--key", Git.At("forge.pub"));
        Assert.That((run.ExitCode, run.Output), Is.EqualTo((2, "")));
        Assert.That(
            run.Error,
            Is.EqualTo(
                $"error: --key {Git.At("forge.pub")}: is a public key, which verifies and cannot sign; name the file of its private key, such as "
                    + Git.At("forge.key")
            )
        );
    }

    [Test]
    public async Task TheRepositoryStaysAsItIs()
    {
        var before = Git.Git("for-each-ref") + Git.Git("status", "--porcelain") + Git.Git("config", "--list", "--local");
        await _repository.PredicateAsync("--complete");
        Assert.That(
            Git.Git("for-each-ref") + Git.Git("status", "--porcelain") + Git.Git("config", "--list", "--local"),
            Is.EqualTo(before)
        );
    }

    private ChangeStatement Verified(byte[] envelope, string publicKey, out Statement statement)
    {
        var key = PublicKey.Parse(File.ReadAllText(Git.At(publicKey)), new MoreAlgorithms());
        statement = Statement.Parse(Dsse.Verify(DsseEnvelope.Parse(envelope), Statement.PayloadType, [key]));
        return ChangeStatement.Parse(statement.Predicate);
    }

    private void Key(string name, string privatePem, string publicPem)
    {
        Git.Write($"{name}.key", privatePem);
        Git.Write($"{name}.pub", publicPem);
    }

    private void Approvals(params object[] reviews) => Git.Write("approvals.json", JsonSerializer.Serialize(new { approvals = reviews }));

    private static object Review(string approver, string kind, string state, string commit) =>
        new
        {
            approver,
            kind,
            state,
            commit,
            at = "2026-03-11T09:30:00Z",
        };
}
