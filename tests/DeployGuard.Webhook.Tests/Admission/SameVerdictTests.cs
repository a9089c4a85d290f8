using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Replay;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using DeployGuard.Webhook.Admission;
using DeployGuard.Webhook.Reviews;

namespace DeployGuard.Webhook.Tests;

/// <summary>
/// Generated reviews, from the bytes to the message, get the same from the webhook as from the <see cref="ReferenceReader"/>: fields,
/// hashes, verdict, or the text of the error. A long run: READER_STEPS=1000000. READER_FIRST is the number of the first review.
/// </summary>
public class SameVerdictTests
{
    private const int MaxReported = 3;

    /// <summary>Of so many reviews, some end in every way.</summary>
    private const int EnoughForAll = 10_000;

    private static readonly JsonSerializerOptions s_fields = new()
    {
        IgnoreReadOnlyProperties = true,
        Converters = { new TemplateFields() },
    };

    /// <summary>Each safeguard has findings, for everything or only for what an annotation marks.</summary>
    private static readonly IReadOnlyList<SafeguardPolicy> s_policies =
    [
        Policy(
            """
            {"metadata": {"name": "strict"}, "spec": {"mode": "Enforce", "images": {"pin": "Digest"}, "approval": {"required": "Always", "quorum": [{"groups": ["seniors"]}]},
             "canary": {"required": "Always", "covers": "Template", "steps": [10, 50]}, "budget": {"maxConcurrentRollouts": 1}}}
            """
        ),
        Policy(
            """
            {"metadata": {"name": "marked"}, "spec": {"mode": "Warn", "origin": {"unknown": "Human"}, "approval": {"required": "AiAssisted", "quorum": [{"groups": ["seniors"]}]},
             "canary": {"required": "AiAssisted", "steps": [5], "pace": {"percent": 25, "minReady": "1m"}}}}
            """
        ),
    ];

