namespace DeployGuard.Core.Workloads;

/// <summary>An object that does not have the form of its kind. The message names the JSON path and the expected form.</summary>
public sealed class MalformedObjectException(string path, string problem) : Exception(path.Length == 0 ? problem : $"{path}: {problem}")
{
    /// <summary>The same problem, with the path prefixed by its place in an outer object.</summary>
    public MalformedObjectException Within(string place) => new(path.Length == 0 ? place : $"{place}.{path}", problem);
}
