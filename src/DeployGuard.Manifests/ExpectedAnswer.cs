using DeployGuard.Core.Workloads;

namespace DeployGuard.Manifests;

/// <summary>The <c>expected.yaml</c> of an example.</summary>
/// <param name="Message">The whole message of a refusal; null if it is allowed.</param>
public sealed record ExpectedAnswer(bool Allowed, string? Message, IReadOnlyList<string> Warnings)
{
    /// <exception cref="ManifestException">The file is missing or has no verdict.</exception>
    public static ExpectedAnswer Read(string folder)
    {
        var file = Path.Combine(folder, "expected.yaml");
        var only = ManifestReader.Read(file) is [var single]
            ? single
            : throw new ManifestException($"{file}: expected one object with a verdict");
        try
        {
            return Read(Field.Root(only.Content).AsObject());
        }
        catch (MalformedObjectException wrong)
        {
            throw new ManifestException($"{only.Source}: {wrong.Message}", wrong);
        }
    }

    private static ExpectedAnswer Read(Field answer) =>
        new(
            answer.Text("verdict") switch
            {
                "Allowed" => true,
                "Refused" => false,
                var other => throw new MalformedObjectException("verdict", $"{other} is neither Allowed nor Refused"),
            },
            answer.Text("message"),
            answer.Texts("warnings")
        );
}
