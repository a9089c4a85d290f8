using System.Text.Json;

namespace DeployGuard.Cli.Tests;

/// <summary>Signs of AI that are not in commits: notes of git-ai of both generations, and Agent Traces.</summary>
[Parallelizable(ParallelScope.Children)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class AttestNoteTests : IDisposable
{
    private const string Prompts = """
        src/main.rs
          abcd1234abcd1234 1-10,15-20
        ---
        {
          "schema_version": "authorship/3.0.0",
          "base_commit_sha": "x",
          "prompts": {
            "abcd1234abcd1234": {
              "agent_id": {"tool": "cursor", "id": "6ef2299e", "model": "claude-4.5-opus"},
              "human_author": "Erin <erin@example.com>",
              "messages": [{"type": "user", "text": "Handle errors"}],
              "accepted_lines": 16
            }
          }
        }
        """;

    private const string Sessions = """
        src/main.rs
          s_c9883b05a2487d::t_9f8e7d6c5b4a32 1-10
          h_31dce776f88375 42-50
        "src/my lib.rs"
          s_e7f2a90b31cc48::t_deadbeef012345 1-50
        ---
        {
          "schema_version": "authorship/3.0.0",
          "prompts": {},
          "humans": {"h_31dce776f88375": {"author": "Femi <femi@example.com>"}},
          "sessions": {
            "s_c9883b05a2487d": {"agent_id": {"tool": "cursor", "model": "claude-sonnet-4-5"}, "human_author": "Gus <gus@example.com>"},
            "s_e7f2a90b31cc48": {"agent_id": {"tool": "claude", "model": "claude-sonnet-4-5"}}
          }
        }
        """;

    private const string KnownHuman = """
        app.txt
          h_31dce776f88375 1
        ---
        {"schema_version": "authorship/3.0.0", "prompts": {}, "humans": {"h_31dce776f88375": {"author": "Femi <femi@example.com>"}}}
        """;

    private readonly AttestRepository _repository = new();

    private GitRepository Git => _repository.Git;

    public void Dispose() => _repository.Dispose();

    [Test]
    public async Task ANoteWithPromptsNamesItsAgentsAndWhoPromptedThem()
    {
        Note(Git.Commit("one"), Prompts);
        var predicate = await _repository.PredicateAsync("--complete");
        Assert.That(AttestRepository.Signs(predicate), Is.EqualTo(new[] { ("note", "cursor", "git-ai: cursor claude-4.5-opus") }));
        Assert.That(AttestRepository.Authors(predicate), Is.EqualTo(new[] { "email:dana@example.com", "email:erin@example.com" }));
    }

    [Test]
    public async Task ANoteWithSessionsNamesItsAgentsAndHumans()
    {
        Note(Git.Commit("one"), Sessions);
        var predicate = await _repository.PredicateAsync();
        Assert.That(
            AttestRepository.Signs(predicate),
            Is.EqualTo(
                new[] { ("note", "cursor", "git-ai: cursor claude-sonnet-4-5"), ("note", "claude", "git-ai: claude claude-sonnet-4-5") }
            )
        );
        Assert.That(
            AttestRepository.Authors(predicate),
            Is.EqualTo(new[] { "email:dana@example.com", "email:femi@example.com", "email:gus@example.com" })
        );
    }

    [TestCase(KnownHuman)]
    [TestCase("---\n{\"schema_version\": \"authorship/3.0.0\", \"prompts\": {}}")]
    [TestCase("{\"schema_version\": \"authorship/3.0.0\", \"prompts\": {}}")]
    public async Task ANoteWithoutAnAgentIsNoSign(string note)
    {
        Note(Git.Commit("one"), note);
        Assert.That(AttestRepository.Status(await _repository.PredicateAsync()), Is.EqualTo("unknown"));
    }

    [TestCase("not a note", "git-ai: git-ai a note that is not authorship/3.0.0")]
    [TestCase("---\n{\"schema_version\": \"authorship/9.0.0\"}", "git-ai: git-ai a note that is not authorship/3.0.0")]
    [TestCase("---\n{", "git-ai: git-ai a note that is not authorship/3.0.0")]
    [TestCase("a.txt\n  abcd1234abcd1234 1\n---\n{\"schema_version\": \"authorship/3.0.0\", \"prompts\": {}}", "git-ai: git-ai")]
    [TestCase("---\n{\"schema_version\": \"authorship/3.0.0\", \"sessions\": {\"s_1\": 7}}", "git-ai: git-ai")]
    public async Task ANoteThatCannotBeUnderstoodIsASign(string note, string value)
    {
        Note(Git.Commit("one"), note);
        Assert.That(AttestRepository.Signs(await _repository.PredicateAsync()).Single(), Is.EqualTo(("note", "git-ai", value)));
    }

    [Test]
    public async Task NotesOfOtherCommitsAndRefsDoNotCount()
    {
        Note(_repository.Base, Prompts);
        var commit = Git.Commit("one");
        Git.Git("-c", "user.name=d", "-c", "user.email=d@example.com", "notes", "--ref=other", "add", "-m", Prompts, commit);
        Assert.That(AttestRepository.Signs(await _repository.PredicateAsync()), Is.Empty);
    }

    [Test]
    public async Task ALongNoteDoesNotDisturbTheNext()
    {
        for (var i = 0; i < 3; i++)
        {
            Note(Git.Commit($"{i}"), i == 1 ? new string('x', 100_000) : Prompts);
        }

        var signs = AttestRepository.Signs(await _repository.PredicateAsync()).Select(s => s.Tool);
        Assert.That(signs, Is.EquivalentTo(new[] { "cursor", "git-ai", "cursor" }));
    }

    [Test]
    public async Task RecordsThatTheRangeAddedCountAndFormerOnesDoNot()
    {
        Git.Write(".agent-trace/traces.jsonl", Trace("11111111", "ai", "anthropic/claude-opus") + "\n");
        Git.Write(".agent-trace/old.json", Trace("22222222", "ai"));
        Git.Commit();
        var from = Git.Git("rev-parse", "HEAD");
        Git.Write(
            ".agent-trace/traces.jsonl",
            $"{Trace("11111111", "ai")}\n{Trace("33333333", "mixed", "openai/gpt-5")}\n{Trace("44444444", "human")}\n{Trace("55555555", "unknown")}\n"
        );
        Git.Write(".agent-trace/more/new.json", JsonSerializer.Serialize(JsonDocument.Parse(Trace("66666666", "ai"))));
        Git.Write("trace.json", Trace("77777777", "ai"));
        Git.Commit();

        var run = await AttestRepository.RunInAsync(Git.Folder, "--from", from, "--format", "predicate");

        Assert.That(
            AttestRepository.Signs(JsonDocument.Parse(run.Output).RootElement),
            Is.EquivalentTo(new[] { ("trace", "cursor", "mixed openai/gpt-5"), ("trace", "cursor", "ai") })
        );
    }

    [Test]
    public async Task ARangeMayNameAnotherContributorThanItsConversation()
    {
        Git.Write(
            ".agent-trace/a.json",
            """
            {"version": "0.1.0", "id": "a", "timestamp": "2026-03-11T00:00:00Z", "files": [{"path": "a", "conversations": [
              {"contributor": {"type": "human"}, "ranges": [{"start_line": 1, "end_line": 2, "contributor": {"type": "ai", "model_id": "m"}}]}]}]}
            """
        );
        Git.Commit();
        Assert.That(AttestRepository.Signs(await _repository.PredicateAsync()).Single(), Is.EqualTo(("trace", "agent-trace", "ai m")));
    }

    /// <summary>Tools write the commit that is checked out, which is the one before that of the edit.</summary>
    [Test]
    public async Task AFileOfTheUserCountsForCommitsOfTheRangeAndItsBase()
    {
        var one = Git.Commit("one");
        Git.Commit("two");
        Git.Write(
            "traces.jsonl",
            $"{Trace("1", "ai", "a", _repository.Base)}\n{Trace("2", "ai", "b", one)}\n{Trace("3", "ai", "c", new string('0', 40))}\n{Trace("4", "ai", "d")}\n\n[]\nno JSON\n"
        );

        var run = await _repository.RunAsync("--format", "predicate", "--trace", Git.At("traces.jsonl"));

        var file = Git.At("traces.jsonl");
        Assert.That(
            AttestRepository.Signs(JsonDocument.Parse(run.Output).RootElement).Select(s => s.Value),
            Is.EqualTo(new[] { "ai a", "ai b", "ai d" })
        );
        Assert.That(run.Error, Does.Contain($"note: {file}: line 6 is no Agent Trace record, and was left out"));
        Assert.That(run.Error, Does.Contain($"note: {file}: line 7 is no Agent Trace record"));
        Assert.That(run.Error, Does.Contain($"note: {file}: 1 of 4 records are about other commits, and were left out"));
    }

    private void Note(string commit, string note)
    {
        var file = Git.At(".git/note");
        File.WriteAllText(file, note);
        Git.Git("-c", "user.name=d", "-c", "user.email=d@example.com", "notes", "--ref=ai", "add", "-f", "-F", file, commit);
    }

    private static string Trace(string id, string type, string? model = null, string? revision = null) =>
        JsonSerializer.Serialize(
            new
            {
                version = "0.1.0",
                id,
                timestamp = "2026-03-11T00:00:00Z",
                vcs = revision is null ? null : new { type = "git", revision },
                tool = new { name = "cursor", version = "2" },
                files = new[]
                {
                    new
                    {
                        path = "src/a.ts",
                        conversations = new[]
                        {
                            new { contributor = new { type, model_id = model }, ranges = new[] { new { start_line = 1, end_line = 2 } } },
                        },
                    },
                },
            }
        );
}
