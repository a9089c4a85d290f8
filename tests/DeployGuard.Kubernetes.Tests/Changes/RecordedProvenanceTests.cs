using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Changes;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>The commits on a Change from which later changes start: of images, and of templates that came without a new image.</summary>
public class RecordedProvenanceTests
{
    private const string Image = "registry.example.com/shop/web@sha256:1111111111111111111111111111111111111111111111111111111111111111";
    private const string Repository = "https://github.com/acme/checkout";

    private static readonly string s_first = new('a', 40);
    private static readonly string s_second = new('b', 40);

    [Test]
    public void TheCommitOfATemplateIsKeptApartFromThatOfTheImage()
    {
        var status = new JsonObject();
        Record(status, Proven(s_first));
        Record(status, OfTemplate(s_second));

        Assert.That(Commits(status), Is.EqualTo(new[] { (s_first, false), (s_second, true) }));
    }

    [Test]
    public void ATemplateToWhichNoWholeChainLedHasNoCommit()
    {
        var status = new JsonObject();
        Record(status, OfTemplate(s_second) with { Chain = [] });
        Record(status, OfTemplate(s_second) with { ReviewedTemplates = [] });

        Assert.That(Commits(status), Is.Empty);
        Assert.That((string?)status["provenance"]?[0]?["image"], Is.EqualTo(Image));
    }

    [Test]
    public void ACommitOfATemplateThatIsOnRecordStaysWhereNoLaterRequestProvesOne()
    {
        var status = new JsonObject();
        Record(status, OfTemplate(s_first));
        Record(status, OfTemplate(s_second) with { Chain = [] });

        Assert.That(Commits(status), Is.EqualTo(new[] { (s_first, true) }));
    }

    /// <summary>Another key may get the name of the one that proved it.</summary>
    [Test]
    public void TheKeysThatProvedACommitAreOnRecord()
    {
        var status = new JsonObject();
        Record(status, Proven(s_first));

        Assert.That(Read(status).Single().KeyIds, Is.EqualTo(new[] { "5dc3" }));
    }

    /// <summary>The first who finds no place does not keep the answers about images that have one from being written.</summary>
    [Test]
    public void AFullRecordStillTakesNewAnswersAboutItsImages()
    {
        var status = new JsonObject();
        for (var i = 0; i < 49; i++)
        {
            Record(status, ($"{Image}-{i}", Proven(s_first)));
        }

        Record(status, (Image, Proven(s_first)), ($"{Image}-late", Proven(s_first)), (Image, Proven(s_second)));

        Assert.That(Read(status), Has.Count.EqualTo(50));
        Assert.That(Read(status).Single(p => p.Image == Image).Commit, Is.EqualTo(s_second));
    }

    private static ImageProvenance Proven(string commit) =>
        new(OriginVerdict.Unknown, null, new HeadCommit(commit, Repository, ["forge"]) { KeyIds = ["5dc3"] }, [], [], [], []);

    private static ImageProvenance OfTemplate(string commit) =>
        Proven(commit) with
        {
            IsOfTemplate = true,
            Chain = [new ChainLink(s_first, commit, AiStatus.None, [], ["forge"], [], [])],
            ReviewedTemplates = [new ReviewedTemplate("Deployment shop/web", "v2:1")],
        };

    private static void Record(JsonObject status, ImageProvenance provenance) => Record(status, (Image, provenance));

    private static void Record(JsonObject status, params (string Image, ImageProvenance Proven)[] all)
    {
        var workload = new WorkloadRef("apps", "Deployment", "shop", "web");
        var verdict = new Verdict
        {
            Evaluated = new EvaluatedRequest
            {
                Request = new WorkloadRequest
                {
                    Operation = Operation.Update,
                    Requester = new Requester("dana", "", []),
                    Target = workload,
                },
                Classification = new Classification(ChangeType.NewRevision, "another template"),
                Name = "deployment-web-1",
            },
            SignedFacts = [new SignedFacts("tier-1", [.. all.Select(a => new SignedImage(a.Image, a.Proven))])],
        };
        RecordedProvenance.Merge(status, RecordedProvenance.Of(verdict));
    }

    private static IEnumerable<(string Commit, bool IsOfTemplate)> Commits(JsonObject status) =>
        Read(status).Select(p => (p.Commit, p.IsOfTemplate));

    private static IReadOnlyList<ProvenCommit> Read(JsonObject status)
    {
        var document = new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "deployment-web-1", ["namespace"] = "shop" },
            ["spec"] = JsonNode.Parse(
                """{"workload": {"apiGroup": "apps", "kind": "Deployment", "name": "web"}, "templateHash": "v2:1"}"""
            ),
            ["status"] = status.DeepClone(),
        };
        document["status"]!["phase"] = "Pending";
        return ChangeReader.Read(JsonSerializer.SerializeToElement(document)).ProvenCommits;
    }
}
