using DeployGuard.Cli.Attest;
using DeployGuard.Core.Provenance;

namespace DeployGuard.Cli.Tests;

/// <summary>Which commits bear a sign of AI: every form that a known tool writes, and what only looks like one.</summary>
public class AttestSignTests
{
    private static readonly Person s_dana = new("Dana", "dana@example.com");

    [TestCase("Assisted-by: Claude:claude-opus-4 coccinelle sparse", "claude")]
    [TestCase("Assisted-by: ChatGPT", "chatgpt")]
    [TestCase("assisted-BY : Gemini:2.5", "gemini")]
    [TestCase("Generated-by: Codex 1.2", "codex")]
    [TestCase("Generated-By: Windsurf", "windsurf")]
    [TestCase("Co-Authored-By: Claude Opus 4.5 <noreply@anthropic.com>", "claude-code")]
    [TestCase("Co-Authored-By: Any Name <NoReply@Anthropic.com>", "claude-code")]
    [TestCase("Claude-Session: https://claude.ai/code/session_01", "claude-code")]
    [TestCase("Generated with [Claude Code]", "claude-code")]
    [TestCase("🤖 Generated with [Claude Code](https://claude.com/claude-code)", "claude-code")]
    [TestCase("Co-authored-by: Copilot <223556219+Copilot@users.noreply.github.com>", "copilot")]
    [TestCase("Co-authored-by: Renamed <223556219+renamed[bot]@users.noreply.github.com>", "copilot")]
    [TestCase("Co-authored-by: Copilot <copilot@github.com>", "copilot")]
    [TestCase("Co-authored-by: Codex <noreply@openai.com>", "codex")]
    [TestCase("Co-authored-by: Cursor <cursoragent@cursor.com>", "cursor")]
    [TestCase("Co-authored-by: aider (gpt-5) <noreply@aider.chat>", "aider")]
    [TestCase("Co-authored-by: Roo Code <roomote@roocode.com>", "roo")]
    [TestCase("Co-developed-by: Codex <noreply@openai.com>", "codex")]
    [TestCase("Replit-Commit-Author: Agent", "replit")]
    [TestCase("Replit-Commit-Session-Id: 8c1c", "replit")]
    public void ATrailerOfAToolIsASign(string line, string tool)
    {
        var signs = In(s_dana, $"A change\n\nWhat it does.\n\n{line}\n");
        Assert.That(signs.Select(s => (s.Kind, s.Tool, s.Value)), Is.EqualTo(new[] { ("trailer", tool, Shown(line)) }));
    }

    [TestCase("noreply@anthropic.com", "claude-code")]
    [TestCase("copilot@github.com", "copilot")]
    [TestCase("noreply@openai.com", "codex")]
    [TestCase("cursoragent@cursor.com", "cursor")]
    [TestCase("noreply@aider.chat", "aider")]
    [TestCase("roomote@roocode.com", "roo")]
    [TestCase("209825114+claude[bot]@users.noreply.github.com", "claude-code")]
    [TestCase("215619710+x@users.noreply.github.com", "claude-code")]
    [TestCase("208546643+x@users.noreply.github.com", "claude-code")]
    [TestCase("198982749+Copilot@users.noreply.github.com", "copilot")]
    [TestCase("167198135+x@users.noreply.github.com", "copilot")]
    [TestCase("223556219+x@users.noreply.github.com", "copilot")]
    [TestCase("206951365+cursor[bot]@users.noreply.github.com", "cursor")]
    [TestCase("215057067+x@users.noreply.github.com", "codex")]
    [TestCase("199175422+x@users.noreply.github.com", "codex")]
    [TestCase("176961590+x@users.noreply.github.com", "gemini")]
    [TestCase("208079219+x@users.noreply.github.com", "amazon-q")]
    [TestCase("158243242+devin-ai-integration[bot]@Users.NoReply.GitHub.com", "devin")]
    [TestCase("205137888+x@users.noreply.github.com", "cline")]
    [TestCase("230936708+x@users.noreply.github.com", "continue")]
    [TestCase("201248094+x@users.noreply.github.com", "cody")]
    [TestCase("220155983+x@users.noreply.github.com", "jetbrains")]
    public void AnAccountOfAToolIsASignAsAuthorCommitterAndCoAuthor(string email, string tool)
    {
        var account = new Person("Any", email);
        Assert.Multiple(() =>
        {
            Assert.That(In(account, "A change").Select(s => (s.Kind, s.Tool)), Is.EqualTo(new[] { ("author", tool) }));
            Assert.That(In(s_dana, "A change", account).Select(s => (s.Kind, s.Tool)), Is.EqualTo(new[] { ("author", tool) }));
            Assert.That(
                In(s_dana, $"A change\n\nCo-authored-by: Any <{email}>").Select(s => (s.Kind, s.Tool)),
                Is.EqualTo(new[] { ("trailer", tool) })
            );
        });
    }

