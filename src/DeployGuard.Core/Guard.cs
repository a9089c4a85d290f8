using DeployGuard.Core.Changes;

namespace DeployGuard.Core;

/// <summary>Decides. Pure: the same request, view and time give the same verdict.</summary>
public sealed class Guard
{
    /// <summary>Which facts <see cref="Decide"/> needs to be live, given what the caches say. None for everything that is not gated.</summary>
    public Facts Needs(Request request, ClusterView cached, DateTimeOffset now) => throw new NotImplementedException();

    /// <summary>Judges the request under every matching policy with every safeguard.</summary>
    public Verdict Decide(Request request, ClusterView view, DateTimeOffset now) => throw new NotImplementedException();
}
