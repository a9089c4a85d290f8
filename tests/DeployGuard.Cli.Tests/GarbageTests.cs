using System.CommandLine;
using System.Globalization;
using DeployGuard.Cli.Commands;
using DeployGuard.Kubernetes.Tests;
using Microsoft.AspNetCore.Http;

namespace DeployGuard.Cli.Tests;

/// <summary>Whatever a command is given, it answers with words for users and an exit code, and never with a stack trace.</summary>
[Parallelizable(ParallelScope.Children)]
public class GarbageTests
{
    private static readonly string[] s_leaks = ["   at ", "Exception", "inner exception", "DeployGuard.", "System.", "k8s."];

    private static readonly string s_folder = Directory.CreateTempSubdirectory("deployguard-test-").FullName;

    [OneTimeSetUp]
    public void WriteFiles()
    {
        File.WriteAllBytes(In("binary"), [0, 1, 2, 0xff, 0xfe, 0xc3, 0x28, .. Enumerable.Repeat((byte)0x80, 64)]);
        File.WriteAllText(In("empty"), "");
        File.WriteAllText(In("text"), "hello");
        File.WriteAllText(In("null"), "null");
        File.WriteAllText(In("list"), "[1, 2]");
        File.WriteAllText(In("unreachable"), ObjectsServer.KubeconfigFor("http://127.0.0.1:1"));
    }

    [OneTimeTearDown]
    public void DeleteFiles() => Directory.Delete(s_folder, recursive: true);

    public static IEnumerable<string> Commands => CommandTree.Create(TimeProvider.System).Subcommands.Select(c => c.Name);

    public static IEnumerable<string> ClusterCommands => Commands.Where(c => Find(c).Options.Any(o => o.Name == "--kubeconfig"));

    /// <summary>Each argument and each option in turn, with every kind of value.</summary>
    [TestCaseSource(nameof(Commands))]
    public async Task NoValueShowsAStackTrace(string name)
    {
        var command = Find(name);
        string[] values =
        [
            "",
            " ",
            "/",
            "a/b/c",
            "deployment/",
            "/web",
            "deployment/web web",
            "Ünï/cödé",
            "日本語",
            "-1",
            "0",
            "99999999999999999999",
            "1e999",
            "../../etc",
            "%2e%2e",
            "a\nb",
            "\u0001",
            "{}",
            "null",
            "-",
            "/nowhere/file",
            "/proc/self/mem",
            s_folder,
            .. Files,
        ];
        foreach (var value in values)
        {
            await RunAsync(command, [.. Arguments(command, value)]);
            foreach (var option in command.Options.Where(o => o.Name is not "--kubeconfig" && o.ValueType != typeof(bool)))
            {
                await RunAsync(command, [.. Arguments(command, "deployment/web"), option.Name, value]);
            }
        }
    }

