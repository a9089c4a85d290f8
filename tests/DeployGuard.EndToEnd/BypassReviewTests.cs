using System.Text;
using System.Text.Json.Nodes;
using DeployGuard.Core.Attestations;
using DeployGuard.Registry.References;
using static DeployGuard.EndToEnd.SignedSource;

namespace DeployGuard.EndToEnd;

/// <summary>Bypasses by reviews that must not count: of an author, of long ago, or that were taken back since.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class BypassReviewTests
{
    private const string Policy = "reviews";
    private const string WithAuthors = "reviews-authors";
    private const string WithSummaries = "reviews-summaries";
    private const string Verifier = "https://forge.example.com/verifier";

    /// <summary>Of a refusal, in characters. 3000 people would take ten times as much.</summary>
    private const int MostText = 20_000;

    private readonly SigningKey _verifier = NewKey();
    private SignedSource? _source;
    private Sandbox? _sandbox;

    private SignedSource Source => _source ?? throw new InvalidOperationException("not started");

    private Sandbox Shared => _sandbox ?? throw new InvalidOperationException("not started");

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _source = await SignedSource.StartAsync();
        await _source.CreatePolicyAsync(Policy, "Always");
        await _source.CreatePolicyAsync(
            WithAuthors,
            "Always",
            spec =>
                spec["identities"]!.AsArray().Add(Sandbox.Parse("""{"person": "carol", "names": ["github:3003", "carol@example.com"]}"""))
        );
        await _source.CreatePolicyAsync(
            WithSummaries,
            "Always",
            spec =>
            {
                var key = $$"""{"name": "verifier", "role": "Vsa", "verifierId": "{{Verifier}}", "pem": {{Json(_verifier.Public.Pem)}} }""";
                spec["origin"]!["keys"]!.AsArray().Add(Sandbox.Parse(key));
                spec["origin"]!["vsa"] = Sandbox.Parse("""{"twoPartyReview": "CountsAsReview"}""");
            }
        );
        _sandbox = await _source.WithProvenCommitAsync(Policy);
    }

    [OneTimeTearDown]
    public void Stop() => _source?.Dispose();

    /// <summary>Carol wrote it under an address, and is a senior engineer. A link is missing, and then the registry is away.</summary>
    [Test]
    public async Task Threat59_AnAuthorInTheForgeIsNoApproverInTheCluster()
    {
        var sandbox = await Source.WithProvenCommitAsync(WithAuthors);
        var image = await Source.ImageAsync("by carol");
        await Source.AttestAsync(image, Change('d', 'e') with { Authors = ["email:Carol@example.com"] });
        var refused = await Source.RefusedAsync(sandbox, image);

        var vote = await NewerServer.ApproveAsync(sandbox, refused, "carol");
        Assert.That(vote.Output, Does.Contain("not counted (requester or named author)"));
        await Source.IsRefusedAsync(sandbox, image, "StatementHeadOnly", "ApprovalMissing");

        // The registry speaks TLS alone. Another list of registries also has nothing kept.
        await EditOriginAsync(WithAuthors, $$"""{"registries": [{"host": "{{Source.Host}}", "plainHttp": true}]}""");
        await Source.IsRefusedAsync(sandbox, image, "OriginUnavailable", "ApprovalMissing");

        await NewerServer.ApproveAsync(sandbox, refused);
        await Source.PassesAsync(sandbox, image);
    }

    [Test]
    public async Task Threat62_ASummaryFillsTheOnlySeatOrNone()
    {
        var two = """{"spec": {"approval": {"quorum": [{"groups": ["senior-engineers"], "count": 2}]}}}""";
        var run = await TestCluster.Rig.Plane.KubectlAsync("admin", "patch", "safeguardpolicy", WithSummaries, "--type=merge", "-p", two);

        Assert.That(run.Succeeded, Is.False);
        Assert.That(run.Output, Does.Contain("CountsAsReview needs a quorum of one line with count 1"));
    }

    /// <summary>The range in two parts. The second was reviewed just now.</summary>
    [Test]
    public async Task Threat67_AReviewOfARangeIsAsOldAsItsOldestPart()
    {
        foreach (var (age, passes) in ((int, bool)[])[(73, false), (1, true)])
        {
            var image = await Source.ImageAsync($"first part reviewed {age} hours ago");
            var first = Change('b', 'c');
            var reviewed = first with { Approvals = [.. first.Approvals.Select(a => a with { At = Now.AddHours(-age) })] };
            await Source.AttachAsync(
                image,
                Signed(reviewed.About(OfCommit('c')), Source.Forge),
                Signed(Change('c', 'd').About(Subject(image)), Source.Forge)
            );

            var run = await Source.DryRunSetImageAsync(Shared, image);
            Assert.That(run.Succeeded, Is.EqualTo(passes), run.Output);
            Assert.That(
                run.Output,
                passes ? Does.Not.Contain("maxAge") : Does.Contain("ApprovalMissing").And.Contain("older than approval.maxAge")
            );
        }
    }

    /// <summary>On a forge where anybody may review.</summary>
    [Test]
    public async Task Threat72_ThousandsOfReviewsAreReadAndTheRefusalStaysShort()
    {
        var image = await Source.ImageAsync("reviewed by strangers");
        await Source.AttachAsync(image, ByStrangers(image));
        var refused = await Source.IsRefusedAsync(Shared, image, "ApprovalMissing", "github:10");
        Assert.That(refused.Output, Has.Length.LessThan(MostText), "of three thousand people");

        var good = await Source.ImageAsync("reviewed by strangers and by erin");
        await Source.AttachAsync(good, [.. ByStrangers(good), Says(good, Change('b', 'c'))]);
        await Source.PassesAsync(Shared, good);
    }

    /// <summary>Three thousand reviews, in statements of as many as one may hold.</summary>
    private DsseEnvelope[] ByStrangers(Digest image) =>
        [
            .. Enumerable
                .Range(100_000, 3000)
                .Select(i => new StatedApproval($"github:{i}", ApproverKind.Human, ReviewState.Approved, Commit('c'), Now.AddHours(-2)))
                .Chunk(1000)
                .Select(reviews => Says(image, Change('b', 'c') with { Approvals = reviews })),
        ];

    [Test]
    public async Task Threat74_ASummaryDoesNotOutliveAReviewOrAFailure()
    {
        var sandbox = await Source.WithProvenCommitAsync(WithSummaries);
        var change = Change('b', 'c') with { Approvals = [] };
        var agreed = await Source.ImageAsync("two people agreed");
        await Source.AttachAsync(agreed, [Says(agreed, change), .. Summaries(hoursAgo: 2)]);
        await Source.PassesAsync(sandbox, agreed);

        var dismissed = change with
        {
            Approvals = [new StatedApproval("github:4004", ApproverKind.Human, ReviewState.Dismissed, Commit('c'), Now.AddHours(-1))],
        };
        var image = await Source.ImageAsync("dismissed since");
        await Source.AttachAsync(image, [Says(image, dismissed), .. Summaries(hoursAgo: 2)]);
        await Source.IsRefusedAsync(sandbox, image, "was taken back, as stated at", "ApprovalMissing");

        await Source.AttachAsync(image, [Says(image, dismissed), .. Summaries(hoursAgo: 0)]);
        await Source.PassesAsync(sandbox, image);

        // As GitHub states it: at the time of the review, from before the summary. The statement is newer.
        var reviewedBefore = dismissed with
        {
            Approvals = [dismissed.Approvals[0] with { At = Now.AddHours(-3) }],
        };
        var untimed = await Source.ImageAsync("dismissed at an unknown time");
        await Source.AttachAsync(untimed, [Says(untimed, reviewedBefore), .. Summaries(hoursAgo: 2)]);
        await Source.IsRefusedAsync(sandbox, untimed, "was taken back, as stated at", "ApprovalMissing");

        var lesser = await Source.ImageAsync("verified again, with less");
        await Source.AttachAsync(lesser, [Says(lesser, change), .. Summaries(hoursAgo: 2), Summary('c', 1, levels: "SLSA_SOURCE_LEVEL_1")]);
        await Source.IsRefusedAsync(sandbox, lesser, "the last verification summary of", "ApprovalMissing");

        var failed = await Source.ImageAsync("failed on another ref");
        await Source.AttachAsync(
            failed,
            [Says(failed, change), .. Summaries(hoursAgo: 2), Summary('c', 2, result: "FAILED", name: "refs/heads/topic")]
        );
        await Source.IsRefusedAsync(sandbox, failed, "says that the verification failed", "ApprovalMissing");
    }

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    private DsseEnvelope Says(Digest image, ChangeStatement change) => Signed(change.About(Subject(image)), Source.Forge);

    /// <summary>Of the commit of what runs, and of the new one.</summary>
    private DsseEnvelope[] Summaries(int hoursAgo) => [Summary('b', hoursAgo), Summary('c', hoursAgo)];

    private DsseEnvelope Summary(
        char commit,
        int hoursAgo,
        string result = "PASSED",
        string name = "refs/heads/main",
        string levels = "SLSA_SOURCE_LEVEL_3\", \"SLSA_SOURCE_TWO_PARTY_REVIEWED"
    ) =>
        Signed(
            Statement.Parse(
                Encoding.UTF8.GetBytes(
                    $$"""
                    {"_type": "https://in-toto.io/Statement/v1", "predicateType": "https://slsa.dev/verification_summary/v1",
                     "subject": [{"digest": {"gitCommit": "{{Commit(commit)}}"}, "annotations": {"sourceRefs": ["{{name}}"]} }],
                     "predicate": {"verifier": {"id": "{{Verifier}}"}, "resourceUri": "git+{{Address}}",
                      "verificationResult": "{{result}}", "timeVerified": "{{Now.AddHours(-hoursAgo):yyyy-MM-ddTHH:mm:ssZ}}",
                      "verifiedLevels": ["{{levels}}"]} }
                    """
                )
            ),
            _verifier
        );
}
