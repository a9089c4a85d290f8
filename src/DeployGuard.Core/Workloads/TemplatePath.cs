namespace DeployGuard.Core.Workloads;

/// <summary>Where a kind has its pod template, and what is in it: built once, because every review needs these texts.</summary>
/// <param name="path">Such as <c>spec.template</c>; empty if the object is its own template.</param>
internal sealed class TemplatePath(string path)
{
    public IReadOnlyList<string> Steps { get; } = path.Length == 0 ? [] : path.Split('.');

    /// <summary>Path of the pod spec.</summary>
    public string Spec { get; } = Under(path, "spec");

    /// <summary>Path of the annotations of the pods.</summary>
    public string Annotations { get; } = Under(path, "metadata.annotations");

    private static string Under(string path, string member) => path.Length == 0 ? member : $"{path}.{member}";
}
