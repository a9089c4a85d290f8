using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Webhook.Tests;

/// <summary>
/// Reviews as Kubernetes 1.36 API servers send them, through the real router over TLS: recorded, or written in the same form for requests
/// of common controllers and tools.
/// </summary>
public partial class RecordedReviewTests
{
    private const string Policy = """
        {"metadata": {"name": "tier-1"},
         "spec": {"images": {"pin": "Digest"},
                  "approval": {"quorum": [{"groups": ["senior-engineers"], "count": 1}]},
                  "canary": {"steps": [5, 25, 50]}}}
        """;

    /// <summary>
    /// The refused reviews and their reasons; everything else passes: deletes, restarts, pauses, scales, dry runs (with warnings) and all
    /// that controllers write. Without records an undo looks like a new revision.
    /// </summary>
    private static readonly Dictionary<string, string> s_refused = new()
    {
        ["acme-solver-create-pod"] = "ImageNotPinned ApprovalMissing",
        ["injected-image-bank-vaults-create-deployment"] = "ImageNotPinned ApprovalMissing",
        ["injected-image-dapr-create-deployment"] = "ImageNotPinned ApprovalMissing",
        ["injected-image-datadog-create-deployment"] = "ImageNotPinned ApprovalMissing",
        ["injected-image-istio-create-deployment"] = "ImageNotPinned ApprovalMissing",
        ["injected-image-linkerd-version-create-deployment"] = "ImageNotPinned ApprovalMissing",
        ["kubectl-debug-first-attempt-update-pod-ephemeralcontainers"] = "ApprovalMissing",
        ["kubectl-debug-node-first-attempt-create-pod"] = "ApprovalMissing",
        ["kubectl-debug-node-second-attempt-create-pod"] = "ApprovalMissing",
        ["kubectl-debug-second-attempt-update-pod-ephemeralcontainers"] = "ApprovalMissing",
        ["mesh-gateway-create-deployment"] = "ImageNotPinned ApprovalMissing",
        ["sha512-digest-create-deployment"] = "ApprovalMissing",
        ["daemonset-surge-all-update-daemonset"] = "PaceTooFast ApprovalMissing",
        ["kubectl-apply-create-create-deployment"] = "ImageNotPinned ApprovalMissing",
        ["kubectl-apply-new-image-update-deployment"] = "ImageNotPinned ApprovalMissing PaceTooFast",
        ["kubectl-debug-ephemeral-update-pod-ephemeralcontainers"] = "ImageNotPinned ApprovalMissing",
        ["kubectl-rollout-undo-update-deployment"] = "ImageNotPinned ApprovalMissing PaceTooFast",
        ["kubectl-run-bare-pod-create-pod"] = "ApprovalMissing",
        ["kubectl-set-image-update-deployment"] = "ImageNotPinned ApprovalMissing PaceTooFast",
        ["other-kinds-create-cronjob"] = "ApprovalMissing",
        ["other-kinds-create-daemonset"] = "ApprovalMissing",
        ["other-kinds-create-job"] = "ApprovalMissing",
        ["other-kinds-create-replicaset"] = "ApprovalMissing",
        ["other-kinds-create-replicationcontroller"] = "ApprovalMissing",
        ["other-kinds-create-statefulset"] = "ApprovalMissing",
        ["other-kinds-update-statefulset"] = "ApprovalMissing",
        ["statefulset-half-at-once-update-statefulset"] = "ApprovalMissing PaceTooFast",
        ["reloader-by-variable-update-deployment"] = "ApprovalMissing",
        ["restore-create-deployment"] = "ApprovalMissing",
        ["restore-create-pod"] = "ApprovalMissing",
        ["restore-create-replicaset"] = "ApprovalMissing",
        ["statefulset-new-image-update-statefulset"] = "ApprovalMissing CanaryStepExceeded",
    };

    private RunningWebhook _webhook = null!;

