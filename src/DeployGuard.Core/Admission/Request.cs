using DeployGuard.Core.Identities;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Admission;

public enum Operation
{
    Create,
    Update,
    Delete,
}

/// <summary>
/// A request to the API server, as far as DeployGuard evaluates it. The set is closed: every switch over it ends in a
/// throw, so that a new kind of request cannot pass without evaluation.
/// </summary>
public abstract record Request
{
    private protected Request() { }

    public required Operation Operation { get; init; }

    public required Requester Requester { get; init; }

    public bool DryRun { get; init; }

    /// <summary>
    /// The program that writes, as it calls itself: <c>kubectl-client-side-apply</c>, <c>helm</c>. Only messages use it: it is no evidence.
    /// </summary>
    public string FieldManager { get; init; } = "";

    /// <summary>The object that is written, for messages and look-ups.</summary>
    public required WorkloadRef Target { get; init; }
}

/// <summary>
/// A write of an object with a pod template or of its status, a pod's ephemeral containers, or the deletion of a Pod or ReplicaSet.
/// </summary>
public sealed record WorkloadRequest : Request
{
    /// <summary>Empty, <c>status</c>, <c>ephemeralcontainers</c>, ...</summary>
    public string SubResource { get; init; } = "";

    /// <summary>Null on CREATE. On DELETE, only Pods and ReplicaSets are read: deleting one can speed up a rollout.</summary>
    public Workload? Before { get; init; }

    /// <summary>Null on DELETE.</summary>
    public Workload? After { get; init; }

    /// <summary>Its dependents are orphaned, and not deleted with it.</summary>
    public bool Orphans { get; init; }

    /// <summary>The API server or kubectl generated its name, and generates another one at the next attempt.</summary>
    public bool IsNameGenerated { get; init; }
}

/// <summary>A write of <c>/scale</c>; <see cref="Request.Target"/> is the parent.</summary>
/// <param name="ResourceVersion">Of the parent in the API server.</param>
public sealed record ScaleRequest(int ReplicasBefore, int ReplicasAfter, string ResourceVersion) : Request;

/// <summary>A write of a Service: it decides which pods its users reach.</summary>
/// <param name="Before">Null on CREATE.</param>
/// <param name="After">Null on DELETE.</param>
public sealed record ServiceRequest(Service? Before, Service? After) : Request;

/// <summary>
/// A write of Endpoints or an EndpointSlice: it sends a Service's users to addresses, whether or not the Service selects them.
/// </summary>
/// <param name="Service">Name of the Service, from the label of an EndpointSlice or the name of Endpoints; empty if there is none.</param>
/// <param name="ServiceBefore">The same before the request; empty on CREATE.</param>
public sealed record EndpointsRequest(string Service, string ServiceBefore) : Request;

/// <summary>A write of a namespace: its labels decide which policies apply in it.</summary>
public sealed record NamespaceRequest(IReadOnlyDictionary<string, string> LabelsBefore, IReadOnlyDictionary<string, string> LabelsAfter)
    : Request;

/// <summary>A write of a kind that DeployGuard is registered for, but whose pod template it cannot read.</summary>
/// <param name="MetadataOnly">Only metadata and status differ from the stored object.</param>
/// <param name="Controller">The owner that the object claims as its controller.</param>
public sealed record OpaqueRequest(bool MetadataOnly, OwnerReference? Controller = null) : Request;
