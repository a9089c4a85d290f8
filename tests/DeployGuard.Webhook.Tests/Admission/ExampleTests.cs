using System.Text.Json;
using DeployGuard.Core.Admission;
using DeployGuard.Manifests;
using DeployGuard.Webhook.Reviews;

namespace DeployGuard.Webhook.Tests;

/// <summary>Every example over the socket: the webhook answers what <c>deployguard check</c> answers.</summary>
public class ExampleTests
{
    private static readonly string s_root = Path.Combine(AppContext.BaseDirectory, "examples");

    public static IEnumerable<string> Names() => Directory.GetDirectories(s_root).Select(d => Path.GetFileName(d)).Order();

    [TestCaseSource(nameof(Names))]
    public async Task TheWebhookAnswersAsTheExampleSays(string name)
    {
        var folder = Path.Combine(s_root, name);
        var expected = ExpectedAnswer.Read(folder);
        var example = CheckCase.ReadExample(folder, DateTimeOffset.UnixEpoch);
        var input = example.Requests().Single();
        await using var webhook = await RunningWebhook.StartAsync(new LiteralFacts { Cached = input.Snapshot }, new FixedTime(example.Now));

        var response = await webhook.SendAsync("/admit/workloads?timeout=3s", Review(folder, input.Request));

        var allowed = response.GetProperty("allowed").GetBoolean();
        Assert.That(allowed, Is.EqualTo(expected.Allowed));
        Assert.That(allowed ? null : response.GetProperty("status").GetProperty("message").GetString(), Is.EqualTo(expected.Message));
        var warnings = response.TryGetProperty("warnings", out var list) ? list.EnumerateArray().Select(w => w.GetString()) : [];
        Assert.That(warnings, Is.EqualTo(expected.Warnings));
    }

    private static string Review(string folder, WorkloadRequest request)
    {
        JsonElement? Read(string file) =>
            File.Exists(Path.Combine(folder, file)) ? ManifestReader.Read(Path.Combine(folder, file))[0].Content : null;
        return JsonSerializer.Serialize(
            new
            {
                apiVersion = "admission.k8s.io/v1",
                kind = "AdmissionReview",
                request = new
                {
                    uid = "u-1",
                    kind = new
                    {
                        group = request.Target.ApiGroup,
                        version = "v1",
                        kind = request.Target.Kind,
                    },
                    resource = new
                    {
                        group = request.Target.ApiGroup,
                        version = "v1",
                        resource = $"{request.Target.Kind.ToLowerInvariant()}s",
                    },
                    name = request.Target.Name,
                    @namespace = request.Target.Namespace,
                    operation = request.Operation is Operation.Create ? "CREATE" : "UPDATE",
                    userInfo = new { username = request.Requester.Username, groups = request.Requester.Groups },
                    @object = Read("after.yaml"),
                    oldObject = Read("before.yaml"),
                    dryRun = request.DryRun,
                },
            }
        );
    }

    private sealed class FixedTime(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
