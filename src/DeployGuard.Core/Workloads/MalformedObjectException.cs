namespace DeployGuard.Core.Workloads;

/// <summary>An object that cannot be what it says it is. The message names the JSON path and what was expected there.</summary>
public sealed class MalformedObjectException(string path, string problem) : Exception($"{path}: {problem}")
{
    public string Path { get; } = path;
}
