using System.Text.Json;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Comparison;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Replay;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using DeployGuard.Webhook.Admission;
using DeployGuard.Webhook.Reviews;

namespace DeployGuard.Webhook.Tests;

/// <summary>
/// What a review may hold is decided about, however deep it is: an error after the reading is an HTTP 500, which a failurePolicy may admit.
/// </summary>
public class DeepObjectTests
{
    private static readonly string s_deep = new string('[', 150) + new string(']', 150);
    private static readonly SafeguardPolicy s_policy = PolicyReader.Read(
        JsonDocument
            .Parse(
                """{"metadata": {"name": "tier-1"}, "spec": {"mode": "Enforce", "approval": {"required": "Always", "quorum": [{"groups": ["seniors"]}]}}}"""
            )
            .RootElement
    );

    public static IEnumerable<string> Templates() =>
        Directory
            .GetFiles(Path.Combine(AppContext.BaseDirectory, "reviews"))
            .Where(f => File.ReadAllText(f).Contains("\"containers\":[", StringComparison.Ordinal))
            .Select(f => Path.GetFileNameWithoutExtension(f))
            .Order();

    [TestCaseSource(nameof(Templates))]
    public void ADeepTemplateGetsAVerdictAndARecord(string name)
    {
        var recorded = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "reviews", $"{name}.json"));
        using var review = Parse(recorded.Replace("\"containers\":[", $"\"deep\":{s_deep},\"containers\":[", StringComparison.Ordinal));
        var request = (WorkloadRequest)new RequestReader(WorkloadReader.Default).Read(Review.Read(review.RootElement));
        var template = (request.After ?? request.Before)?.Template;

        Assert.That(Told(request), Does.Contain(request.Target.Name));
        using var read = template is null ? null : RecordedTemplate.OfOrNull(template)?.Read();
        Assert.That(read?.RootElement.GetRawText() ?? s_deep, Does.Contain(s_deep));
    }

    [TestCase("1", "1", true)]
    [TestCase("1", "2", false)]
    public void AnObjectOfAnotherKindIsComparedAtEveryDepth(string before, string after, bool isSame)
    {
        string Object(string value, string label) =>
            $$"""
                {"apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": {"name": "web-1", "labels": {"a": "{{label}}"} },
                 "revision": 1, "data": {{s_deep.Replace("[]", $"[{value}]", StringComparison.Ordinal)}} }
                """;
        using var review = Parse(
            $$"""
            {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {"uid": "u-1", "operation": "UPDATE",
             "kind": {"group": "apps", "version": "v1", "kind": "ControllerRevision"}, "name": "web-1", "namespace": "shop",
             "object": {{Object(after, "new")}}, "oldObject": {{Object(before, "old")}} } }
            """
        );
        var request = new RequestReader(WorkloadReader.Default).Read(Review.Read(review.RootElement));

        Assert.That(request, Is.TypeOf<OpaqueRequest>().With.Property(nameof(OpaqueRequest.MetadataOnly)).EqualTo(isSame));
    }

    private static string Told(Request request) =>
        EvaluationText.Of(new EvaluationInput(request, new ClusterSnapshot { Policies = [s_policy] }, DateTimeOffset.UnixEpoch));

    private static JsonDocument Parse(string review) => JsonDocument.Parse(review, new JsonDocumentOptions { MaxDepth = 200 });
}
