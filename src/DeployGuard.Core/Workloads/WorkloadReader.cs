using System.Text.Json;

namespace DeployGuard.Core.Workloads;

/// <summary>Reads a workload from the JSON of its object. The one file that knows the field names of the built-in kinds.</summary>
public sealed class WorkloadReader(WorkloadKinds kinds, TemplateNoise noise)
{
    /// <summary>Reads an object of any kind in the table.</summary>
    /// <exception cref="MalformedObjectException">A field that is needed is missing or has the wrong type.</exception>
    public Workload Read(JsonElement obj) => throw new NotImplementedException($"{kinds} {noise} {obj}");
}
