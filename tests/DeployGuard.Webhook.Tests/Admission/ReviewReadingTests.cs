using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using DeployGuard.Webhook.Reviews;

namespace DeployGuard.Webhook.Tests;

/// <summary>
/// Leaving <c>managedFields</c> out gives the same review, or the same error, as parsing the whole body. A long run: READER_STEPS=200000.
/// </summary>
public class ReviewReadingTests
{
    private const string Before =
        """{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u-1","object":{"metadata":{"name":"web",""";
    private const string After = "}}}}";

    public static IEnumerable<string> Recorded() =>
        Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "reviews")).Select(f => Path.GetFileNameWithoutExtension(f)).Order();

    [TestCaseSource(nameof(Recorded))]
    public void ARecordedReviewIsReadTheSame(string name)
    {
        var bytes = Bytes(name);

        Assert.That(Compared.Of(bytes), Is.EqualTo(bytes.AsSpan().IndexOf("managedFields"u8) < 0 ? Outcome.Whole : Outcome.WithoutLists));
    }

    [TestCase("""  "managedFields":[{"a":{}}]""", Outcome.WithoutLists)]
    [TestCase("""  "managedFields": [ ] , "labels":{}""", Outcome.WithoutLists)]
    [TestCase(""" "managedFields":[{"f:x":{},"k:{\"type\":\"y\"}":{".":{}}},[true,false,null,"\n"]]""", Outcome.WithoutLists)]
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
    public void ReadsOrRefuses(string members, object outcome) =>
        Assert.That(Compared.Of(Encoding.UTF8.GetBytes(Before + members + After)), Is.EqualTo(outcome));

    [TestCase(100)]
    [TestCase(196)]
    public void ADeepListIsLeftOutToo(int depth) =>
        ReadsOrRefuses($"\"managedFields\":{new string('[', depth)}{new string(']', depth)}", Outcome.WithoutLists);

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

    private static byte[] Bytes(string name) => File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "reviews", $"{name}.json"));

    public enum Outcome
    {
        Refused,
        Whole,
        WithoutLists,
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

                return Compare(expected.RootElement, body.Root, bytes);
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
            Assert.That(Compare(lenient.RootElement, body.Root, bytes), Is.EqualTo(Outcome.WithoutLists));
            return Outcome.DuplicateInList;
        }

        private static Outcome Compare(JsonElement expected, JsonElement actual, byte[] bytes)
        {
            if (expected.GetRawText() == actual.GetRawText())
            {
                return Outcome.Whole;
            }

            Assert.That(IsSame(expected, actual, ""), Is.True, () => Encoding.UTF8.GetString(bytes));
            return Outcome.WithoutLists;
        }

        /// <summary>The same members in the same order, written alike, but for the lists in the metadata of both objects.</summary>
        private static bool IsSame(JsonElement expected, JsonElement actual, string path)
        {
            if (!"/request/object/metadata /request/oldObject/metadata".Contains(path, StringComparison.Ordinal))
            {
                return expected.GetRawText() == actual.GetRawText();
            }

            var isOwner = path.EndsWith("/metadata", StringComparison.Ordinal);
            return expected.ValueKind is JsonValueKind.Object && actual.ValueKind is JsonValueKind.Object
                ? Members(expected, isOwner)
                    .Zip(Members(actual, isOwner: false))
                    .All(m => m.First.Name == m.Second.Name && IsSame(m.First.Value, m.Second.Value, $"{path}/{m.First.Name}"))
                    && Members(expected, isOwner).Count() == Members(actual, isOwner: false).Count()
                : expected.GetRawText() == actual.GetRawText();
        }

        private static IEnumerable<JsonProperty> Members(JsonElement owner, bool isOwner) =>
            owner.EnumerateObject().Where(m => !isOwner || m.Name != "managedFields" || m.Value.ValueKind is not JsonValueKind.Array);
    }
}