    private static readonly IReadOnlyList<Subject> s_subjects =
    [
        .. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "reviews")).Order().Select(Subject.Read),
        .. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "reviews")).Order().Select(Subject.Applied),
        Subject.FromNoPods(Path.Combine(AppContext.BaseDirectory, "reviews", "kubectl-scale-update-replicaset.json")),
    ];

    private static int Steps => NumberOf("READER_STEPS", 20_000);

    [Test]
    public void AGeneratedReviewGetsTheSameVerdictFromBothReaders()
    {
        var ends = new ConcurrentDictionary<string, int>();
        var differences = Enumerable
            .Range(NumberOf("READER_FIRST", 0), Steps)
            .AsParallel()
            .Select(number => Compare(number, ends))
            .Where(difference => difference.Length > 0)
            .Take(MaxReported)
            .ToList();
        TestContext.Out.WriteLine($"{Steps} reviews: {string.Join(", ", ends.OrderBy(e => e.Key).Select(e => $"{e.Key} {e.Value}"))}");

        Assert.That(string.Join("\n\n", differences), Is.Empty);
        if (Steps >= EnoughForAll)
        {
            Assert.That(ends.Keys, Is.SupersetOf((string[])[.. Enum.GetNames<ChangeType>(), "no review", "unreadable", "malformed"]));
        }
    }

    [Test]
    public void ARecordedReviewGetsTheSameVerdictFromBothReaders()
    {
        foreach (var subject in s_subjects)
        {
            Assert.That(
                End(subject.Body, subject, WebhookReads),
                Is.EqualTo(End(subject.Body, subject, ReferenceReader.Read)),
                subject.Name
            );
        }
    }

    /// <returns>What differs; empty if nothing does.</returns>
    private static string Compare(int number, ConcurrentDictionary<string, int> ends)
    {
        var subject = s_subjects[number % s_subjects.Count];
        var body = new MemberMutation(new Random(number)).Of(subject.Body);
        var (actual, expected) = (End(body, subject, WebhookReads), End(body, subject, ReferenceReader.Read));
        string[] unread = ["Duplicate property", "maximum configured depth"];
        if (actual != expected && unread.Any(fault => expected.Text.Contains(fault, StringComparison.Ordinal)))
        {
            expected = End(body, subject, ReferenceReader.ReadWithoutManagedFields);
        }

        ends.AddOrUpdate(actual.Kind, 1, static (_, count) => count + 1);
        return actual == expected
            ? ""
            : $"review {number}, of {subject.Name}\nexpected {expected}\n but was {actual}\n{Encoding.UTF8.GetString(body)}";
    }

    private static Request WebhookReads(byte[] body)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(body.Length + 1);
        body.CopyTo(buffer, 0);
        // Elements are views into its buffers, which are needed until the verdict: they are not given back.
        var read = ReviewBody.Read(buffer, body.Length, isLarge: false);
        return new RequestReader(WorkloadReader.Default).Read(Review.Read(read));
    }

    private static (string Kind, string Text) End(byte[] body, Subject subject, Func<byte[], Request> read)
    {
        try
        {
            var request = read(body);
            var input = new EvaluationInput(request, subject.Cluster, DateTimeOffset.UnixEpoch);
            // The verdict first: it must not depend on a hash that was computed before it.
            var verdict = EvaluationText.Of(input);
            var fields = JsonSerializer.Serialize(request, request.GetType(), s_fields);
            return (verdict[..verdict.IndexOf(':', StringComparison.Ordinal)], $"{verdict}\n{fields}");
        }
        catch (ReviewException wrong)
        {
            return ("no review", $"{wrong.StatusCode}: {wrong.Message}");
        }
        catch (MalformedReviewException wrong)
        {
            return ("unreadable", $"{wrong.Code} for {wrong.Uid}: {wrong.Message}");
        }
        catch (MalformedObjectException wrong)
        {
            return ("malformed", wrong.Message);
        }
    }

    private static int NumberOf(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number) ? number : otherwise;

    private static SafeguardPolicy Policy(string json) => PolicyReader.Read(JsonDocument.Parse(json).RootElement);

    /// <summary>A recorded review, and a cluster in which its workload runs and the revision that it asks for completed before.</summary>
    private sealed record Subject(string Name, byte[] Body, ClusterSnapshot Cluster)
    {
        public static Subject Read(string file) => Of(Path.GetFileNameWithoutExtension(file), File.ReadAllBytes(file));

        /// <summary>A recorded review in which the object had no pods before.</summary>
        public static Subject FromNoPods(string file)
        {
            var review = JsonNode.Parse(File.ReadAllBytes(file)) ?? throw new InvalidDataException($"{file} is empty");
            var before = review["request"]?["oldObject"]?["spec"] ?? throw new InvalidDataException($"{file} has no old object");
            before["replicas"] = 0;
            return Of($"{Path.GetFileNameWithoutExtension(file)} from no pods", Encoding.UTF8.GetBytes(review.ToJsonString()));
        }

        /// <summary>A recorded review in which both objects have kubectl's copy of the manifest, each another one.</summary>
        public static Subject Applied(string file)
        {
            var review = JsonNode.Parse(File.ReadAllBytes(file)) ?? throw new InvalidDataException($"{file} is empty");
            foreach (var member in (string[])["object", "oldObject"])
            {
                if (review["request"]?[member]?["metadata"] is JsonObject metadata)
                {
                    metadata["annotations"] ??= new JsonObject();
                    metadata["annotations"]![WorkloadReader.LastApplied] = $"of the {member}";
                }
            }

            return Of($"{Path.GetFileNameWithoutExtension(file)} applied", Encoding.UTF8.GetBytes(review.ToJsonString()));
        }

        private static Subject Of(string name, byte[] body)
        {
            var request = ReferenceReader.Read(body);
            var (before, after) = ((request as WorkloadRequest)?.Before, (request as WorkloadRequest)?.After);
            return new Subject(name, body, ClusterOf(before ?? after, after));
        }

        private static ClusterSnapshot ClusterOf(Workload? running, Workload? completed) =>
            new()
            {
                Policies = s_policies,
                Parent = running,
                Changes = completed is { Ref.Kind: "Deployment" } ? [Completed(completed)] : [],
                Namespace = new NamespaceObjects
                {
                    Services = [new Service("all", running?.Template.Labels ?? new Dictionary<string, string> { ["app"] = "web" }, false)],
                    Workloads = running is null ? [] : [new LiveWorkload { Spec = running }],
                }.ToSnapshot(),
            };

        private static Change Completed(Workload workload) =>
            new()
            {
                Name = "recorded",
                Workload = workload.Ref,
                TemplateHash = workload.Template.Hash,
                Images = workload.Template.ImageNames,
                Phase = Phase.Proven,
            };
    }

    /// <summary>What was read from a template, and what is computed from it; not its bytes, which differ.</summary>
    private sealed class TemplateFields : JsonConverter<PodTemplate>
    {
        public override PodTemplate Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
            throw new NotSupportedException("fields are only written");

        public override void Write(Utf8JsonWriter writer, PodTemplate template, JsonSerializerOptions options) =>
            JsonSerializer.Serialize(
                writer,
                new
                {
                    template.Hash,
                    template.LegacyHash,
                    template.HasLostText,
                    template.ReadsAnnotations,
                    Unhashed = template.Canonical?.Unhashed.Select(u => $"{u.Path}: {u.Value}"),
                    template.Labels,
                    template.Annotations,
                    template.Containers,
                    Images = template.Images.Select(i => $"{i.Path}: {i.Reference}"),
                },
                options
            );
    }
}
