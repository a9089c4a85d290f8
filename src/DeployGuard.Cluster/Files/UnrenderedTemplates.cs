namespace DeployGuard.Cluster.Files;

/// <summary>
/// Words what is wrong with a file of a chart that was not rendered: with one sentence, instead of one for each document that is no YAML yet.
/// </summary>
internal sealed class UnrenderedTemplates(string source)
{
    private bool _isSaid;

    /// <returns>Null where it is said already.</returns>
    public ManifestException? Word(YamlPart part, ManifestException wrong)
    {
        if (!part.Text.Contains("{{", StringComparison.Ordinal))
        {
            return wrong;
        }

        if (_isSaid)
        {
            return null;
        }

        _isSaid = true;
        return new ManifestException($"{wrong.Message} ({{{{ in it looks like a template: render it first, as in {Command}, and check what comes out)", wrong);
    }

    private string Command => $"helm template {ChartOf(Path.GetDirectoryName(source)) ?? "CHART"} | deployguard check -f -";

    private static string? ChartOf(string? folder)
    {
        while (!string.IsNullOrEmpty(folder) && !File.Exists(Path.Combine(folder, "Chart.yaml")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return string.IsNullOrEmpty(folder) ? null : folder;
    }
}
