using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Benchmarks.Evidence;

/// <summary>
/// The fleet, with a proven Change of what runs in each Deployment, and reviews that bring the attested image. All images are pinned, and
/// the templates do not say that an AI had a part.
/// </summary>
internal sealed class EvidenceFleet
{
    private const string Policy = "tier-1";
    private const string Running = "registry.example.com/shop/web@sha256:27dd8ed44a83ff94d557f9fd0412ed5a8cbca69ea04922d88c01184a07300a5a";

    private static readonly JsonSerializerOptions s_asRecorded = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly string s_sidecar = $"{RecordedUpdate.OldImage}@sha256:{new string('e', 64)}";

    private readonly Fleet _fleet;
    private readonly AttestedImage _image;
    private readonly string _changes;

    /// <summary>An earlier version of the same image.</summary>
    private readonly string _running;

    public EvidenceFleet(string recorded, AttestedImage image)
    {
        _image = image;
        _running = $"{image.Reference.Split('@')[0]}@{Running.Split('@')[1]}";
        _fleet = new Fleet(Review(recorded));
        _changes = FakeApi.List(_fleet.Live.Select(Change));
    }

    /// <summary>Only the uid varies: the evidence of the image is known.</summary>
    public IReadOnlyList<VariedReview> Reviews => _fleet.Unchanged();

    /// <param name="rules">Blocks of the policy's spec.</param>
    /// <param name="withEvidence">The policy asks for signed evidence.</param>
    public Func<string[], IQueryCollection, string> Answer(string rules, bool withEvidence)
    {
        var policies = FakeApi.List([PolicyOf(rules, withEvidence)]);
        return (path, query) =>
            path[^1] switch
            {
                "safeguardpolicies" => policies,
                "changes" => _changes,
                _ => _fleet.Answer(path, query),
            };
    }

    private string PolicyOf(string rules, bool withEvidence)
    {
        var origin = withEvidence ? _image.Origin : [];
        origin["unknown"] = "Human";
        return $$$"""
            {"metadata": {"name": "{{{Policy}}}", "generation": 2}, "spec": {"mode": "Enforce", "images": {"pin": "Digest"},
              {{{rules}}}, "origin": {{{origin.ToJsonString()}}} } }
            """;
    }

    private string Review(string recorded)
    {
        var text = recorded
            .Replace("envoyproxy/envoy:v1.32", RecordedUpdate.OldImage, StringComparison.Ordinal)
            .Replace(RecordedUpdate.OldImage, s_sidecar, StringComparison.Ordinal)
            .Replace("deployguard.io/ai-assisted", "example.com/public", StringComparison.Ordinal)
            .Replace("deployguard.io/ai-tool", "example.com/team", StringComparison.Ordinal)
            .Replace("claude-code", "shop", StringComparison.Ordinal)
            .Replace(Running, _running, StringComparison.Ordinal);
        var review = JsonNode.Parse(text) ?? throw new InvalidOperationException("no review");
        var web = review["request"]?["object"]?["spec"]?["template"]?["spec"]?["containers"]?[0];
        if ($"{web?["image"]}" != _running)
        {
            throw new InvalidOperationException($"the first container of the recorded review is not {Running}");
        }

        web?["image"] = _image.Reference;
        return review.ToJsonString(s_asRecorded);
    }

    private string Change(string deployment)
    {
        using var read = JsonDocument.Parse(deployment);
        var workload = WorkloadReader.Default.Read(read.RootElement);
        return $$$"""
            {"metadata": {"name": "{{{workload.Ref.Name}}}-1", "namespace": "{{{workload.Ref.Namespace}}}", "uid": "change-{{{workload.Ref.Name}}}"},
             "spec": {"workload": {"apiGroup": "apps", "kind": "Deployment", "name": "{{{workload.Ref.Name}}}"},
              "templateHash": "{{{workload.Template.Hash}}}", "images": [{"to": "{{{_running}}}"}]},
             "status": {"phase": "Proven", "policies": [{"name": "{{{Policy}}}"}],
              "provenance": [{"policy": "{{{Policy}}}", "image": "{{{_running}}}", "repository": "{{{AttestedImage.Source}}}", "keys": ["{{{AttestedImage.KeyName}}} (SourceReview)"],
               "keyIds": ["{{{_image.KeyId}}}"], "commit": "{{{AttestedImage.Base}}}"}],
              "conditions": [{"type": "Completed", "status": "True", "lastTransitionTime": "2026-11-20T12:00:00Z"},
               {"type": "Proven", "status": "True", "lastTransitionTime": "2026-11-21T12:00:00Z"}]} }
            """;
    }
}
