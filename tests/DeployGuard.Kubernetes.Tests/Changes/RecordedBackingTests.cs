using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Changes;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>What signed evidence said at the last request is on the Change, for the count until the next one.</summary>
public class RecordedBackingTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

    private static readonly SignedBacking s_reviewed = new(
        "tier-1",
        IsHuman: true,
        [
            new SignedReview("github:2002", s_now.AddHours(-1), [new string('a', 64)], ["forge"])
            {
                Person = "erin",
                Counts = "senior-engineers",
            },
        ],
        ["github:1001"]
    )
    {
        Summary = new SignedSummary(s_now.AddHours(-2), [new string('b', 64)], ["verifier"])
        {
            Counts = "not counted (it names no person, and the quorum has several seats)",
        },
        ReviewThreshold = 2,
        Keys = ["forge"],
        KeyIds = ["5dc3"],
        RanHash = "v2:1",
        ExpiresAt = s_now.AddDays(1),
    };

    [Test]
    public void ItIsReadBackAsItWasWritten()
    {
        var read = Read(Requested(null, s_now, s_reviewed)).Single();

        Assert.That(JsonSerializer.Serialize(read), Is.EqualTo(JsonSerializer.Serialize(s_reviewed)));
    }

    [TestCase(true, "SignedReview")]
    [TestCase(false, "NotRequired")]
    public void TheConditionApprovedSaysThatASignedReviewFilledASeat(bool fills, string reason)
    {
        var document = Requested(null, s_now, Phase.Admitted, s_reviewed with { FillsSeat = fills });

        var approved = document["status"]?["conditions"]?.AsArray().Single(c => (string?)c?["type"] == "Approved");
        Assert.That(((string?)approved?["status"], (string?)approved?["reason"]), Is.EqualTo(("True", reason)));
    }

    [Test]
    public void TheLastRequestReplacesWhatTheOneBeforeFound()
    {
        var document = Requested(null, s_now, s_reviewed);
        Requested(document, s_now.AddMinutes(1), s_reviewed with { IsHuman = false, Reviews = [] });
        Assert.That(Read(document).Single(), Has.Property("IsHuman").False.And.Property("Reviews").Empty);

        Requested(document, s_now.AddMinutes(2));
        Assert.That(Read(document), Is.Empty);
    }

    [Test]
    public void ARegistryThatCannotBeReachedTakesNothingBack()
    {
        var document = Requested(null, s_now, s_reviewed);
        Requested(document, s_now.AddMinutes(1), new SignedBacking("tier-1", false, [], []) { IsUnavailable = true });

        Assert.That(Read(document).Single().IsHuman, Is.True);
    }

    [Test]
    public void AnOlderRequestThatIsWrittenLaterTakesNothingBack()
    {
        var document = Requested(null, s_now, s_reviewed);
        Requested(document, s_now.AddMinutes(-1));

        Assert.That(Read(document).Single().IsHuman, Is.True);
    }

    private static JsonObject Requested(JsonObject? document, DateTimeOffset at, params SignedBacking[] found) =>
        Requested(document, at, Phase.Pending, found);

    private static JsonObject Requested(JsonObject? document, DateTimeOffset at, Phase phase, params SignedBacking[] found) =>
        ChangeDocument.Merge(
            document,
            new ChangeEntry
            {
                Name = "deployment-web-1",
                Workload = new WorkloadRef("apps", "Deployment", "shop", "web"),
                TemplateHash = "v2:0",
                At = at,
                Transition = new Transition(phase, "AwaitsApproval", "senior-engineers 0/1"),
                Images = [],
                Requester = "dana",
                IsNewRevision = true,
                Backing = found,
            }
        );

    private static IReadOnlyList<SignedBacking> Read(JsonObject document) =>
        ChangeReader.Read(JsonSerializer.SerializeToElement(document)).Backing;
}
