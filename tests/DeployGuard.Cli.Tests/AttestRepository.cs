using System.Text.Json;

namespace DeployGuard.Cli.Tests;

/// <summary>A git repository whose changes are attested, beginning at a first commit.</summary>
internal sealed class AttestRepository : IDisposable
{
    public AttestRepository() => Base = Git.Commit("start");

    public GitRepository Git { get; } = new();

    public string Base { get; }

    /// <summary>The predicate about all that came after the first commit, which must be written.</summary>
    public async Task<JsonElement> PredicateAsync(params string[] more)
    {
        var run = await RunAsync(["--format", "predicate", .. more]);
        Assert.That(run.ExitCode, Is.Zero, run.Error);
        using var predicate = JsonDocument.Parse(run.Output);
        return predicate.RootElement.Clone();
    }

    public Task<CommandRun> RunAsync(params string[] more) => RunInAsync(Git.Folder, ["--from", Base, .. more]);

    public static Task<CommandRun> RunInAsync(string folder, params string[] more) =>
        CommandRun.OfAsync([
            "attest",
            "--folder",
            folder,
            "--repository",
            "https://github.com/acme/checkout",
            "--ref",
            "refs/heads/main",
            .. more,
        ]);

    /// <summary>Kind, tool and value of each sign.</summary>
    public static IEnumerable<(string Kind, string Tool, string Value)> Signs(JsonElement predicate) =>
        predicate
            .GetProperty("ai")
            .GetProperty("evidence")
            .EnumerateArray()
            .Select(e => (Text(e, "kind"), Text(e, "tool"), Text(e, "value")));

    public static string Status(JsonElement predicate) => Text(predicate.GetProperty("ai"), "status");

    public static IEnumerable<string> Authors(JsonElement predicate) =>
        predicate.GetProperty("authors").EnumerateArray().Select(a => a.GetString() ?? "");

    public static string Text(JsonElement owner, string name) => owner.GetProperty(name).GetString() ?? "";

    public void Dispose() => Git.Dispose();
}
