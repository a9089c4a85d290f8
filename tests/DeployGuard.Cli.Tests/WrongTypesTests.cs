using System.Text.Json.Nodes;

namespace DeployGuard.Cli.Tests;

/// <summary>
/// Puts every JSON type into every place of every document that a command reads. A run never ends in a stack trace, and an error names the
/// file, its line and the path.
/// </summary>
public class WrongTypesTests
{
    // Replaced by half of a surrogate pair, which a JSON writer would refuse.
    private const string Half = "half-a-character";

    private static readonly string[] s_types =
    [
        "null",
        "true",
        "0",
        "-1",
        "1.5",
        "\"\"",
        "\"text\"",
        "[]",
        "[null]",
        "[\"x\"]",
        "{}",
        "{\"x\": 1}",
        $"\"{Half}\"",
        $"{{\"{Half}\": 1}}",
        $"[{{\"{Half}\": \"{Half}\"}}]",
    ];

    private string _folder = "";

    public static IEnumerable<string> Documents => SampleDocuments.All.Keys;

    [SetUp]
    public void MakeFolder()
    {
        _folder = Directory.CreateTempSubdirectory("deployguard-test-").FullName;
        foreach (var (name, document) in SampleDocuments.All)
        {
            File.WriteAllText(At(name), document);
        }

        // With these names the folder is an example, so its request.yaml is read.
        File.Copy(At("policy.json"), At("policy.yaml"));
        File.Copy(At("deployment.json"), At("after.yaml"));
    }

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [TestCaseSource(nameof(Documents))]
    public async Task TheSampleIsUsable(string document)
    {
        var run = await RunAsync(document);
        Assert.That(run.ExitCode is 0 or 1 || IsOfTheServer(run), run.Error);
    }

    [TestCaseSource(nameof(Documents))]
    public async Task AWrongTypeAnywhereGivesAnAnswer(string document)
    {
        var sample = JsonNode.Parse(SampleDocuments.All[document]) ?? throw new InvalidOperationException(document);
        var wrong = new List<string>();
        foreach (var path in PathsOf(sample))
        {
            // Where a file may hold several documents, one run tries all types: each document is evaluated by itself.
            foreach (var types in SampleDocuments.MayBeMany(document) ? [s_types] : s_types.Select(t => (string[])[t]))
            {
                await File.WriteAllLinesAsync(At(document), types.Select(type => With(sample, path, type)));
                if (await ProblemAsync(document, path.Count > 0 && document != SampleDocuments.Canary) is { } problem)
                {
                    wrong.Add($"{string.Join('.', path)} = {string.Join(" or ", types)}: {problem}");
                }
            }
        }

        Assert.That(wrong, Is.Empty);
    }

    /// <summary>Null for a proper answer. An empty document has no line, and an unreachable server is no fault of the file.</summary>
    private async Task<string?> ProblemAsync(string document, bool hasLine)
    {
        try
        {
            var run = await RunAsync(document);
            return run.ExitCode is not (0 or 1 or 2) ? $"exit code {run.ExitCode}"
                : run.ExitCode == 2
                && !run.Error.Contains(
                    $"{At(document)}{(hasLine && SampleDocuments.AreOurs(document) ? ":" : "")}",
                    StringComparison.Ordinal
                )
                && !IsOfTheServer(run)
                    ? $"not named: {run.Error}"
                : null;
        }
        catch (Exception escaped)
        {
            return $"{escaped.GetType().Name}: {escaped.Message} "
                + $"{escaped.StackTrace?.Split('\n').FirstOrDefault(l => l.Contains("DeployGuard", StringComparison.Ordinal))?.Trim()}";
        }
    }

    private static bool IsOfTheServer(CommandRun run) =>
        run.Error.StartsWith("error: the API server cannot be reached", StringComparison.Ordinal);

    private Task<CommandRun> RunAsync(string document) => CommandRun.OfAsync(SampleDocuments.Command(document, At));

    /// <summary>Every member and item, by their names and indices.</summary>
    private static IEnumerable<IReadOnlyList<string>> PathsOf(JsonNode? node) =>
        node switch
        {
            JsonObject map => map.SelectMany(m => PathsOf(m.Value).Select(p => (IReadOnlyList<string>)[m.Key, .. p])).Prepend([]),
            JsonArray list => list.SelectMany((item, i) => PathsOf(item).Select(p => (IReadOnlyList<string>)[$"{i}", .. p])).Prepend([]),
            _ =>
            [
                [],
            ],
        };

    private static string With(JsonNode sample, IReadOnlyList<string> path, string value)
    {
        if (path.Count == 0)
        {
            return Halved(value);
        }

        var copy = sample.DeepClone();
        var owner = path.SkipLast(1)
            .Aggregate(
                copy,
                (node, name) => (node is JsonArray list ? list[int.Parse(name)] : node[name]) ?? throw new InvalidOperationException(name)
            );
        if (owner is JsonArray items)
        {
            items[int.Parse(path[^1])] = JsonNode.Parse(value);
        }
        else
        {
            owner[path[^1]] = JsonNode.Parse(value);
        }

        return Halved(copy.ToJsonString());
    }

    private static string Halved(string json) => json.Replace(Half, "\\ud800", StringComparison.Ordinal);

    private string At(string file) => Path.Combine(_folder, file);
}
