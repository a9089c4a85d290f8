using System.Net;
using System.Text.Json.Nodes;
using DeployGuard.Core.Policies;

namespace DeployGuard.Webhook.Tests;

/// <summary>Every input gets a clear error, and the process keeps running.</summary>
public class BadInputTests
{
    private RunningWebhook _webhook = null!;

    [OneTimeSetUp]
    public async Task StartAsync() =>
        _webhook = await RunningWebhook.StartAsync(new SafeguardPolicy { Name = "p", Images = new ImageRules(Pin.Digest) });

    [OneTimeTearDown]
    public async Task StopAsync() => await _webhook.DisposeAsync();

    [TearDown]
    public async Task ProcessStillAnswers()
    {
        using var alive = await _webhook.GetAsync("/livez");
        Assert.That(alive.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        Assert.That((await _webhook.SendAsync("/admit/workloads", Reviews.Update())).GetProperty("allowed").GetBoolean(), Is.True);
    }

    public static IEnumerable<TestCaseData> NoReviews()
    {
        yield return Case("an empty body", "", "the body is empty");
        yield return Case("no JSON", "hello", "the body is not valid JSON: 'h' is an invalid start of a value");
        yield return Case("half a JSON", """{"kind": "AdmissionReview", """, "the body is not valid JSON");
        yield return Case(
            "a v1beta1 review",
            Reviews.Update().Replace("admission.k8s.io/v1", "admission.k8s.io/v1beta1"),
            "found AdmissionReview of admission.k8s.io/v1beta1"
        );
        yield return Case(
            "another kind",
            """{"apiVersion": "v1", "kind": "Pod"}""",
            "expected kind AdmissionReview of admission.k8s.io/v1, found Pod of v1"
        );
        yield return Case("a list", "[]", "expected kind AdmissionReview");
        yield return Case("no uid", Reviews.Update().Replace("\"uid\":\"u-1\",", ""), "request.uid is missing");
        yield return Case("a depth of 10,000", new string('[', 10_000) + new string(']', 10_000), "depth");
    }

    [TestCaseSource(nameof(NoReviews))]
    public async Task ABodyThatIsNoReviewGetsA400WithTheReason(string body, string reason)
    {
        using var response = await _webhook.PostAsync("/admit/workloads", body);

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That(await response.Content.ReadAsStringAsync(), Does.StartWith("deployguard: ").And.Contains(reason));
    }

    [Test]
    public async Task ABodyOf21MegabytesThatIsNoReviewIsA413()
    {
        using var response = await _webhook.PostAsync("/admit/workloads", new string(' ', 21 * 1024 * 1024));

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.RequestEntityTooLarge));
        Assert.That(await response.Content.ReadAsStringAsync(), Does.Contain("larger than 20 MiB"));
    }

    public static IEnumerable<TestCaseData> Unreadable()
    {
        yield return Case(
            "a name that is there twice",
            Reviews.Update().Replace("\"name\":\"web\"", "\"name\":\"web\",\"name\":\"other\""),
            400,
            "Duplicate property 'name'"
        );
        yield return Case(
            "an object of 201 levels",
            Reviews.Update().Replace("\"replicas\":3", $"\"replicas\":3,\"deep\":{new string('[', 201)}{new string(']', 201)}"),
            400,
            "depth"
        );
        yield return Case("a review of 21 MiB", Create(Long(' ', 21)), 413, "larger than 20 MiB");
        yield return Case("a review of 9 MiB without escapes", Create(Long('a', 9)), 413, "8 MiB without escapes");
    }

    [TestCaseSource(nameof(Unreadable))]
    public async Task AReviewThatCannotBeReadIsAnsweredAndRefusedBecauseAFailedCallMayPass(string body, int code, string message)
    {
        var response = await _webhook.SendAsync("/admit/workloads", body);

        Assert.That(response.GetProperty("uid").GetString(), Is.EqualTo("u-1"));
        Assert.That(response.GetProperty("allowed").GetBoolean(), Is.False);
        Assert.That(response.GetProperty("status").GetProperty("code").GetInt32(), Is.EqualTo(code));
        Assert.That(response.GetProperty("status").GetProperty("message").GetString(), Does.Contain(message));
    }

    [Test]
    public async Task AnObjectThatIsLargeOnlyByItsEscapesIsEvaluated()
    {
        // As API servers written in Go send a smaller-than sign.
        var large = Create(Long('<', 2)).Replace("\\u003C", "\\u003c");

        var response = await _webhook.SendAsync("/admit/workloads", large);

        Assert.That(large, Has.Length.GreaterThan(10 * 1024 * 1024));
        Assert.That(response.GetProperty("allowed").GetBoolean(), Is.True, "the images are named by digest");
    }

    public static IEnumerable<TestCaseData> MalformedObjects()
    {
        var noSpec = Reviews.Deployment(Reviews.Image);
        noSpec.Remove("spec");
        yield return Case("no spec", Create(noSpec), "Deployment shop/web: object.spec: is missing");
        var text = Reviews.Deployment(Reviews.Image);
        text["spec"]!["template"]!["spec"]!["containers"] = "web";
        yield return Case(
            "containers that are a string",
            Create(text),
            "Deployment shop/web: object.spec.template.spec.containers: expected a list, found a string"
        );
        yield return Case("no object", Create(null), "object: expected an object, found none");
        yield return Case(
            "no old object",
            Reviews.Of("UPDATE", "apps", "Deployment", "deployments", "dana", Reviews.Deployment(Reviews.Image)),
            "oldObject: expected an object, found none"
        );
        yield return Case(
            "another operation",
            Create(Reviews.Deployment(Reviews.Image)).Replace("CREATE", "CONNECT"),
            "request.operation: expected CREATE, UPDATE or DELETE, found CONNECT"
        );
    }

    [TestCaseSource(nameof(MalformedObjects))]
    public async Task AMalformedObjectIsRefusedWith400AndItsPath(string body, string message)
    {
        var response = await _webhook.SendAsync("/admit/workloads", body);

        Assert.That(response.GetProperty("allowed").GetBoolean(), Is.False);
        Assert.That(response.GetProperty("status").GetProperty("code").GetInt32(), Is.EqualTo(400));
        Assert.That(response.GetProperty("status").GetProperty("message").GetString(), Does.EndWith(message));
    }

    [TestCase("/nowhere", HttpStatusCode.NotFound)]
    [TestCase("/metrics", HttpStatusCode.NotFound)]
    [TestCase("/admit/workloads", HttpStatusCode.MethodNotAllowed)]
    public async Task OtherPathsAreNotServedOnTheTlsPort(string path, HttpStatusCode status)
    {
        using var response = await _webhook.GetAsync(path);
        Assert.That(response.StatusCode, Is.EqualTo(status));
    }

    [Test]
    public async Task ReviewsAreNotServedOnTheMetricsPort()
    {
        using var client = new HttpClient();
        using var response = await client.PostAsync(new Uri(_webhook.Metrics, "/admit/workloads"), new StringContent(Reviews.Update()));

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.NotFound));
    }

    private static TestCaseData Case(string name, params object[] arguments) => new TestCaseData(arguments).SetName(name);

    private static JsonObject Long(char of, int mebibytes)
    {
        var deployment = Reviews.Deployment(Reviews.Image);
        deployment["metadata"]!["annotations"] = new JsonObject { ["long"] = new string(of, mebibytes * 1024 * 1024) };
        return deployment;
    }

    private static string Create(JsonNode? obj) => Reviews.Of("CREATE", "apps", "Deployment", "deployments", "dana", obj);
}
