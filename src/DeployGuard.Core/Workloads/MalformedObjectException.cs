namespace DeployGuard.Core.Workloads;

/// <summary>An object that cannot be what it says it is. The message names the JSON path and what was expected there.</summary>
public sealed class MalformedObjectException(string path, string problem) : Exception(path.Length == 0 ? problem : $"{path}: {problem}")
{
    /// <summary>The same problem, with the path seen from one level further out.</summary>
    public MalformedObjectException Within(string place) => new(path.Length == 0 ? place : $"{place}.{path}", problem);
}