    [Test]
    public void ANameThatEndsWithAiderIsASignOfAuthorAndCommitter()
    {
        var dana = new Person("Dana (aider)", "dana@example.com");
        Assert.That(In(dana, "A change").Single(), Is.EqualTo(new Sign("c0", "author", "aider", "Dana (aider) <dana@example.com>")));
        Assert.That(In(s_dana, "A change", dana).Single().Tool, Is.EqualTo("aider"));
    }

    /// <summary>The tests above name each entry of the list that comes with the program.</summary>
    [Test]
    public void EveryEntryOfTheListIsTested()
    {
        var known = Detectors.BuiltIn;
        var tested = typeof(AttestSignTests)
            .GetMethods()
            .SelectMany(m => m.GetCustomAttributes(typeof(TestCaseAttribute), false))
            .Cast<TestCaseAttribute>()
            .Select(c => c.Arguments[0]?.ToString() ?? "")
            .ToList();
        Assert.Multiple(() =>
        {
            foreach (var trailer in known.Trailers)
            {
                Assert.That(tested, Has.Some.StartsWith($"{trailer.Key}: {trailer.Value}"));
            }

            Assert.That(known.Lines.Keys, Is.SubsetOf(tested));
            Assert.That(known.Emails.Keys, Is.SubsetOf(tested));
            Assert.That(known.GitHubIds.Keys.Where(id => !tested.Exists(t => t.StartsWith($"{id}+", StringComparison.Ordinal))), Is.Empty);
            Assert.That(known.NameSuffixes, Is.EqualTo(new[] { (" (aider)", "aider") }));
        });
    }

    [TestCase("Co-authored-by: Claude Dupont <claude@example.com>")]
    [TestCase("Co-authored-by: Claude <noreply@anthropic.com.example.com>")]
    [TestCase("Co-authored-by: Claude <xnoreply@anthropic.com>")]
    [TestCase("Co-authored-by: Copilot <12345+Copilot@users.noreply.github.com>")]
    [TestCase("Co-authored-by: Copilot <Copilot@users.noreply.github.com>")]
    [TestCase("Co-authored-by: X <223556219+x@users.noreply.github.com.example.com>")]
    [TestCase("Co-authored-by: X <1223556219+x@users.noreply.github.com>")]
    [TestCase("Co-authored-by: noreply@anthropic.com wrote the docs <dana@example.com>")]
    [TestCase("Reviewed-by: Claude <noreply@anthropic.com>")]
    [TestCase("Reported-by: Copilot <copilot@github.com>")]
    [TestCase("Not-Assisted-by: Claude")]
    [TestCase("Assisted-by:")]
    [TestCase("Replit-Commit-Author: Dana")]
    [TestCase("I generated with [Claude Code] nothing")]
    [TestCase("Generated with [Claude Code] and edited")]
    [TestCase("Undo what Claude, Copilot and Cursor did (aider)")]
    public void WhatOnlyLooksLikeOneIsNoSign(string line) => Assert.That(In(s_dana, $"A change\n\nText.\n\n{line}\n"), Is.Empty);

