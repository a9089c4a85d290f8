using System.Text.Json.Nodes;
using DeployGuard.Core.Attestations;
using DeployGuard.Registry.References;
using static DeployGuard.EndToEnd.SignedSource;

namespace DeployGuard.EndToEnd;

/// <summary>Bypasses by what a registry holds: statements that are deleted, buried or elsewhere, and images that are too large.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class BypassRegistryTests
{
    private const string Policy = "registry";
    private const string Mirrored = "registry-mirrored";

    /// <summary>Of one digest; more are not read.</summary>
    private const int MostStatements = 32;

    private SignedSource? _source;
    private Sandbox? _sandbox;

    private SignedSource Source => _source ?? throw new InvalidOperationException("not started");

    private Sandbox Shared => _sandbox ?? throw new InvalidOperationException("not started");

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _source = await SignedSource.StartAsync();
        await _source.CreatePolicyAsync(Policy, "AiAssisted");
        await _source.CreatePolicyAsync(Mirrored, "AiAssisted");
        _sandbox = await _source.WithProvenCommitAsync(Policy);
    }

    [OneTimeTearDown]
    public void Stop() => _source?.Dispose();

    /// <summary>Only dry runs saw it, so that it is on no record: each replica remembers it.</summary>
    [Test]
    public async Task Threat51_ASignOfAiThatWasReadAndThenDeletedStillCounts()
    {
        var image = await Source.ImageAsync("read, then deleted");
        await Source.AttachAsync(image, Signed(Assisted.About(Subject(image)), Source.Forge));
        var (before, after) = await DirectCall.WebAsync(Shared, Source.Name(image));
        await Shared.EveryReplicaAnswersAsync("AI-assisted change (statement)", after, before);

        // The second statement shows in the answer that the replica looked again.
        await Source.AttachAsync(image, HumanAlone(image));
        await Shared.EveryReplicaAnswersAsync("StatementKey", after, before);
        await CopyBesideOtherImagesAsync(4);

        await Shared.EveryReplicaAnswersAsync("AI-assisted change (statement)", after, before);
        var unread = await Source.ImageAsync("never read with AI");
        await Source.AttachAsync(unread, HumanAlone(unread));
        (await Source.DryRunSetImageAsync(Shared, unread)).OrFail();
    }

    [Test]
    public async Task Threat53_AMirrorCountsOnlyForWhatItHolds()
    {
        var sandbox = await Source.WithProvenCommitAsync(Mirrored);
        var image = await Source.ImageAsync("mirrored");
        var statement = Signed(Human.About(Subject(image)), Source.Forge);
        using var mirror = await SignedSource.StartAsync();
        await ReadFromAsync($"\"mirror\": \"{mirror.Host}/hub\"");
        await Source.IsRefusedAsync(sandbox, image, "ApprovalMissing", $"{mirror.Host}/hub/acme/web");

        await Source.AttachAsync(image, statement);
        await mirror.ImageElsewhereAsync("hub/acme/web", "mirrored", _ => []);
        await Source.IsRefusedAsync(sandbox, image, "ApprovalMissing", "no signed statement was found");

        await mirror.ImageElsewhereAsync("signed/acme/web", "mirrored", _ => [statement]);
        await ReadFromAsync($"\"mirror\": \"{mirror.Host}/hub\", \"signatureRepository\": \"{mirror.Host}/signed\"");
        await Source.PassesAsync(sandbox, image);

        Task ReadFromAsync(string places) =>
            EditOriginAsync(
                Mirrored,
                $$"""
                {"registries": [{"host": "{{Source.Host}}", "caBundle": {{Json(Source.Authority)}}, {{places}} },
                                {"host": "{{mirror.Host}}", "caBundle": {{Json(mirror.Authority)}} }]}
                """
            );
    }

    /// <summary>What is not read may deny what is: a later review that was dismissed, or a sign of AI.</summary>
    [Test]
    public async Task Threat60_MoreStatementsThanAreReadRelaxNothing()
    {
        var image = await Source.ImageAsync("buried");
        var good = Signed(Human.About(Subject(image)), Source.Forge);
        var others = Enumerable.Range(1, MostStatements).Select(i => Signed(Earlier(i).About(Subject(image)), Source.Forge));

        await Source.AttachAsync(image, [good, .. others]);
        await Source.IsRefusedAsync(Shared, image, "StatementUnread", "ApprovalMissing");

        await Source.AttachAsync(image, good);
        await Source.PassesAsync(Shared, image);

        ChangeStatement Earlier(int minutes) => Human with { ExpiresAt = Human.ExpiresAt.AddMinutes(-minutes) };
    }

    /// <summary>The forge adds its statement to the list that is there, and another place has an earlier one.</summary>
    [Test]
    public async Task Threat60_AListThatCannotBeReadRelaxesNothing()
    {
        var image = await Source.ImageAsync("behind an unreadable list");
        await Source.AttestAsync(image, Human);
        await Source.PassesAsync(Shared, image);

        await Source.UnreadableListAsync(image);

        await Source.IsRefusedAsync(Shared, image, "StatementUnread", "more than 1000 annotations", "ApprovalMissing");
    }

    [Test]
    public async Task Threat70_AnImageWithTooManyAnnotationsIsNotReadAndOthersAre()
    {
        var large = await Source.AnnotatedImageAsync("too large", 1001);
        await Source.AttestAsync(large, Human);
        await Source.IsRefusedAsync(Shared, large, "more than 1000 annotations", "ApprovalMissing");

        var small = await Source.AnnotatedImageAsync("small enough", 1000);
        await Source.AttestAsync(small, Human);
        await Source.PassesAsync(Shared, small);
    }

    private static ChangeStatement Human => Change('b', 'c') with { Approvals = [] };

    private static ChangeStatement Assisted => Human with { Ai = new AiDeclaration(AiStatus.Assisted, []) };

    /// <summary>That no AI had a part, and the same by a key that nobody trusts.</summary>
    private DsseEnvelope[] HumanAlone(Digest image) =>
        [Signed(Human.About(Subject(image)), Source.Forge), Signed(Human.About(Subject(image)), NewKey())];

    /// <summary>Lets each replica read as many statements beside other images as it reads of an image.</summary>
    private async Task CopyBesideOtherImagesAsync(int images)
    {
        var copies = Enumerable
            .Range(0, MostStatements)
            .Select(i => Signed((Assisted with { Authors = [$"github:{i}"] }).About(OfCommit('c')), Source.Forge))
            .ToList();
        for (var i = 0; i < images; i++)
        {
            var other = await Source.ImageAsync($"copy {i}");
            await Source.AttachAsync(other, copies);
            var (before, after) = await DirectCall.WebAsync(Shared, Source.Name(other));
            await Shared.EveryReplicaAnswersAsync("ApprovalMissing", after, before);
        }
    }
}
