using DeployGuard.Core.Workloads;
using DeployGuard.Manifests;

namespace DeployGuard.Cli;

/// <summary>
/// An argument that names a workload, in a form that kubectl accepts: <c>deployment/web</c>, <c>deploy/web</c>,
/// <c>deployments.apps/web</c>,
/// <c>Rollout.argoproj.io/web</c>; or the name alone.
/// </summary>
/// <param name="Kind">Kind, plural or short name, as typed; empty if there is only a name.</param>
/// <param name="ApiGroup">Null if it names none.</param>
internal sealed record WorkloadArgument(string Kind, string? ApiGroup, string Name)
{
    private const string Expected = "expected KIND/NAME such as deployment/web, or only the name";

    /// <exception cref="ManifestException">It has another form.</exception>
    public static WorkloadArgument Parse(string text) =>
        text.Split('/') switch
        {
            [var name] when IsName(name) => new WorkloadArgument("", null, name),
            [{ Length: > 0 } kind, var name] when IsName(name) => OfKind(text, kind.Split('.'), name),
            _ => throw new ManifestException($"\"{text}\" names no workload: {Expected}"),
        };

    /// <summary>Kind, as the user typed it, with its group.</summary>
    public string TypedKind => string.IsNullOrEmpty(ApiGroup) ? Kind : $"{Kind}.{ApiGroup}";

    /// <summary>The built-in kind, or Service; null if it is neither.</summary>
    public GuardedKind? BuiltIn => GuardedKind.BuiltIn.FirstOrDefault(k => k.IsNamed(Kind) && (ApiGroup is null || ApiGroup == k.ApiGroup));

    private static WorkloadArgument OfKind(string text, string[] parts, string name)
    {
        if (parts.Any(p => p.Length == 0 || !p.All(c => char.IsAsciiLetterOrDigit(c) || c == '-')))
        {
            throw new ManifestException($"\"{text}\" names no workload: {Expected}");
        }

        // kubectl also accepts the version: deployments.v1.apps.
        var group = parts is [_, var version, _, ..] && IsVersion(version) ? parts[2..] : parts[1..];
        return new WorkloadArgument(parts[0], group.Length == 0 ? null : string.Join('.', group), name);
    }

    private static bool IsVersion(string part) =>
        part.Length > 1 && part[0] == 'v' && char.IsAsciiDigit(part[1]) && part.All(char.IsAsciiLetterOrDigit);

    /// <summary>A name that the API server would accept, so that no path is built from anything else.</summary>
    private static bool IsName(string name) =>
        name.Length is > 0 and <= 253
        && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.')
        && char.IsAsciiLetterOrDigit(name[0])
        && char.IsAsciiLetterOrDigit(name[^1]);
}
