using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Ports;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cli.Verify;

/// <summary>What an image is judged by: policies that trust keys, the Secrets of these keys, and what runs now.</summary>
internal abstract class PolicySource
{
    public abstract IReadOnlyList<SafeguardPolicy> Policies { get; }

    /// <summary>The workload that all of them match, so that each is of interest; null if they are of no certain one.</summary>
    public virtual WorkloadRef? Workload => null;

    /// <summary>Null where no Secrets are read.</summary>
    public virtual IOwnSecrets? Secrets => null;

    /// <summary>
    /// Why the webhook would not compare the template with what runs, so that what is proven of the image is not enough; empty if it
    /// would, or if nothing is known of what runs.
    /// </summary>
    public virtual string GapBeside(ImageProvenance provenance) => "";

    /// <summary>What runs where the image would run; none if nothing does.</summary>
    public abstract Task<IReadOnlyList<RunningImage>> RunningAsync(
        string image,
        SafeguardPolicy policy,
        KeySet keys,
        CancellationToken cancel
    );
}

/// <summary>Policies of files, or any for which the user named the commit of what runs.</summary>
/// <param name="baseCommit">Null: nothing runs.</param>
internal sealed class GivenPolicies(IReadOnlyList<SafeguardPolicy> policies, string? baseCommit, IOwnSecrets? secrets = null) : PolicySource
{
    public override IReadOnlyList<SafeguardPolicy> Policies => policies;

    public override IOwnSecrets? Secrets => secrets;

    public override Task<IReadOnlyList<RunningImage>> RunningAsync(
        string image,
        SafeguardPolicy policy,
        KeySet keys,
        CancellationToken cancel
    ) => Task.FromResult<IReadOnlyList<RunningImage>>(baseCommit is null ? [] : [new RunningImage("the former image", baseCommit)]);
}
