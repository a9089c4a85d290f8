namespace DeployGuard.Manifests;

/// <summary>
/// Words what is wrong with a file of a chart that was not rendered: with two sentences, instead of one for each document that is no YAML
/// yet.
/// </summary>
internal sealed class UnrenderedTemplates(string source)
{
    private readonly List<ManifestException> _rest = [];
    private bool _isSaid;

    /// <summary>What is left to say at the end of the file; null for nothing. Not every file with <c>{{</c> in it is a template.</summary>
    public ManifestException? Rest => _rest switch
    {
        [] => null,
        [var only] => only,
        [var first, ..] => new ManifestException($"{source}: {_rest.Count} more documents with {{{{ in them cannot be used, of which the first is {first.Message}", first),
    };

    /// <returns>Null where it is left for <see cref="Rest"/>.</returns>
    public ManifestException? Word(YamlPart part, ManifestException wrong)
    {
        if (!part.Text.Contains("{{", StringComparison.Ordinal) || !IsText(part.Text))
        {
            return wrong;
        }

        if (_isSaid)
        {
            _rest.Add(wrong);
            return null;
        }

        _isSaid = true;
        return new ManifestException($"{wrong.Message} ({{{{ in it looks like a template: render it first, as in {Command}, and check what comes out)", wrong);
    }

    private string Command => $"helm template {ChartOf(Path.GetDirectoryName(source)) ?? "CHART"} | deployguard check -f -";

    /// <summary>Any bytes may hold two braces. What is no UTF-8 was read as replacement characters.</summary>
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