    [TestCase("Claude", "claude@example.com")]
    [TestCase("Claude", "claude@users.noreply.github.com")]
    [TestCase("Devin", "1+devin@users.noreply.github.com")]
    [TestCase("Cody Cline", "cody@anthropic.com")]
    [TestCase("Dana (aider) Doe", "dana@example.com")]
    [TestCase("Dana(aider)", "dana@example.com")]
    [TestCase("", "")]
    [TestCase("X", "99999999999999999999+x@users.noreply.github.com")]
    public void APersonWithSuchANameIsNoSign(string name, string email) => Assert.That(In(new Person(name, email), "A change"), Is.Empty);

    /// <summary>A squash joins messages, so that trailers stand between paragraphs; others fold their values.</summary>
    [Test]
    public void TrailersCountInEveryParagraphAndFoldedAndWithEitherLineEnd()
    {
        var message =
            "Squash (#7)\r\n\r\n* First\r\n\r\nCo-authored-by: Claude\r\n\t<noreply@anthropic.com>\r\n\r\n* Second\r\n\r\nGenerated-by: Codex 1\r\n";
        Assert.That(
            In(s_dana, message).Select(s => (s.Tool, s.Value)),
            Is.EqualTo(new[] { ("claude-code", "Co-authored-by: Claude <noreply@anthropic.com>"), ("codex", "Generated-by: Codex 1") })
        );
    }

    /// <summary>Squashes, mails and lists put something before a trailer, and other programs end lines in other ways.</summary>
    [TestCase("    Co-authored-by: Codex <noreply@openai.com>")]
    [TestCase("> Co-authored-by: Codex <noreply@openai.com>")]
    [TestCase("> > Co-authored-by: Codex <noreply@openai.com>")]
    [TestCase("* Co-authored-by: Codex <noreply@openai.com>")]
    [TestCase("  - Co-authored-by: Codex <noreply@openai.com>")]
    [TestCase("1. Co-authored-by: Codex <noreply@openai.com>")]
    [TestCase("# Co-authored-by: Codex <noreply@openai.com>")]
    [TestCase("Text\rCo-authored-by: Codex <noreply@openai.com>\rmore")]
    [TestCase("Text\u2028Co-authored-by: Codex <noreply@openai.com>")]
    [TestCase("    Co-authored-by: Codex\n     <noreply@openai.com>")]
    [TestCase("Note:\n    Co-authored-by: Codex <noreply@openai.com>")]
    public void ATrailerBehindAMarkIsASign(string lines) =>
        Assert.That(
            In(s_dana, $"A change\n\nText.\n\n{lines}\n").Select(s => (s.Tool, s.Value)),
            Is.EqualTo(new[] { ("codex", "Co-authored-by: Codex <noreply@openai.com>") })
        );

    [Test]
    public void WhatIsFoldedAfterAnAddressDoesNotHideIt()
    {
        var message = "A change\n\nCo-authored-by: Codex <noreply@openai.com>\n  Co-authored-by: Dana <dana@example.com>\n  and <x@y>";
        Assert.That(In(s_dana, message).Select(s => s.Tool), Has.Some.EqualTo("codex"));
    }

    [TestCase("Author: x <198982749+Copilot@users.noreply.github.com>", "copilot")]
    [TestCase("    Author:     Cursor <cursoragent@cursor.com>", "cursor")]
    [TestCase("Commit:     Dana (aider) <dana@example.com>", "aider")]
    [TestCase("From: Codex <noreply@openai.com>", "codex")]
    public void AnAuthorOfAQuotedCommitIsASign(string line, string tool) =>
        Assert.That(In(s_dana, $"A change\n\n{line}\n").Select(s => (s.Kind, s.Tool)), Is.EqualTo(new[] { ("author", tool) }));

    [TestCase("Author: Claude Dupont <claude@example.com>")]
    [TestCase("Author: Copilot")]
    [TestCase("The author: Codex <noreply@openai.com>")]
    public void AnotherAuthorIsNoSign(string line) => Assert.That(In(s_dana, $"A change\n\n{line}\n"), Is.Empty);

    /// <summary>What a commit says is shown on terminals and stored: it is one line, and short.</summary>
    [Test]
    public void WhatIsStatedIsShortAndOnOneLine()
    {
        var value = In(s_dana, $"A change\n\nAssisted-by: x\u001b[2J\u202e{new string('y', 5000)}").Single().Value;
        Assert.That(value, Does.StartWith("Assisted-by: x<ESC>[2J<U+202E>yyy"));
        Assert.That(value, Has.Length.EqualTo(200));
    }

