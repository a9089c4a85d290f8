namespace DeployGuard.Manifests;

/// <summary>Summarizes the errors of an unrendered chart template in two sentences, instead of one for each invalid document.</summary>
internal sealed class UnrenderedTemplates(string source)
{
    private readonly List<ManifestException> _summarized = [];
    private bool _isExplained;

    /// <summary>
    /// The summary at the end of the file; null if there is nothing to add. A file with <c>{{</c> in it is not always a template.
    /// </summary>
    public ManifestException? Summary =>
        _summarized switch
        {
            [] => null,
            [var only] => only,
            [var first, ..] => new ManifestException(
                $"{source}: {_summarized.Count} more documents with {{{{ in them cannot be used, of which the first is {first.Message}",
                first
            ),
        };

    /// <returns>Null if the error becomes part of the summary.</returns>
    public ManifestException? ExplainOrNull(YamlPart part, ManifestException wrong)
    {
        if (!part.Text.Contains("{{", StringComparison.Ordinal) || !IsText(part.Text))
        {
            return wrong;
        }

        if (_isExplained)
        {
            _summarized.Add(wrong);
            return null;
        }

        _isExplained = true;
        return new ManifestException(
            $"{wrong.Message} ({{{{ in it looks like a template: render it first, as in {Command}, and check the output)",
            wrong
        );
    }

    private string Command => $"helm template {ChartOf(Path.GetDirectoryName(source)) ?? "CHART"} | deployguard check -f -";

    /// <summary>Binary data may contain two braces. Invalid UTF-8 was read as replacement characters.</summary>
    private static bool IsText(string text) => !text.Any(c => (char.IsControl(c) && c is not ('\t' or '\n' or '\r')) || c == '\uFFFD');

    private static string? ChartOf(string? folder)
    {
        while (!string.IsNullOrEmpty(folder) && !File.Exists(Path.Combine(folder, "Chart.yaml")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return string.IsNullOrEmpty(folder) ? null : folder;
    }
}
