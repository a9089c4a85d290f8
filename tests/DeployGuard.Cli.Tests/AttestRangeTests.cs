using System.Diagnostics;
using System.Globalization;
using System.Runtime.Versioning;
using System.Text;
using System.Text.Json;

namespace DeployGuard.Cli.Tests;

/// <summary>Ranges of real repositories: what belongs to a change, and when it cannot be seen whole.</summary>
[Parallelizable(ParallelScope.Children)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[UnsupportedOSPlatform("windows")]
public sealed class AttestRangeTests : IDisposable
{
    private const string Claude = "\n\nCo-Authored-By: Claude <noreply@anthropic.com>";

    private readonly AttestRepository _repository = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("deployguard-test-").FullName;

    private GitRepository Git => _repository.Git;

    public void Dispose()
    {
        _repository.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>A gate that looks at the last commit passes what lies beneath it.</summary>
    [Test]
    public async Task EveryCommitOfTheRangeCountsAndNotOnlyTheLast()
    {
        var signed = Git.Commit($"one{Claude}");
        Git.Commit("two", "Erin", "erin@example.com");

        var predicate = await _repository.PredicateAsync("--complete");

        var sign = predicate.GetProperty("ai").GetProperty("evidence").EnumerateArray().Single();
        Assert.That(AttestRepository.Status(predicate), Is.EqualTo("assisted"));
        Assert.That(AttestRepository.Text(sign, "commit"), Is.EqualTo(signed));
        Assert.That(AttestRepository.Authors(predicate), Is.EqualTo(new[] { "email:dana@example.com", "email:erin@example.com" }));
        Assert.That(predicate.GetProperty("complete").GetBoolean());
    }

    [Test]
    public async Task WhatTheBaseContainsIsNoPartOfTheChange()
    {
        var from = Git.Commit($"one{Claude}", "Erin", "erin@example.com");
        Git.Commit("two");

        var run = await AttestRepository.RunInAsync(Git.Folder, "--from", from, "--format", "predicate");

        using var predicate = JsonDocument.Parse(run.Output);
        Assert.That(AttestRepository.Status(predicate.RootElement), Is.EqualTo("unknown"));
        Assert.That(AttestRepository.Authors(predicate.RootElement), Is.EqualTo(new[] { "email:dana@example.com" }));
        Assert.That(
            run.Error,
            Does.Contain("1 commit from ").And.Contain(": unknown, no sign of AI, which proves nothing; 1 author, 0 reviews")
        );
    }

    [Test]
    public async Task MergesAndOctopusesBringAllTheirCommits()
    {
        foreach (var (branch, author) in (IReadOnlyList<(string, string)>)[("a", "erin"), ("b", "femi"), ("c", "gus")])
        {
            Git.Git("checkout", "--quiet", "-b", branch, _repository.Base);
            Git.Write($"{branch}.txt", branch);
            Git.Git("add", "--all");
            Git.Commit(branch == "b" ? $"b{Claude}" : branch, author, $"{author}@example.com");
        }

        Git.Git("checkout", "--quiet", "main");
        Git.Git("-c", "user.name=Hana", "-c", "user.email=hana@example.com", "merge", "--quiet", "--no-ff", "-m", "octopus", "a", "b", "c");
        Assert.That(Git.Git("log", "-1", "--format=%P").Split(' '), Has.Length.EqualTo(4), "an octopus");

        var predicate = await _repository.PredicateAsync("--complete");

        Assert.That(AttestRepository.Signs(predicate).Select(s => s.Tool), Is.EqualTo(new[] { "claude-code" }));
        Assert.That(
            AttestRepository.Authors(predicate),
            Is.EqualTo(new[] { "email:erin@example.com", "email:femi@example.com", "email:gus@example.com", "email:hana@example.com" })
        );
    }

    [Test]
    public async Task ASquashHasTheCoAuthorsAndSignsOfItsMessage()
    {
        Git.Commit(
            "Feature (#7)\n\n* one\n\nCo-authored-by: Erin <1001+erin@users.noreply.github.com>\n\n* two\n\nCo-Authored-By: Claude <noreply@anthropic.com>"
        );
        var predicate = await _repository.PredicateAsync("--complete");

        Assert.That(AttestRepository.Signs(predicate).Select(s => s.Tool), Is.EqualTo(new[] { "claude-code" }));
        Assert.That(AttestRepository.Authors(predicate), Is.EqualTo(new[] { "email:dana@example.com", "github:1001" }));
    }

    [Test]
    public async Task AWorktreeAndABareRepositoryAreReadLikeAClone()
    {
        Git.Commit($"one{Claude}");
        var worktree = Path.Combine(_folder, "worktree");
        Git.Git("worktree", "add", "--quiet", "--detach", worktree);
        var bare = Path.Combine(_folder, "bare");
        Git.Git("clone", "--quiet", "--bare", Git.Folder, bare);

        foreach (var folder in (string[])[worktree, bare])
        {
            var run = await AttestRepository.RunInAsync(folder, "--from", _repository.Base, "--complete", "--format", "predicate");
            Assert.That(run.ExitCode, Is.Zero, run.Error);
            Assert.That(run.Error, Does.EndWith(": assisted, signs of AI: claude-code 1; 1 author, 0 reviews; complete"));
        }
    }

    [Test]
    public async Task AShallowCloneThatEndsWithinTheRangeIsNotComplete()
    {
        Git.Git("checkout", "--quiet", "-b", "side");
        Git.Commit($"hidden{Claude}");
        var side = Git.Commit("side");
        Git.Git("checkout", "--quiet", "main");
        Git.Commit("main");
        Git.Git("-c", "user.name=d", "-c", "user.email=d@example.com", "merge", "--quiet", "--no-ff", "-m", "merge", "side");
        // The base is there, but not the first commit of the side branch.
        var clone = Shallow("--depth=3");
        GitIn(clone, "fetch", "--quiet", "--depth=1", "origin", side);
        Assert.That(File.ReadAllText(Path.Combine(clone, ".git", "shallow")), Does.Contain(side));

        var refused = await AttestRepository.RunInAsync(clone, "--from", _repository.Base, "--complete", "--format", "predicate");
        var partial = await AttestRepository.RunInAsync(clone, "--from", _repository.Base, "--format", "predicate");

        Assert.That((refused.ExitCode, refused.Output), Is.EqualTo((1, "")));
        Assert.That(
            refused.Error,
            Does.Contain(
                $"error: --complete: the clone is shallow, and ends at commit {side} within the range: fetch the whole history: git fetch --unshallow"
            )
        );
        Assert.That(partial.ExitCode, Is.Zero);
        Assert.That(partial.Error, Does.StartWith("not complete: the clone is shallow").And.EndWith("; not complete"));
        Assert.That(JsonDocument.Parse(partial.Output).RootElement.GetProperty("complete").GetBoolean(), Is.False);

        GitIn(clone, "fetch", "--quiet", "--unshallow", "origin");
        var whole = await AttestRepository.RunInAsync(clone, "--from", _repository.Base, "--complete", "--format", "predicate");
        Assert.That(whole.Error, Does.Contain("claude-code 1").And.EndWith("; complete"), "the remedy of the message works");
    }

    [Test]
    public async Task AShallowCloneThatEndsBelowTheRangeIsComplete()
    {
        Git.Commit("below");
        var from = Git.Commit("from");
        Git.Commit("one");
        Git.Commit("two");
        var clone = Shallow("--depth=3");

        var run = await AttestRepository.RunInAsync(clone, "--from", from, "--complete", "--format", "predicate");

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Error, Does.StartWith("2 commits from "));
    }

    [Test]
    public async Task ABaseThatAShallowCloneLacksIsAnError()
    {
        Git.Commit("one");
        Git.Commit("two");
        var run = await AttestRepository.RunInAsync(Shallow("--depth=1"), "--from", _repository.Base, "--format", "predicate");
        Assert.That((run.ExitCode, run.Output), Is.EqualTo((2, "")));
        Assert.That(
            run.Error,
            Does.StartWith(
                $"error: --from {_repository.Base}: no such commit in this clone, which is shallow: fetch the whole history: git fetch --unsh"
            )
        );
    }

    [Test]
    public async Task APartialCloneHasAllCommits()
    {
        Git.Write("big.txt", new string('x', 10_000));
        Git.Commit();
        Git.Commit($"two{Claude}");
        Git.Git("config", "uploadpack.allowFilter", "true");
        var clone = Path.Combine(_folder, "partial");
        Git.Git("clone", "--quiet", "--no-checkout", "--filter=blob:none", $"file://{Git.Folder}", clone);

        var run = await AttestRepository.RunInAsync(clone, "--from", _repository.Base, "--complete", "--format", "predicate");

        Assert.That(
            run.Error,
            Does.StartWith("2 commits from ").And.EndWith("assisted, signs of AI: claude-code 1; 1 author, 0 reviews; complete")
        );
    }

    [Test]
    public async Task ABaseThatIsNoAncestorIsNotComplete()
    {
        Git.Git("checkout", "--quiet", "-b", "other");
        var other = Git.Commit("other");
        Git.Git("checkout", "--quiet", "main");
        Git.Commit("one");

        var refused = await AttestRepository.RunInAsync(Git.Folder, "--from", other, "--complete", "--format", "predicate");
        var written = await AttestRepository.RunInAsync(Git.Folder, "--from", "other", "--format", "predicate");

        Assert.That((refused.ExitCode, refused.Output), Is.EqualTo((1, "")));
        Assert.That(
            refused.Error,
            Does.StartWith($"error: --complete: {other} is not an ancestor of HEAD: name a commit that it was built on with --from")
        );
        Assert.That(
            (written.ExitCode, written.Error.Split('\n')[0]),
            Is.EqualTo(
                (
                    0,
                    "not complete: other is not an ancestor of HEAD: name a commit that it was built on with --from, such as that of the image that runs now"
                )
            )
        );
    }

    /// <summary>Half of a history must not pass for all of it.</summary>
    [Test]
    public async Task AMissingObjectIsAnError()
    {
        var lost = Git.Commit("lost");
        Git.Commit("two");
        var file = Git.At($".git/objects/{lost[..2]}/{lost[2..]}");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.Delete(file);

        var run = await _repository.RunAsync("--format", "predicate");

        Assert.That((run.ExitCode, run.Output), Is.EqualTo((2, "")));
        Assert.That(run.Error, Does.Contain("error: attest: git log in ").And.Contain(lost));
    }

    /// <summary>A ref of the repository could otherwise replace a commit with one that has no sign of AI.</summary>
    [Test]
    public async Task ReplacedObjectsAndMailmapsAreIgnored()
    {
        var signed = Git.Commit($"one{Claude}");
        Git.Git("checkout", "--quiet", "--detach", _repository.Base);
        var clean = Git.Commit("clean");
        Git.Git("checkout", "--quiet", "main");
        Git.Git("replace", signed, clean);
        Git.Write(".mailmap", "Somebody Else <else@example.com> <dana@example.com>");
        Git.Git("config", "log.showSignature", "true");
        Git.Git("config", "log.mailmap", "true");
        Git.Git("config", "format.pretty", "oneline");
        Assert.That(Git.Git("log", "-1", "--format=%B%n%aE"), Is.EqualTo("clean\nelse@example.com"), "git itself is misled");

        var predicate = await _repository.PredicateAsync();

        Assert.That(AttestRepository.Signs(predicate).Select(s => s.Tool), Is.EqualTo(new[] { "claude-code" }));
        Assert.That(AttestRepository.Authors(predicate), Is.EqualTo(new[] { "email:dana@example.com" }));
    }

    [Test]
    public async Task MessagesOfAnyEncodingAreRead()
    {
        Git.Git("config", "i18n.commitEncoding", "ISO-8859-1");
        var tree = Git.Git("write-tree");
        byte[] raw =
        [
            .. Encoding.ASCII.GetBytes($"tree {tree}\nparent {_repository.Base}\nauthor J"),
            0xfc,
            .. Encoding.ASCII.GetBytes("rg <j@example.com> 1 +0000\ncommitter X <j@example.com> 1 +0000\nencoding ISO-8859-1\n\n"),
            0xfc,
            .. Encoding.ASCII.GetBytes("\n\nAssisted-by: x"),
            0xfc,
            (byte)'\n',
        ];
        var file = Path.Combine(_folder, "raw");
        await File.WriteAllBytesAsync(file, raw);
        var commit = Git.Git("hash-object", "-t", "commit", "-w", file);

        var predicate = await _repository.PredicateAsync("--to", commit);

        Assert.That(AttestRepository.Signs(predicate).Single().Value, Is.EqualTo("Assisted-by: xü"));
    }

    [Test]
    public async Task ARepositoryWithSha256IsRead()
    {
        using var git = new GitRepository("--object-format=sha256");
        var from = git.Commit("start");
        var head = git.Commit("one");

        var run = await AttestRepository.RunInAsync(git.Folder, "--from", from, "--complete", "--format", "statement");

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(head, Has.Length.EqualTo(64));
        Assert.That(run.Output, Does.Contain(head));
    }

    /// <summary>The job that builds the same commit again says of which commit the image is.</summary>
    [Test]
    public async Task ARangeWithoutCommitsIsStatedWithANoteThatItStandsInForNoApproval()
    {
        var run = await _repository.RunAsync("--format", "predicate");

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(
            run.Error.Split('\n'),
            Is.EqualTo(
                new[]
                {
                    $"note: --from and --to are the same commit, {_repository.Base}, with no commit between them: the statement says of which "
                        + "commit the image is, and stands in for no approval",
                    $"0 commits from {_repository.Base[..12]} to {_repository.Base[..12]}: unknown, no sign of AI, which proves nothing; 0 authors, 0 reviews; not complete",
                }
            )
        );
    }

    [TestCase("--complete")]
    [TestCase("--approvals")]
    public async Task ReviewsOfNoCommitAreAnError(string option)
    {
        Git.Write("approvals.json", """{"approvals": []}""");

        var run = await _repository.RunAsync([
            "--format",
            "predicate",
            option,
            .. option == "--approvals" ? (string[])[Git.At("approvals.json")] : [],
        ]);

        Assert.That((run.ExitCode, run.Output), Is.EqualTo((2, "")));
        Assert.That(
            run.Error,
            Is.EqualTo(
                $"error: --from and --to are the same commit, {_repository.Base}, with no commit between them: there is no change to state. Name "
                    + "the commit of the image that runs now with --from, and that of the new image with --to"
            )
        );
    }

    /// <summary>In one pass: the time of a run must not grow with a process for each commit.</summary>
    [Test, NonParallelizable]
    public async Task FiftyThousandCommitsTakeSeconds()
    {
        const int Count = 50_000;
        var commits = new StringBuilder();
        for (var i = 0; i < Count; i++)
        {
            var message =
                $"Change {i}\n\n{new string('x', 200)}\n\n{(i % 5 == 0 ? "Co-Authored-By: Claude <noreply@anthropic.com>" : $"Reviewed-by: r{i}")}\n";
            commits.Append(
                CultureInfo.InvariantCulture,
                $"commit refs/heads/main\nauthor P{i % 100} <p{i % 100}@example.com> {i} +0000\ncommitter P <p@example.com> {i} +0000\ndata {message.Length}\n{message}"
            );
            commits.Append(i == 0 ? $"from {_repository.Base}\n\n" : "\n");
        }

        Git.Git(["fast-import", "--quiet", "--force"], commits.ToString());
        var watch = Stopwatch.StartNew();

        var run = await _repository.RunAsync("--format", "statement", "--complete");

        TestContext.Out.WriteLine($"{Count} commits: {watch.Elapsed}");
        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Error, Does.Contain("note: 10000 signs of AI were found; the statement names 256 of them"));
        Assert.That(run.Error, Does.Contain("50000 commits from ").And.Contain("signs of AI: claude-code 10000; 101 authors"));
        Assert.That(watch.Elapsed, Is.LessThan(TimeSpan.FromSeconds(30)), "a process for each commit takes minutes");
    }

    /// <summary>The rest of many signs is left out, but no tool is.</summary>
    [Test]
    public async Task EveryToolIsNamedHoweverManySignsAreFound()
    {
        var trailers = string.Join('\n', Enumerable.Range(0, 400).Select(i => $"Claude-Session: {i}"));
        Git.Commit("one\n\nAssisted-by: Rare");
        Git.Commit($"two\n\n{trailers}");

        var signs = AttestRepository.Signs(await _repository.PredicateAsync()).ToList();

        Assert.That(signs, Has.Count.EqualTo(256));
        Assert.That(signs.Select(s => s.Tool).Distinct(), Is.EquivalentTo(new[] { "claude-code", "rare" }));
    }

    private string Shallow(string depth)
    {
        var clone = Path.Combine(_folder, "shallow");
        Git.Git("config", "uploadpack.allowAnySHA1InWant", "true");
        Git.Git("clone", "--quiet", "--no-tags", depth, $"file://{Git.Folder}", clone);
        return clone;
    }

    private void GitIn(string folder, params string[] arguments) => Git.Git(["-C", folder, .. arguments]);
}