    [TestCaseSource(nameof(ClusterCommands))]
    public async Task NoKubeconfigShowsAStackTrace(string name)
    {
        const string Cluster = "clusters: [{name: k, cluster: {server: 'https://127.0.0.1:1'";
        const string Context = "}}]\ncurrent-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\nusers: [{name: u, user: {";
        string[] kubeconfigs =
        [
            "apiVersion: v1\nkind: Config",
            "{}",
            "a: [",
            $"{Cluster}}}}}]\ncurrent-context: gone",
            $"{Cluster}, certificate-authority: /nowhere/ca.crt{Context}}}}}]",
            $"{Cluster}, certificate-authority: {In("binary")}{Context}}}}}]",
            $"{Cluster}, certificate-authority-data: aGVsbG8={Context}}}}}]",
            $"{Cluster}{Context}client-certificate: /nowhere/c.crt, client-key: /nowhere/c.key}}}}]",
            $"{Cluster}{Context}client-certificate: {In("text")}, client-key: {In("text")}}}}}]",
            $"{Cluster}{Context}exec: {{apiVersion: client.authentication.k8s.io/v1, command: no-such-plugin, interactiveMode: Never}}}}}}]",
            $"{Cluster}{Context}exec: {{apiVersion: client.authentication.k8s.io/v1, command: {In("binary")}, interactiveMode: Never}}}}}}]",
            $"{Cluster}{Context}token: t}}}}]",
            $"{Cluster.Replace("127.0.0.1:1", "no-such-host.invalid", StringComparison.Ordinal)}{Context}token: t}}}}]",
            $"{Cluster.Replace("127.0.0.1:1", "[::1", StringComparison.Ordinal)}{Context}token: t}}}}]",
        ];
        var command = Find(name);
        var files = Files.Append(s_folder).Append("/proc/self/mem").Append("/nowhere/config").ToList();
        for (var i = 0; i < kubeconfigs.Length; i++)
        {
            files.Add(In($"{name}-{i}"));
            await File.WriteAllTextAsync(files[^1], kubeconfigs[i]);
        }

        foreach (var file in files)
        {
            var run = await RunAsync(command, [.. Arguments(command, "deployment/web"), "--kubeconfig", file]);
            Assert.That(run.ExitCode, Is.EqualTo(2), $"{name} with {await ContentAsync(file)}: {run.Output}{run.Error}");
            Assert.That(run.Error, Does.StartWith("error: ").And.Not.Contains("\n"), await ContentAsync(file));
        }
    }

    [TestCaseSource(nameof(ClusterCommands))]
    public async Task NoAnswerOfAServerShowsAStackTrace(string name)
    {
        var command = Find(name);
        foreach (
            var (status, body) in (IReadOnlyList<(int, string)>)
                [
                    (200, ""),
                    (200, "hello"),
                    (200, "{}"),
                    (200, "[]"),
                    (200, "null"),
                    (200, "{\"items\": 1, \"groups\": \"x\"}"),
                    (200, "{\"items\": [1], \"metadata\": []}"),
                    (200, "<html><body>log in</body></html>"),
                    (401, "{\"message\": \"Unauthorized\"}"),
                    (403, "<html>denied</html>"),
                    (500, "\u0001\u001b[2J"),
                    (503, ""),
                ]
        )
        {
            await using var app = await Loopback.ServeAsync(async context =>
            {
                context.Response.StatusCode = status;
                await context.Response.WriteAsync(body);
            });
            var file = In($"server-{name}-{status}-{body.Length}");
            await File.WriteAllTextAsync(file, ObjectsServer.KubeconfigFor(app.Urls.Single()));
            foreach (var what in (string[])["deployment/web", "web", "Rollout.example.com/web"])
            {
                var run = await RunAsync(command, [.. Arguments(command, what), "--kubeconfig", file]);
                Assert.That(run.ExitCode is 1 or 2 || body.Contains("[1]"), $"{name} {what} with {status} {body}: {run.Output}{run.Error}");
            }
        }
    }

    [Test, NonParallelizable]
    public async Task ATraceIsShownOnRequest()
    {
        Environment.SetEnvironmentVariable(CommandRunner.DebugVariable, "1");
        try
        {
            var run = await CommandRun.OfAsync("changes", "--kubeconfig", In("unreachable"));
            Assert.That(run.Error, Does.StartWith("error: the API server cannot be reached").And.Contain("   at "));
        }
        finally
        {
            Environment.SetEnvironmentVariable(CommandRunner.DebugVariable, null);
        }
    }

    private static IEnumerable<string> Files => ((string[])["binary", "empty", "text", "null", "list"]).Select(In);

    private static string In(string file) => Path.Combine(s_folder, file);

    private static Command Find(string name) => CommandTree.Create(TimeProvider.System).Subcommands.Single(c => c.Name == name);

    /// <summary>The command with its arguments and required options, and a cluster that does not answer.</summary>
    private static IEnumerable<string> Arguments(Command command, string value) =>
        [
            command.Name,
            .. command.Arguments.Select(_ => value),
            .. command.Options.Where(o => o.Required).SelectMany(o => (string[])[o.Name, value]),
        ];

    private static async Task<CommandRun> RunAsync(Command command, List<string> arguments)
    {
        if (command.Options.Any(o => o.Name == "--kubeconfig") && !arguments.Contains("--kubeconfig"))
        {
            arguments.AddRange(["--kubeconfig", In("unreachable")]);
        }

        var run = await CommandRun.OfAsync([.. arguments]);
        var said = run.Output + run.Error;
        // What the user typed is theirs to see.
        var line = string.Create(CultureInfo.InvariantCulture, $"{string.Join(' ', arguments)} -> {run.ExitCode}: {said}");
        Assert.That(run.ExitCode, Is.AnyOf(0, 1, 2), line);
        foreach (var leak in s_leaks)
        {
            Assert.That(said, Does.Not.Contain(leak), line);
        }

        return run;
    }

    private static async Task<string> ContentAsync(string file)
    {
        try
        {
            return await File.ReadAllTextAsync(file);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return file;
        }
    }
}
