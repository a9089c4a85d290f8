namespace DeployGuard.Core.Workloads;

/// <summary>A custom resource with a pod template, which the operator of DeployGuard has told it of.</summary>
/// <param name="ApiGroup">Such as <c>argoproj.io</c>; never empty.</param>
/// <param name="Resource">Plural, lower-case: <c>rollouts</c>.</param>
/// <param name="Kind">As objects spell it: <c>Rollout</c>.</param>
/// <param name="TemplatePath">Where its pod template stands: <c>spec.template</c>.</param>
public sealed record CustomKind(string ApiGroup, string Resource, string Kind, string TemplatePath)
{
    /// <summary>What a flag is told that is not of the form.</summary>
    public const string Expected = "expected RESOURCE.GROUP/KIND=PATH such as rollouts.argoproj.io/Rollout=spec.template";

    /// <summary>Nothing is known of its pods but where their template is, unless a built-in kind has its name.</summary>
    public WorkloadKind Describe() => BuiltInKinds.Of(ApiGroup, Kind) with
    {
        Name = Kind,
        ApiGroup = ApiGroup,
        Resource = Resource,
        TemplatePath = TemplatePath,
        IsCustom = true,
    };

    /// <summary>Reads <c>rollouts.argoproj.io/Rollout=spec.template</c>; null for what is not of this form.</summary>
    public static CustomKind? ParseOrNull(string text) =>
        text.Split('=') is [var what, { Length: > 0 } path] && what.Split('/') is [var name, { Length: > 0 } kind] && name.Split('.', 2) is [{ Length: > 0 } resource, { Length: > 0 } group]
            ? new CustomKind(group, resource, kind, path)
            : null;
}
