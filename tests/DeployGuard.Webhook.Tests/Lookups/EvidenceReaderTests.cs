using System.Diagnostics.Metrics;
using System.Text;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Registry.Access;
using DeployGuard.Registry.Lookups;
using DeployGuard.Registry.References;
using DeployGuard.Webhook.Lookups;
using Microsoft.Extensions.Time.Testing;

namespace DeployGuard.Webhook.Tests.Lookups;

[Parallelizable(ParallelScope.All)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class EvidenceReaderTests : EvidenceFixture
{
    [Test]
    public async Task TheCommitOfANewImageIsProven() =>
        Assert.That((await ReadAsync(Policy())).Single().Images.Single().Provenance?.Head?.Commit, Is.EqualTo(new string('c', 40)));

    [Test]
    public async Task WhereNothingIsFoundTheAdviceIsThatOfWhatRuns()
    {
        var bare = Deployment([$"{Registry.Host}/acme/web@{Repository.PushImage("bare")}"]);
        var before = Deployment([Image]);
        var policy = Policy();

        var first = (await ReadAsync(policy, bare)).Single().Images.Single();
        var unknown = (await ReadAsync(new ClusterSnapshot { Policies = [policy], LiveHash = before.Template.Hash }, before, bare))
            .Single()
            .Images.Single();

        Assert.That(first.Note, Does.Contain("deployguard attest --from COMMIT-THAT-RUNS ").And.Contain("--approvals FILE"));
        Assert.That(
            unknown.Note,
            Does.Contain($"The commit of {Image}, which runs now, is not known either").And.Not.Contain("--approvals")
        );
        Assert.That(unknown.Provenance?.Missing?.IsStartUnknown, Is.True);
    }

    /// <summary>The registry plays the proxy. There is no such host as the image names.</summary>
    [Test]
    public async Task LookupsGoThroughTheProxy()
    {
        Use(new RegistryProxy(new Uri($"http://{Registry.Host}"), []));
        Image = Image.Replace(Registry.Host, "registry.example", StringComparison.Ordinal);

        var image = (await ReadAsync(Policy(host: "registry.example"))).Single().Images.Single();

        Assert.That(image.Provenance?.Head?.Commit, Is.EqualTo(new string('c', 40)));
        Assert.That(Registry.Calls.Select(c => c.Host).Distinct(), Is.EqualTo(["registry.example"]));
    }

    [Test]
    public async Task ARegistryThatNeedsNoProxyIsReachedWithoutIt()
    {
        Use(new RegistryProxy(new Uri("http://proxy.invalid:3128"), [Registry.Host]));

        Assert.That((await ReadAsync(Policy())).Single().Images.Single().Provenance?.Head, Is.Not.Null);
    }

    [Test]
    public async Task MoreStatementsThanAreReadMakeTheEvidenceIncomplete()
    {
        var digest = DeployGuard.Registry.References.Digest.TryParse(Image.Split('@')[1]) ?? throw new InvalidOperationException(Image);
        foreach (var i in Enumerable.Range(0, 32))
        {
            Repository.AttachReferrer(digest, $"junk {i}");
        }

        var proven = (await ReadAsync(Policy())).Single().Images.Single().Provenance;

        Assert.That(proven?.IsUnread, Is.True);
        Assert.That(proven?.Origin, Is.EqualTo(OriginVerdict.Unknown));
        Assert.That(
            proven?.Findings.Single(f => f.Kind is FindingKind.Unread).Text,
            Does.StartWith("what lies at referrers of")
                .And.EndsWith("was not read whole (lists more than can be read; 32 were opened), and the rest may say something else")
        );
    }

    [Test]
    public async Task WhatIsCachedIsNotLookedUpAgain()
    {
        await ReadAsync(Policy());
        var calls = Registry.Calls.Count;

        Assert.That((await ReadAsync(Policy())).Single().Images.Single().Provenance?.Head, Is.Not.Null);
        Assert.That(Registry.Calls, Has.Count.EqualTo(calls));
    }

    [Test]
    public async Task WhatOneKeyVerifiedIsNotBelievedUnderAnother()
    {
        await ReadAsync(Policy());

        var other = (await ReadAsync(Policy(NewKey()))).Single().Images.Single();

        Assert.That(other.Provenance?.Head, Is.Null);
        Assert.That(other.Provenance?.Findings.Select(f => f.Kind), Does.Contain(FindingKind.WrongKey));
    }

    [Test]
    public async Task AKeptJudgementEndsWithItsStatement()
    {
        var policy = Policy();
        var before = (await ReadAsync(policy)).Single().Images.Single().Provenance;
        var again = (await ReadAsync(policy)).Single().Images.Single().Provenance;
        Clock.Advance(TimeSpan.FromDays(2));
        var after = (await ReadAsync(policy)).Single().Images.Single().Provenance;

        Assert.Multiple(() =>
        {
            Assert.That(again, Is.SameAs(before), "it is judged once");
            Assert.That((before?.Origin, after?.Origin), Is.EqualTo((OriginVerdict.NotAi, OriginVerdict.Unknown)));
            Assert.That(after?.Findings.Select(f => f.Kind), Is.EqualTo([FindingKind.Expired]));
        });
    }

    [Test]
    public void AJudgementIsKeptForWhatRunsInItsPlace()
    {
        var (policy, keys, results) = (
            Policy(),
            KeySet.Of(new TrustedKey("forge", KeyRole.SourceReview, Forge.Public)),
            new JudgedResults()
        );
        var pinned = ImageReference.TryParse(Image)?.Pinned ?? throw new InvalidOperationException("not pinned");
        var facts = new ImageFacts(pinned.Digest, "", new Dictionary<string, string>(), null, [], 0);
        var result = new StatementsFound(pinned, facts, []);
        var verified = AttestationVerifier.Verify([Found()], keys);
        ImageProvenance Judge(params RunningImage[] running) =>
            results.Of(result, policy, keys, Question($"{pinned.Digest}", running), verified, Clock.GetUtcNow());

        Assert.Multiple(() =>
        {
            Assert.That(Judge().Origin, Is.EqualTo(OriginVerdict.NotAi), "nothing runs, and the statement has the whole history");
            Assert.That(Judge(new RunningImage("web:1", new string('b', 40))).Missing?.Kind, Is.EqualTo(LinkKind.Chain));
            Assert.That(Judge(new RunningImage("web:1", null)).Missing?.Kind, Is.EqualTo(LinkKind.RunningCommit));
            Assert.That(Judge().Origin, Is.EqualTo(OriginVerdict.NotAi));
        });
    }

    [Test]
    public async Task APolicyWithoutKeysCallsNoRegistry()
    {
        await ReadAsync(Read("""{"approval": {"quorum": [{"groups": ["a"]}]}}"""));

        Assert.That(Registry.Calls, Is.Empty);
    }

    [Test]
    public async Task AnAuditPolicyCallsNoRegistry()
    {
        await ReadAsync(Policy() with { Mode = Mode.Audit });

        Assert.That(Registry.Calls, Is.Empty);
    }

    [Test]
    public async Task AnImageThatNoSourceNamesIsNotLookedUp()
    {
        await ReadAsync(Policy(images: "acme/other"));

        Assert.That(Registry.Calls, Is.Empty);
    }

    [Test]
    public async Task AnImageThatTheRegistryLacksIsNoFailure()
    {
        Image = $"{Registry.Host}/acme/web@sha256:{new string('9', 64)}";

        var image = (await ReadAsync(Policy())).Single().Images.Single();

        Assert.That(image.Unavailable, Is.Empty);
        Assert.That(image.Note, Does.StartWith("the registry has no such image"));
        Assert.That(image.Provenance?.Origin, Is.EqualTo(OriginVerdict.Unknown));
    }

    /// <summary>What lies beside it, or will once it is pushed, may deny that.</summary>
    [Test]
    public async Task AStatementThatTheRequestBringsRelaxesNothingWhereTheImageIsNotThere()
    {
        var hex = new string('9', 64);
        Image = $"{Registry.Host}/acme/web@sha256:{hex}";
        var brought = Encoding.UTF8.GetString(Signed(hex).ToJson());

        var image = (await ReadAsync(Policy(), Deployment([Image], brought))).Single().Images.Single();

        Assert.That((image.Provenance?.IsUnread, image.Provenance?.Origin), Is.EqualTo((true, OriginVerdict.Unknown)));
        Assert.That(image.Provenance?.Authors, Is.EqualTo(new[] { "github:1001" }));
        Assert.That(image.Provenance?.Missing?.Remedy, Does.StartWith("Push the image first"));
    }

    [Test]
    public async Task WhatARequestBroughtIsHeardOfTheNextOneToo()
    {
        var digest = ImageReference.TryParse(Image)?.Digest ?? throw new AssertionException("no digest");
        var ai = Signed(digest.Hex, with: c => c with { Ai = new AiDeclaration(AiStatus.Assisted, []) });
        await ReadAsync(Policy(), Deployment([Image], Encoding.UTF8.GetString(ai.ToJson())));

        var next = (await ReadAsync(Policy())).Single().Images.Single();

        Assert.That(next.Provenance?.Origin, Is.EqualTo(OriginVerdict.Ai));
    }

    /// <summary>A policy that counts an unknown origin as human forgives that a registry is away, and not what was pushed there.</summary>
    [TestCase(true)]
    [TestCase(false)]
    public async Task AnImageThatCannotBeReadAsItIsIsUnread(bool isHuman)
    {
        var texts = Enumerable.Range(0, 1001).ToDictionary(i => $"{i}", _ => "");
        Image = $"{Registry.Host}/acme/web@{Repository.PushImage(annotations: texts)}";

        Assert.That(await UnforgivenAsync(isHuman), Is.EqualTo(isHuman ? new[] { FindingKind.Unread } : []));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task AnImageThatCannotBeLookedUpByItsNameIsUnread(bool isHuman)
    {
        Image = $"{Registry.Host}/acme/web@sha512:{new string('1', 128)}";

        Assert.That(await UnforgivenAsync(isHuman), Is.EqualTo(isHuman ? new[] { FindingKind.Unread } : []));
    }

    private async Task<IEnumerable<FindingKind>> UnforgivenAsync(bool isHuman)
    {
        var unknown = isHuman ? "Human" : "AiAssisted";
        var policy = Policy(more: $"\"onUnavailable\": \"TreatAsUnknown\", \"unknown\": \"{unknown}\",");
        var image = (await ReadAsync(policy)).Single().Images.Single();
        Assert.That(image.Unavailable, Is.Not.Empty);
        return image.Provenance?.Findings.Select(f => f.Kind) ?? [];
    }

    [Test]
    public async Task ARegistryThatFailsLeavesItUndecidedAndIsAskedAgain()
    {
        Registry.Misbehave(
            _ => true,
            context =>
            {
                context.Response.StatusCode = 403;
                return Task.CompletedTask;
            }
        );
        var failed = (await ReadAsync(Policy())).Single().Images.Single();
        Registry.Own = null;

        Assert.That(failed.Provenance, Is.Null);
        Assert.That(failed.Unavailable, Does.Contain(Registry.Host));
        Assert.That((await ReadAsync(Policy())).Single().Images.Single().Provenance?.Head, Is.Not.Null);
    }

    /// <summary>Who may push may name the same image by another repository once the registry is away.</summary>
    [Test]
    public async Task WhatWasHeardOfAnImageTightensWhereItCannotBeLookedUp()
    {
        var digest = ImageReference.TryParse(Image)?.Digest ?? throw new AssertionException("no digest");
        var ai = Signed(digest.Hex, with: c => c with { Ai = new AiDeclaration(AiStatus.Assisted, []) });
        Repository.AttachReferrer(digest, Encoding.UTF8.GetString(SigstoreBundle.Of(ai, Forge.Public).ToJson()));
        await ReadAsync(Policy(images: "acme/*"));
        Registry.Misbehave(
            _ => true,
            context =>
            {
                context.Response.StatusCode = 403;
                return Task.CompletedTask;
            }
        );
        Image = $"{Registry.Host}/acme/other@{digest}";

        var heard = (await ReadAsync(Policy(images: "acme/*"))).Single();
        var image = heard.Images.Single();

        Assert.That(image.Unavailable, Does.Contain(Registry.Host));
        Assert.That(heard.TellsOrigin, "AI had a part");
        Assert.That(image.Provenance?.Authors, Is.EqualTo(new[] { "github:1001" }));
        Assert.That((image.Provenance?.Head, image.Provenance?.Chain.Count), Is.EqualTo(((HeadCommit?)null, 0)), "it relaxes nothing");
        Assert.That(image.Provenance?.Findings, Is.Empty);
        Assert.That((await ReadAsync(Policy(signer: NewKey(), images: "acme/*"))).Single().Images.Single().Provenance, Is.Null);
    }

    /// <summary>How long the rest takes depends on what was pushed there too.</summary>
    [TestCase(true)]
    [TestCase(false)]
    public async Task AStatementThatIsNotReadInTimeIsUnreadWhereTheRegistryAnswers(bool answers)
    {
        var time = new FakeTimeProvider(Clock.GetUtcNow());
        Use(RegistryProxy.None, time);
        var (hang, reached) = (new TaskCompletionSource(), new TaskCompletionSource());
        var manifest = $"/manifests/{ImageReference.TryParse(Image)?.Digest}";
        Registry.Own = async context =>
        {
            if (!answers || !$"{context.Request.Path}".EndsWith(manifest, StringComparison.Ordinal))
            {
                reached.TrySetResult();
                await hang.Task;
            }

            return false;
        };
        using var deadline = new CancellationTokenSource();
        var reading = ReadAsync(Policy(more: "\"onUnavailable\": \"TreatAsUnknown\", \"unknown\": \"Human\","), deadline.Token);
        await reached.Task;
        time.Advance(TimeSpan.FromSeconds(1));
        await deadline.CancelAsync();

        var image = (await reading).Single().Images.Single();
        hang.SetResult();

        Assert.That(image.Unavailable, Does.Contain("did not answer in time"));
        Assert.That(
            image.Provenance?.Findings.Select(f => f.Kind) ?? [],
            Is.EqualTo(answers ? new[] { FindingKind.Unread } : []),
            "a registry that does not answer may be forgiven"
        );
    }

    /// <summary>A request may name more images than are looked up at a time, and the one with a sign of AI last.</summary>
    [TestCase(true)]
    [TestCase(false)]
    public async Task AnImageThatFindsNoPlaceAmongTheLookupsIsUnread(bool isHuman)
    {
        var hang = new TaskCompletionSource();
        Registry.Own = async _ =>
        {
            await hang.Task;
            return false;
        };
        var unknown = isHuman ? "Human" : "AiAssisted";
        var policy = Policy(more: $"\"onUnavailable\": \"TreatAsUnknown\", \"unknown\": \"{unknown}\",");
        var others = Enumerable
            .Range(0, new LookupLimits().LookupsPerRegistry)
            .Select(i => $"{Registry.Host}/acme/web@{Repository.PushImage($"other {i}")}");
        using var deadline = new CancellationTokenSource();
        var reading = ReadAsync(policy, Deployment([.. others, Image]), deadline.Token);
        await deadline.CancelAsync();

        var image = (await reading)
            .Single()
            .Images.Single(i => i.Unavailable.Contains("too many lookups run already", StringComparison.Ordinal));
        hang.SetResult();

        Assert.That(image.Provenance?.Findings.Select(f => f.Kind) ?? [], Is.EqualTo(isHuman ? new[] { FindingKind.Unread } : []));
    }

    [Test]
    public async Task ARegistryThatHangsIsNotWaitedForAndARetryFindsTheResult()
    {
        var hang = new TaskCompletionSource();
        Registry.Own = async _ =>
        {
            await hang.Task;
            return false;
        };
        using var deadline = new CancellationTokenSource();
        var reading = ReadAsync(Policy(), deadline.Token);
        await deadline.CancelAsync();

        Assert.That((await reading).Single().Images.Single().Unavailable, Does.Contain("did not answer in time; the lookup goes on"));
        hang.SetResult();
        Assert.That((await ReadAsync(Policy())).Single().Images.Single().Provenance?.Head, Is.Not.Null);
    }

    [Test]
    public async Task ARegistryThatAsksForAPauseRestsAndTheMetricSaysSo()
    {
        var resting = new List<string>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter == Meter && instrument.Name == "deployguard_provenance_registry_resting")
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<int>((_, _, tags, _) => resting.Add($"{tags[0].Value}"));
        listener.Start();
        listener.RecordObservableInstruments();
        Assert.That(resting, Is.Empty);

        Registry.Misbehave(
            _ => true,
            context =>
            {
                context.Response.StatusCode = 429;
                context.Response.Headers.RetryAfter = "600";
                return Task.CompletedTask;
            }
        );
        await ReadAsync(Policy());
        listener.RecordObservableInstruments();

        Assert.That(resting, Is.EqualTo([Registry.Host]));
    }

    [Test]
    public async Task AKeyInASecretThatIsNotThereIsUnavailable() =>
        Assert.That(
            (
                await ReadAsync(
                    Policy(key: """{"name": "forge", "role": "SourceReview", "secretRef": {"name": "k", "key": "cosign.pub"} }""")
                )
            )
                .Single()
                .Images.Single()
                .Unavailable,
            Does.Contain("the key forge is in a Secret")
        );

    private static ImageQuestion Question(string digest, IReadOnlyList<RunningImage> running) =>
        new(new JudgedImage(digest), [new SourceRule(Source, ["refs/heads/main"])], running);

    private FoundAttestation Found() =>
        FoundAttestation.OfAnnotation(
            "here",
            Encoding.UTF8.GetString((Attached ?? throw new InvalidOperationException("not started")).ToJson())
        );
}
