using System.Text.Json;

namespace DeployGuard.Cluster.Files;

/// <summary>The <c>expected.yaml</c> of an example.</summary>
/// <param name="Message">The whole message of a refusal; null where it is allowed.</param>
public sealed record ExpectedAnswer(bool Allowed, string? Message, IReadOnlyList<string> Warnings)
{
    /// <exception cref="ManifestException">The file is missing or says nothing.</exception>
    public static ExpectedAnswer Read(string folder)
    {
        var file = Path.Combine(folder, "expected.yaml");
        var content = ManifestReader.Read(file, TextReader.Null) is [{ Content: { ValueKind: JsonValueKind.Object } only }]
            ? only
            : throw new ManifestException($"{file}: expected one object with a verdict");
        return new ExpectedAnswer(
            content.GetProperty("verdict").GetString() switch
            {
                "Allowed" => true,
                "Refused" => false,
                var other => throw new ManifestException($"{file}: verdict {other} is neither Allowed nor Refused"),
            },
            content.TryGetProperty("message", out var message) ? message.GetString() : null,
            content.TryGetProperty("warnings", out var warnings) ? [.. warnings.EnumerateArray().Select(w => w.GetString() ?? "")] : []);
    }
}
