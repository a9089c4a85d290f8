using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Admission;

/// <summary>
/// A controller that is trusted only for objects that one kind owns: it may act on other kinds, which DeployGuard does not evaluate.
/// </summary>
/// <param name="User">Its authenticated user name.</param>
/// <param name="Kind">The kind that it creates.</param>
/// <param name="Owner">The kind that must own the object as its controller, and that is evaluated itself.</param>
public sealed record TrustedByOwner(string User, string Kind, CustomKind Owner)
{
    public bool Covers(string user, string kind, IReadOnlyList<OwnerReference> owners) => user == User && kind == Kind && owners.Any(IsIt);

    private bool IsIt(OwnerReference owner) =>
        owner.IsController && owner.Kind == Owner.Kind && owner.ApiVersion.StartsWith($"{Owner.ApiGroup}/", StringComparison.Ordinal);
}