    [Test]
    public async Task AddedDetectorsCountBesideTheBuiltInOnes()
    {
        using var repository = new AttestRepository();
        repository.Git.Write(
            "more.json",
            """
            {
              "trailers": [{"key": "Made-with", "value": "Robot", "tool": "robot"}],
              "lines": [{"text": "Robot was here", "tool": "robot"}],
              "emails": [{"email": "Robot@example.com", "tool": "robot"}],
              "githubIds": [{"id": 77, "tool": "robot"}],
              "nameSuffixes": [{"suffix": " [robot]", "tool": "robot"}],
              "machines": [{"email": "merge@example.com"}]
            }
            """
        );
        repository.Git.Commit("one\n\nMade-with: Robot\n\nRobot was here\n", "Dana [robot]");
        repository.Git.Commit("two\n\nCo-authored-by: R <robot@example.com>\nCo-authored-by: R <77+r@users.noreply.github.com>");
        repository.Git.Commit("three\n\nCo-authored-by: Codex <noreply@openai.com>", "M", "merge@example.com");

        var predicate = await repository.PredicateAsync("--detectors", repository.Git.At("more.json"), "--to", "main");

        Assert.That(
            AttestRepository.Signs(predicate).Select(s => (s.Tool, s.Value)),
            Is.EquivalentTo(
                new[]
                {
                    ("robot", "Dana [robot] <dana@example.com>"),
                    ("robot", "Made-with: Robot"),
                    ("robot", "Robot was here"),
                    ("robot", "Co-authored-by: R <robot@example.com>"),
                    ("robot", "Co-authored-by: R <77+r@users.noreply.github.com>"),
                    ("codex", "Co-authored-by: Codex <noreply@openai.com>"),
                }
            )
        );
        Assert.That(AttestRepository.Authors(predicate), Is.EqualTo(new[] { "email:dana@example.com" }));
    }

    [TestCase("""{"emails": [{"email": "x@y", "tol": "z"}]}""", "emails[0].tol: unknown field; allowed are email, tool")]
    [TestCase("""{"emails": [{"email": "x", "tool": "z"}]}""", "emails[0].email: is no e-mail address")]
    [TestCase("""{"emails": {}}""", "emails: expected a list, found an object")]
    [TestCase("""{"emails": [{"email": "x@y"}]}""", "emails[0].tool: is missing, empty, or has control characters")]
    [TestCase("""{"githubIds": [{"id": "7", "tool": "z"}]}""", "githubIds[0].id: expected a whole number, found a string")]
    [TestCase("""{"githubIds": [{"id": 0, "tool": "z"}]}""", "githubIds[0].id: is no number of a GitHub account")]
    [TestCase("""{"trailers": [{"tool": "z"}]}""", "trailers[0].key: is missing, empty, or has control characters")]
    [TestCase("""{"mails": []}""", "mails: unknown field; allowed are trailers, lines, emails, githubIds, nameSuffixes, machines")]
    [TestCase("""{"emails": [], "emails": []}""", "content: is not strict JSON: Duplicate")]
    [TestCase("[]", "content: is not a JSON object")]
    public async Task AMistakeInADetectorsFileIsNamedWithItsPath(string content, string error)
    {
        using var repository = new AttestRepository();
        repository.Git.Write("more.json", content);
        var run = await repository.RunAsync("--format", "predicate", "--detectors", repository.Git.At("more.json"));
        Assert.That((run.ExitCode, run.Output), Is.EqualTo((2, "")));
        Assert.That(run.Error, Does.StartWith($"error: {repository.Git.At("more.json")}: {error}"));
    }

    private static string Shown(string line) => line.StartsWith("assisted-BY", StringComparison.Ordinal) ? "assisted-BY: Gemini:2.5" : line;

    private static IReadOnlyList<Sign> In(Person author, string message, Person? committer = null) =>
        [.. new SignFinder(Detectors.BuiltIn).In(new Commit("c0", "", author, committer ?? author, message))];
}
