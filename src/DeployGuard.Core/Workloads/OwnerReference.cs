namespace DeployGuard.Core.Workloads;

/// <summary>
/// An owner that an object names. The object's author writes it, so it counts only after the owner was found and verified.
/// </summary>
public sealed record OwnerReference(string ApiVersion, string Kind, string Name, string Uid, bool IsController)
{
    internal OwnerReference With(TextPool texts) =>
        new(texts.Same(ApiVersion), texts.Same(Kind), texts.Same(Name), texts.Same(Uid), IsController);
}
