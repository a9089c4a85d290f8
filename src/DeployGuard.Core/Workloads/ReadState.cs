using System.Runtime.InteropServices;
using System.Text.Json;

namespace DeployGuard.Core.Workloads;

/// <summary>One state of an object as it was read, with its JSON: the other state is nearly the same.</summary>
/// <param name="Workload">What was read.</param>
/// <param name="From">Its JSON.</param>
/// <param name="HasTemplateOfBoth">The JSON of the other state has no <c>spec.template</c>: it is the one in this JSON.</param>
public sealed record ReadState(Workload Workload, JsonElement From, bool HasTemplateOfBoth)
{
    /// <summary>Group and kind of another object; null if they are not written as in this one.</summary>
    internal (string ApiGroup, string Kind)? TypeOf(JsonElement other) =>
        HasSame(From, other, "kind") && HasSame(From, other, "apiVersion") ? (Workload.Ref.ApiGroup, Workload.Ref.Kind) : null;

    /// <summary>Whether another object has a selector that is written as in this one.</summary>
    internal bool HasSelectorOf(JsonElement other) =>
        From.TryGetProperty("spec", out var spec)
        && other.TryGetProperty("spec", out var otherSpec)
        && spec.ValueKind is JsonValueKind.Object
        && otherSpec.ValueKind is JsonValueKind.Object
        && HasSame(spec, otherSpec, "selector");

    private static bool HasSame(JsonElement one, JsonElement other, string member) =>
        one.TryGetProperty(member, out var value)
        && other.TryGetProperty(member, out var otherValue)
        && JsonMarshal.GetRawUtf8Value(value).SequenceEqual(JsonMarshal.GetRawUtf8Value(otherValue));
}
