using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Admission;

/// <summary>A controller that is trusted for what one kind owns, and not for what it makes of others that nobody judged.</summary>
/// <param name="User">Its authenticated user name.</param>
/// <param name="Kind">What it makes.</param>
/// <param name="Owner">The kind that must own it as its controller, and that is judged itself.</param>
public sealed record TrustedByOwner(string User, string Kind, CustomKind Owner)
{
    public bool Covers(string user, string kind, IReadOnlyList<OwnerReference> owners) => user == User && kind == Kind && owners.Any(IsIt);

    private bool IsIt(OwnerReference owner) =>
        owner.IsController && owner.Kind == Owner.Kind && owner.ApiVersion.StartsWith($"{Owner.ApiGroup}/", StringComparison.Ordinal);
}
