using System.Text.Json;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Replay;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using DeployGuard.Manifests;
using DeployGuard.Webhook.Admission;
using DeployGuard.Webhook.Reviews;

namespace DeployGuard.Webhook.Tests;

/// <summary>The inputs of a decision are one value: serialised as JSON and read back, they lead to the same verdict.</summary>
public class ReplayTests
{
    private static readonly string s_examples = Path.Combine(AppContext.BaseDirectory, "examples");
    private static readonly string s_reviews = Path.Combine(AppContext.BaseDirectory, "reviews");
    private static readonly EvaluationInputJson s_json = new(WorkloadReader.Default);

    /// <summary>Every rule has a finding.</summary>
    private static readonly SafeguardPolicy s_strict = PolicyReader.Read(
        JsonDocument
            .Parse(
                """
                {"metadata": {"name": "strict"}, "spec": {"mode": "Enforce", "images": {"pin": "Digest"}, "approval": {"required": "Always", "quorum": [{"groups": ["seniors"]}]},
                 "canary": {"required": "Always", "covers": "Template", "steps": [10, 50]}, "budget": {"maxConcurrentRollouts": 1}}}
                """
            )
            .RootElement
    );

    public static IEnumerable<string> Examples() => Directory.GetDirectories(s_examples).Select(d => Path.GetFileName(d)).Order();

    public static IEnumerable<string> Reviews() => Directory.GetFiles(s_reviews).Select(f => Path.GetFileNameWithoutExtension(f)).Order();

    [TestCaseSource(nameof(Examples))]
    public void AnExampleIsReplayed(string name)
    {
        var example = CheckCase.ReadExample(Path.Combine(s_examples, name), DateTimeOffset.UnixEpoch);
        var input = example.Requests().Single();

        IsReplayed(new EvaluationInput(input.Request, input.Snapshot, example.Now));
    }

    [TestCaseSource(nameof(Reviews))]
    public void ARecordedReviewIsReplayed(string name)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(s_reviews, $"{name}.json")));
        var request = new RequestReader(WorkloadReader.Default).Read(Review.Read(document.RootElement));
        var parent = (request as WorkloadRequest)?.Before ?? (request as WorkloadRequest)?.After;

        IsReplayed(
            new EvaluationInput(
                request,
                new ClusterSnapshot
                {
                    Policies = [s_strict],
                    Parent = parent,
                    Namespace = new NamespaceObjects
                    {
                        Services =
                        [
                            new Service("all", parent?.Template.Labels ?? new Dictionary<string, string> { ["app"] = "web" }, false),
                        ],
                        Workloads = parent is null ? [] : [new LiveWorkload { Spec = parent }],
                    }.ToSnapshot(),
                },
                DateTimeOffset.UnixEpoch
            )
        );
    }

    private static void IsReplayed(EvaluationInput input)
    {
        var written = s_json.Write(input);
        var read = s_json.Read(written);

        Assert.That(EvaluationText.Of(read), Is.EqualTo(EvaluationText.Of(input)));
        Assert.That(s_json.Write(read), Is.EqualTo(written), "nothing is lost on the way");
    }
}
