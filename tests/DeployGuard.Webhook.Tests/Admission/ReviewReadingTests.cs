using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using DeployGuard.Core.Workloads;
using DeployGuard.Webhook.Reviews;

namespace DeployGuard.Webhook.Tests;

/// <summary>
/// What is left out of a review before it is parsed changes neither the rest nor an error of the whole body.
/// A long run: READER_STEPS=200000.
/// </summary>
public class ReviewReadingTests
{
    private const string Before =
        """{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u-1","""
        + Kind
        + ""","object":{"metadata":{"name":"web",""";
    private const string After = "}}}}";

    public static IEnumerable<string> Recorded() =>
        Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "reviews")).Select(f => Path.GetFileNameWithoutExtension(f)).Order();

    [TestCaseSource(nameof(Recorded))]
    public void ARecordedReviewIsReadTheSame(string name)
    {
        var bytes = Bytes(name);

        var hasLists = bytes.AsSpan().IndexOf("managedFields"u8) >= 0;
        Assert.That(Compared.Of(bytes), hasLists ? Is.EqualTo(Outcome.Lean) : Is.AnyOf(Outcome.Lean, Outcome.Whole));
    }

    [TestCase("""  "managedFields":[{"a":{}}]""", Outcome.Lean)]
    [TestCase("""  "managedFields": [ ] , "labels":{}""", Outcome.Lean)]
    [TestCase(""" "managedFields":[{"f:x":{},"k:{\"type\":\"y\"}":{".":{}}},[true,false,null,"\n"]]""", Outcome.Lean)]
    [TestCase(""" "managedFields":[{"twice":1,"twice":2}]""", Outcome.Refused)]
    [TestCase(""" "managedFields":[{"twice":{},"twice":{}}]""", Outcome.DuplicateInList)]
    [TestCase(""" "managedFields":[],"managedFields":[]""", Outcome.Refused)]
    [TestCase(""" "managedFields":[],"managed\u0046ields":[]""", Outcome.Refused)]
    [TestCase(""" "managedFields":[],"labels":{},"labels":{}""", Outcome.Refused)]
    [TestCase(""" "managedFields":[],""", Outcome.Refused)]
    [TestCase(""" "managedFields":[,{}]""", Outcome.Refused)]
    [TestCase(""" "managedFields":[{]""", Outcome.Refused)]
    [TestCase(""" "managedFields":[{}}""", Outcome.Refused)]
    [TestCase(""" "managedFields":["\ud800"]""", Outcome.Refused)]
    [TestCase(""" "managedFields":["\u0041"]""", Outcome.Whole)]
    [TestCase(""" "managedFields":{}""", Outcome.Whole)]
    [TestCase(""" "managedFields":null""", Outcome.Whole)]
    [TestCase(""" "labels":{"managedFields":[]}""", Outcome.Whole)]
    [TestCase(""" "annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"a\":\"\\n\"}"}""", Outcome.Lean)]
    [TestCase(""" "annotations":{"kubectl.kubernetes.io/last-applied-configuration":"a","other":"b"},"labels":{}""", Outcome.Lean)]
    [TestCase(""" "annotations":{"kubectl.kubernetes.io/last-applied-configuration":"\u003c"}""", Outcome.Whole)]
    [TestCase(""" "annotations":{"kubectl.kubernetes.io/last-applied-configuration":{}}""", Outcome.Whole)]
    [TestCase(""" "annotations":{"kubectl.kubernetes.io/last-applied-configuration":"\x"}""", Outcome.Refused)]
    [TestCase(
        """ "annotations":{"kubectl.kubernetes.io/last-applied-configuration":"a","kubectl.kubernetes.io/last-applied-configuration":"a"}""",
        Outcome.Refused
    )]
    [TestCase(""" "annotations":{"other":{"kubectl.kubernetes.io/last-applied-configuration":"a"}}""", Outcome.Whole)]
    public void ReadsOrRefuses(string members, object outcome) =>
        Assert.That(Compared.Of(Encoding.UTF8.GetBytes(Before + members + After)), Is.EqualTo(outcome));

    /// <summary>The metadata of a pod is its template, and what it runs may read any annotation.</summary>
    [TestCase("Deployment", Outcome.Lean)]
    [TestCase("Pod", Outcome.Whole)]
    [TestCase("CronJob", Outcome.Whole)]
    public void KubectlsCopyOfTheManifestStaysWhereItMayBePartOfTheTemplate(string kind, object outcome)
    {
        const string Annotations = """ "annotations":{"kubectl.kubernetes.io/last-applied-configuration":"a"}""";

        Assert.That(
            Compared.Of(Encoding.UTF8.GetBytes((Before + Annotations + After).Replace("\"Deployment\"", $"\"{kind}\""))),
            Is.EqualTo(outcome)
        );
    }

    [TestCase(100)]
    [TestCase(196)]
    public void ADeepListIsLeftOutToo(int depth) =>
        ReadsOrRefuses($"\"managedFields\":{new string('[', depth)}{new string(']', depth)}", Outcome.Lean);

    /// <summary>Any user of an object may store one. Nobody could change it any more if the review could not be read.</summary>
    [TestCase(197)]
    [TestCase(9_990)]
    public void AListDeeperThanABodyMayBeIsLeftOut(int depth)
    {
        var list = $"\"managedFields\":{new string('[', depth)}{new string(']', depth)}";

        using var body = Compared.Read(Encoding.UTF8.GetBytes(Before + list + After));
        Assert.That(body.Root.GetRawText(), Does.Contain("\"request\"").And.Not.Contain("managedFields"));
        Assert.Throws<MalformedReviewException>(() => Compared.Read(Encoding.UTF8.GetBytes(Before + list + "]" + After)));
    }

    private const string Kind = """ "kind":{"group":"apps","version":"v1","kind":"Deployment"} """;
    private const string Update = """ "operation":"UPDATE" """;
    private const string New = """ "object":{"metadata":{},"spec":{"replicas":2,"template":{"spec":{"a":["}"]}}}} """;
    private const string Old = """ "oldObject":{"metadata":{},"spec":{"replicas":1,"template":{"spec":{"a":["}"]}}}} """;

    [TestCase($"{Kind},{Update},{New},{Old}", true)]
    [TestCase("""{Kind},{Update},{New},"oldObject":{"spec":{"template":{"spec":{"a":["}"]}}, "replicas":1}}""", true)]
    [TestCase("""{Kind},{Update},{New},"oldObject":{"spec":{"template" : {"spec":{"a":["}"]}} }}""", true)]
    [TestCase("""{Kind},{Update},{New},"oldObject":{"spec":{"template":{"spec":{"a":["}" ]}}}}""", false)]
    [TestCase("""{Kind},{Update},{New},"oldObject":{"spec":{"template":{"spec":{"a":["}"]}},"\u0061":1}}""", false)]
    [TestCase("""{Kind},{Update},{New},"oldObject":{"spec":{"other":{"template":{"spec":{"a":["}"]}}}}}""", false)]
    [TestCase("""{Kind},{Update},"object":{"spec":{"template":"web"}},"oldObject":{"spec":{"template":"web"}}""", false)]
    [TestCase("""{Kind},{Update},"object":null,{Old}""", false)]
    [TestCase("""{Kind},{Update},"object":{"status":{"replicas":1}},"oldObject":{"status":{"replicas":1}}""", true)]
    [TestCase("""{Kind},{Update},"object":{"status":{"replicas":1}},"oldObject":{"status":{"replicas":2}}""", false)]
    [TestCase("""{DaemonSet},{Update},"object":{"status":{"replicas":1}},"oldObject":{"status":{"replicas":1}}""", false)]
    [TestCase("""{DaemonSet},{Update},{New},{Old}""", true)]
    [TestCase($"{Kind},{Update},{Old},{New}", false)]
    [TestCase($"{New},{Old},{Kind},{Update}", false)]
    [TestCase($"{Kind},{New},{Old}", false)]
    [TestCase($"{Update},{New},{Old}", false)]
    [TestCase("""{Kind},"operation":"DELETE",{New},{Old}""", false)]
    [TestCase("""{Update},"kind":{"group":"","version":"v1","kind":"Pod"},{New},{Old}""", false)]
    [TestCase("""{Update},"kind":{"group":"apps","version":"v1beta1","kind":"Deployment"},{New},{Old}""", false)]
    [TestCase("""{Update},"kind":{"group":"example.com","version":"v1","kind":"Deployment"},{New},{Old}""", false)]
    public void WhatAnOldObjectSharesWithTheNewOneIsLeftOut(string members, bool isLeftOut)
    {
        var review = $$$"""{"kind":"AdmissionReview","request":{"uid":"u-1",{{{Filled(members)}}}}}""";

        Assert.That(Compared.Of(Encoding.UTF8.GetBytes(review)), Is.EqualTo(isLeftOut ? Outcome.Lean : Outcome.Whole));
    }

    [TestCase("""{Kind},{Update},{New},"oldObject":{"spec":{"template":{"spec":{"a":["}"]}},"template":{"spec":{"a":["}"]}}}}""")]
    [TestCase("""{Kind},{Update},{New},"oldObject":{"spec":{"template":1,"template":{"spec":{"a":["}"]}}}}""")]
    [TestCase("""{Kind},{Update},{New},"oldObject":{"spec":{"template":{"spec":{"a":["}"]}},"templat\u0065":1}}""")]
    [TestCase("""{Kind},{Update},{New},{New},{Old}""")]
    [TestCase("""{Kind},{Update},{New},{Old},{Old}""")]
    [TestCase("""{Kind},{Update},{Kind},{New},{Old}""")]
    [TestCase("""{Kind},{Update},"object":{"spec":{"template":{"a":1,"a":1}}},"oldObject":{"spec":{"template":{"a":1,"a":1}}}""")]
    [TestCase("""{Kind},{Update},"object":{"spec":{"template":{"a":}}},"oldObject":{"spec":{"template":{"a":}}}""")]
    [TestCase("""{Kind},{Update},"object":{"spec":{"template":{"a":[}]}},"oldObject":{"spec":{"template":{"a":[}]}}""")]
    [TestCase("""{Kind},{Update},"object":{"spec":{"template":{"\ud800":1}}},"oldObject":{"spec":{"template":{"\ud800":1}}}""")]
    [TestCase("""{Kind},{Update},{New},"oldObject":{"spec":{"a":1 "template":{"spec":{"a":["}"]}}}}""")]
    [TestCase("""{Kind},{Update},{New},"oldObject":{"spec":{"template":{"spec":{"a":["}"]}},}}""")]
    public void AWrongReviewIsRefusedAlsoIfATemplateIsRepeated(string members) =>
        Assert.That(
            Compared.Of(Encoding.UTF8.GetBytes($$$"""{"kind":"AdmissionReview","request":{"uid":"u-1",{{{Filled(members)}}}}}""")),
            Is.EqualTo(Outcome.Refused)
        );

    [Test]
    public void AMutatedReviewIsReadTheSameOrRefusedWithTheSameWords()
    {
        var steps = int.TryParse(Environment.GetEnvironmentVariable("READER_STEPS"), CultureInfo.InvariantCulture, out var many)
            ? many
            : 12_000;
        var reviews = Recorded().Select(Bytes).ToList();
        var mutation = new Mutation(new Random(16));
        var outcomes = new Dictionary<Outcome, int>();

        for (var i = 0; i < steps; i++)
        {
            var outcome = Compared.Of(mutation.Of(reviews[i % reviews.Count]));
            outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
        }

        TestContext.Out.WriteLine(string.Join(", ", outcomes.Select(o => $"{o.Key} {o.Value}")));
        Assert.That(outcomes.Keys, Is.EquivalentTo(Enum.GetValues<Outcome>()), "every outcome occurs");
    }

    private static string Filled(string members) =>
        members
            .Replace("{Kind}", Kind)
            .Replace("{DaemonSet}", Kind.Replace("Deployment", "DaemonSet"))
            .Replace("{Update}", Update)
            .Replace("{New}", New)
            .Replace("{Old}", Old);

    private static byte[] Bytes(string name) => File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "reviews", $"{name}.json"));

    public enum Outcome
    {
        Refused,
        Whole,
        Lean,
        DuplicateInList,
    }

    /// <summary>Both ways to read a body.</summary>
    private static class Compared
    {
        /// <summary>What both do.</summary>
        /// <exception cref="AssertionException">They differ.</exception>
        public static Outcome Of(byte[] bytes)
        {
            var (expected, problem) = Try(() => Whole(bytes));
            var (body, actualProblem) = Try(() => Read(bytes));
            using (expected)
            using (body)
            {
                if (body is null || expected is null)
                {
                    return body is not null && IsDuplicate(problem) ? DuplicateInList(bytes, body) : Same(problem, actualProblem, bytes);
                }

                return Compare(expected.RootElement, body, bytes);
            }
        }

        private static JsonDocument Whole(byte[] bytes)
        {
            ReviewParser.CheckText(bytes);
            return ReviewParser.ParseWhole(bytes);
        }

        public static ReviewBody Read(byte[] bytes)
        {
            var buffer = ArrayPool<byte>.Shared.Rent(bytes.Length + 1);
            bytes.CopyTo(buffer, 0);
            return ReviewBody.Read(buffer, bytes.Length, isLarge: false);
        }

        private static (T? Read, string Problem) Try<T>(Func<T> read)
            where T : class
        {
            try
            {
                return (read(), "");
            }
            catch (ReviewException wrong)
            {
                return (null, $"{wrong.StatusCode}: {wrong.Message}");
            }
            catch (MalformedReviewException wrong)
            {
                return (null, $"{wrong.Code} for {wrong.Uid}: {wrong.Message}");
            }
        }

        private static Outcome Same(string expected, string actual, byte[] bytes)
        {
            Assert.That(actual, Is.EqualTo(expected), () => Encoding.UTF8.GetString(bytes));
            return Outcome.Refused;
        }

        private static bool IsDuplicate(string problem) => problem.Contains("Duplicate property", StringComparison.Ordinal);

        private static Outcome DuplicateInList(byte[] bytes, ReviewBody body)
        {
            using var lenient = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = 200 });
            Assert.That(Compare(lenient.RootElement, body, bytes), Is.EqualTo(Outcome.Lean));
            return Outcome.DuplicateInList;
        }

        private static Outcome Compare(JsonElement expected, ReviewBody body, byte[] bytes)
        {
            if (expected.GetRawText() == body.Root.GetRawText())
            {
                return Outcome.Whole;
            }

            Assert.That(IsSame(expected, body.Root, "", expected.GetProperty("request")), Is.True, () => Encoding.UTF8.GetString(bytes));
            return Outcome.Lean;
        }

        /// <summary>The same members in the same order, written alike, but for what is left out.</summary>
        private static bool IsSame(JsonElement expected, JsonElement actual, string path, JsonElement request)
        {
            var leftOut = path switch
            {
                "/request/object/metadata" or "/request/oldObject/metadata" => "managedFields",
                "/request/object/metadata/annotations" or "/request/oldObject/metadata/annotations" => WorkloadReader.LastApplied,
                "/request/oldObject/spec" => "template",
                "/request/oldObject" => "status",
                "" or "/request" or "/request/object" => "",
                _ => null,
            };
            if (leftOut is null || expected.ValueKind is not JsonValueKind.Object || actual.ValueKind is not JsonValueKind.Object)
            {
                return expected.GetRawText() == actual.GetRawText();
            }

            var members = expected.EnumerateObject().Where(m => m.Name != leftOut || IsKept(m, actual, request)).ToList();
            return members
                    .Zip(actual.EnumerateObject())
                    .All(m => m.First.Name == m.Second.Name && IsSame(m.First.Value, m.Second.Value, $"{path}/{m.First.Name}", request))
                && members.Count == actual.EnumerateObject().Count();
        }

        private static JsonElement New(JsonElement request) => request.GetProperty("object");

        /// <summary>A list is never kept. Anything else may be, and must be if it is read and the new object has another.</summary>
        private static bool IsKept(JsonProperty member, JsonElement actual, JsonElement request) =>
            member.Name switch
            {
                "managedFields" => member.Value.ValueKind is not JsonValueKind.Array,
                _ when actual.TryGetProperty(member.Name, out _) => true,
                "template" => member.Value.GetRawText()
                    != request.GetProperty("object").GetProperty("spec").GetProperty("template").GetRawText(),
                "status" => member.Value.GetRawText() != New(request).GetProperty("status").GetRawText(),
                _ => member.Value.ValueKind is not JsonValueKind.String,
            };
    }
}