    public static IEnumerable<string> Names() =>
        Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "reviews")).Select(f => Path.GetFileNameWithoutExtension(f)).Order();

    [OneTimeSetUp]
    public async Task StartAsync() => _webhook = await RunningWebhook.StartAsync(PolicyReader.Read(JsonDocument.Parse(Policy).RootElement));

    [OneTimeTearDown]
    public async Task StopAsync() => await _webhook.DisposeAsync();

    [TestCaseSource(nameof(Names))]
    public async Task ARecordedReviewGetsItsDecision(string name)
    {
        var review = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "reviews", $"{name}.json"));

        var response = await _webhook.SendAsync("/admit/workloads?timeout=3s", review);

        Assert.That(
            response.GetProperty("uid").GetString(),
            Is.EqualTo(JsonDocument.Parse(review).RootElement.GetProperty("request").GetProperty("uid").GetString())
        );
        Assert.That(Reasons(response), Is.EqualTo(s_refused.GetValueOrDefault(name, "")));
    }

    [Test]
    public async Task TheFieldsThatAMachineChangedAreNamed()
    {
        var response = await _webhook.SendAsync(
            "/admit/workloads?timeout=3s",
            await File.ReadAllTextAsync(PathOf("reloader-by-variable-update-deployment"))
        );

        Assert.That(
            response.GetProperty("status").GetProperty("message").GetString(),
            Does.Contain("\nChanged: spec.containers[web].env[STAKATER_WEB_CONFIGMAP].value.")
        );
    }

    /// <summary>Fields that controllers add to a template are no part of it, in requests of a real server.</summary>
    [TestCase("kubectl-apply-create-create-deployment", "kubectl-apply-create-create-replicaset")]
    [TestCase("kubectl-set-image-update-deployment", "kubectl-set-image-create-replicaset")]
    [TestCase("kubectl-rollout-restart-update-deployment", "kubectl-rollout-restart-create-replicaset")]
    public void AReplicaSetHashesAsItsDeployment(string deployment, string replicaSet) =>
        Assert.That(HashOf(replicaSet), Is.EqualTo(HashOf(deployment)));

    /// <summary>An approval of the first attempt also counts for the second.</summary>
    [Test]
    public void EachAttemptOfKubectlDebugHasTheSameHash() =>
        Assert.That(
            HashOf("kubectl-debug-second-attempt-update-pod-ephemeralcontainers"),
            Is.EqualTo(HashOf("kubectl-debug-first-attempt-update-pod-ephemeralcontainers"))
        );

    [TestCase("acme-solver-create-pod", "exempt.serviceAccounts: [cert-manager/cert-manager]", "metadata.name")]
    [TestCase("kubectl-debug-node-first-attempt-create-pod", "kubectl run debug-node-a", "After approval")]
    [TestCase(
        "mesh-gateway-create-deployment",
        "image auto (spec.template.spec.containers[0].image) is a placeholder",
        "referenced by tag"
    )]
    public async Task TheRemedyFitsTheObject(string name, string said, string notSaid)
    {
        var response = await _webhook.SendAsync("/admit/workloads?timeout=3s", await File.ReadAllTextAsync(PathOf(name)));

        Assert.That(response.GetProperty("status").GetProperty("message").GetString(), Does.Contain(said).And.Not.Contains(notSaid));
    }

    [Test]
    public void TheLabelsOfAJobsSelectorAreNoPartOfItsTemplate()
    {
        var job =
            JsonNode.Parse(File.ReadAllText(PathOf("other-kinds-create-job")))?["request"]?["object"]
            ?? throw new InvalidOperationException("no object");
        var before = Hash(job);
        job["spec"]?["template"]?["metadata"]?.AsObject().Remove("labels");

        Assert.That(Hash(job), Is.EqualTo(before));
    }

    [Test]
    public void EveryRefusalOfTheTableWasRecorded() => Assert.That(s_refused.Keys, Is.SubsetOf(Names()));

    private static string PathOf(string review) => Path.Combine(AppContext.BaseDirectory, "reviews", $"{review}.json");

    private static string HashOf(string review) =>
        Hash(JsonNode.Parse(File.ReadAllText(PathOf(review)))?["request"]?["object"] ?? throw new InvalidOperationException("no object"));

    private static string Hash(JsonNode obj) => WorkloadReader.Default.Read(JsonSerializer.SerializeToElement(obj)).Template.Hash;

    private static string Reasons(JsonElement response)
    {
        if (response.GetProperty("allowed").GetBoolean())
        {
            return "";
        }

        var status = response.GetProperty("status");
        Assert.That(status.GetProperty("code").GetInt32(), Is.EqualTo(403));
        return string.Join(' ', FindingLine().Matches(status.GetProperty("message").GetString() ?? "").Select(m => m.Groups[1].Value));
    }

    [GeneratedRegex(@"^ - (\w+): ", RegexOptions.Multiline)]
    private static partial Regex FindingLine();
}
