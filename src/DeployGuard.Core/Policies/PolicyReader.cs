using System.Text.Json;

namespace DeployGuard.Core.Policies;

/// <summary>Reads a SafeguardPolicy object strictly. Every error names the path and what is allowed there.</summary>
public static class PolicyReader
{
    /// <summary>
    /// Never throws for a bad policy: what is wrong is in <see cref="SafeguardPolicy.Errors"/>, all of it, in the order of the
    /// fields. Name, mode and match are read as far as they can be, so that a broken policy still knows where it applies.
    /// </summary>
    public static SafeguardPolicy Read(JsonElement policy) => throw new NotImplementedException($"{policy}");
}
