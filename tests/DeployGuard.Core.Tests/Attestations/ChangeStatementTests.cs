using System.Text;
using System.Text.Json.Nodes;
using DeployGuard.Core.Attestations;

namespace DeployGuard.Core.Tests;

/// <summary>The predicate change/v1: read as it is written, and each mistake named with its path.</summary>
public class ChangeStatementTests
{
    private static readonly string s_example = """
        {"source": {"repository": "git+https://github.com/acme/checkout", "ref": "refs/heads/main", "baseCommit": "BASE", "headCommit": "HEAD"},
         "complete": true,
         "ai": {"status": "assisted", "evidence": [{"commit": "HEAD", "kind": "trailer", "tool": "claude-code", "value": "Co-Authored-By: x"}]},
         "authors": ["github:1001"],
         "approvals": [{"approver": "github:2002", "kind": "human", "state": "approved", "commit": "HEAD", "at": "2026-11-28T10:00:00+01:00"}],
         "issuedAt": "2026-11-28T09:30:00.5Z", "expiresAt": "2026-12-28T09:30:00Z"}
        """.Replace("BASE", new string('a', 40), StringComparison.Ordinal).Replace("HEAD", new string('b', 40), StringComparison.Ordinal);

    [Test]
    public void TheExampleIsReadAndWrittenInItsOneForm()
    {
        var change = Parse(s_example);
        var written = Encoding.UTF8.GetString(change.ToJson());

        Assert.Multiple(() =>
        {
            Assert.That(change.Source.HeadCommit, Is.EqualTo(new string('b', 40)));
            Assert.That(change.Ai.Evidence.Single().Tool, Is.EqualTo("claude-code"));
            Assert.That(change.Approvals.Single().At, Is.EqualTo(new DateTimeOffset(2026, 11, 28, 9, 0, 0, TimeSpan.Zero)));
            Assert.That(
                written,
                Does.StartWith("""{"source":{"repository":"git+https://github.com/acme/checkout",""")
                    .And.Contain("\"2026-11-28T09:30:00.5Z\"")
            );
            Assert.That(Encoding.UTF8.GetString(Parse(written).ToJson()), Is.EqualTo(written));
        });
    }

    [Test]
    public void AStatementAboutAnImageCarriesIt()
    {
        var statement = Statement.Parse(Parse(s_example).About(StatementSubject.Of("web", "sha256", new string('c', 64))).ToJson());
        Assert.That(statement.PredicateType, Is.EqualTo(ChangeStatement.PredicateType));
        Assert.That(ChangeStatement.Parse(statement.Predicate).Authors, Is.EqualTo(new[] { "github:1001" }));
    }

    [TestCase("source", null, "predicate.source: is missing, or not an object")]
    [TestCase("source.repository", "\"github.com/acme\"", "predicate.source.repository: is not a repository such as")]
    [TestCase(
        "source.repository",
        "\"https://github.com/acme@refs/heads/main\"",
        "predicate.source.repository: is not a repository such as"
    )]
    [TestCase("source.ref", "\"main\"", "predicate.source.ref: is not a full ref")]
    [TestCase("source.baseCommit", "\"abc\"", "predicate.source.baseCommit: is not a commit")]
    [TestCase("source.headCommit", "\"0000000000000000000000000000000000000000\"", "predicate.source.headCommit: is no commit: only zeros")]
    [TestCase("source.branch", "\"main\"", "predicate.source.branch: is no field of this statement")]
    [TestCase("complete", "\"true\"", "predicate.complete: is missing, or neither true nor false")]
    [TestCase("ai.status", "\"Assisted\"", "predicate.ai.status: is none of unknown, none, assisted")]
    [TestCase("ai.status", "\"none\"", "predicate.ai.status: is none, and evidence says otherwise")]
    [TestCase("ai.evidence", "{}", "predicate.ai.evidence: is not a list")]
    [TestCase("ai.evidence", "[1]", "predicate.ai.evidence[0]: is not an object")]
    [TestCase("authors", "[\"\"]", "predicate.authors[0]: is empty")]
    [TestCase("authors", "[\"a\", 1]", "predicate.authors[1]: is not a string")]
    [TestCase("authors", null, "predicate.authors: is missing, or not a list")]
    [TestCase("approvals", "[{}]", "predicate.approvals[0].approver: is missing, or not a string")]
    [TestCase("issuedAt", "\"2026-11-28\"", "predicate.issuedAt: is not a time such as")]
    [TestCase("issuedAt", "\"2026-11-28T09:30:00\"", "predicate.issuedAt: is not a time such as")]
    [TestCase("expiresAt", "\"2026-11-28T09:30:00Z\"", "predicate.expiresAt: is not after issuedAt")]
    [TestCase("seniority", "1", "predicate.seniority: is no field of this statement")]
    public void AMistakeIsNamedWithItsPath(string path, string? value, string message) =>
        Assert.That(() => Parse(With(path, value)), Throws.TypeOf<AttestationException>().With.Message.StartsWith(message));

    [Test]
    public void AllMistakesAreNamedAtOnce() =>
        Assert.That(
            () => Parse("{}"),
            Throws
                .TypeOf<AttestationException>()
                .With.Message.Contains("predicate.source: ")
                .And.Message.Contains("predicate.complete: ")
                .And.Message.Contains("predicate.ai: ")
                .And.Message.Contains("predicate.authors: ")
                .And.Message.Contains("predicate.expiresAt: ")
        );

    [TestCase("git+https://github.com/acme/checkout", true)]
    [TestCase("https://GitHub.com/acme/checkout.git", true)]
    [TestCase("https://github.com/acme/checkout/", true)]
    [TestCase("https://github.com/acme/Checkout", false)]
    [TestCase("https://github.com/acme/checkout/../checkout", false)]
    [TestCase("https://github.com/acme/%63heckout", false)]
    [TestCase("https://github.com.evil.example/acme/checkout", false)]
    [TestCase("https://github.com/acme/check\u043eut", false)]
    [TestCase("https://github.com/acme/checkout?x", false)]
    [TestCase("http://github.com/acme/checkout", false)]
    public void ALookAlikeIsAnotherRepository(string text, bool isSame) =>
        Assert.That(RepositoryUri.Parse(text)?.Address == "https://github.com/acme/checkout", Is.EqualTo(isSame));

    private static ChangeStatement Parse(string json) =>
        ChangeStatement.Parse(StrictJson.ReadObject(Encoding.UTF8.GetBytes(json), 1 << 16, "predicate"));

    private static string With(string path, string? value)
    {
        var root = Some(JsonNode.Parse(s_example));
        var names = path.Split('.');
        var owner = names.SkipLast(1).Aggregate(root, (o, name) => Some(o[name]));
        if (value is null)
        {
            owner.Remove(names[^1]);
        }
        else
        {
            owner[names[^1]] = JsonNode.Parse(value);
        }

        return root.ToJsonString();
    }

    private static JsonObject Some(JsonNode? node) => node as JsonObject ?? throw new ArgumentException("no object", nameof(node));
}
