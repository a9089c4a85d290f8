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
/// What the API server is asked to do, as far as DeployGuard judges it. The set is closed: whoever switches over it ends in a
/// throw, so that a new kind of request cannot slip through unjudged.
/// </summary>
public abstract record Request
{
    private protected Request()
    {
    }

    public required Operation Operation { get; init; }

    public required Requester Requester { get; init; }

    public bool DryRun { get; init; }

    /// <summary>What is written, for messages and look-ups.</summary>
    public required WorkloadRef Target { get; init; }
}

/// <summary>A write of an object with a pod template or of its status, a pod's ephemeral containers, or the deletion of a Pod or ReplicaSet.</summary>
public sealed record WorkloadRequest : Request
{
    /// <summary>Empty, <c>status</c>, <c>ephemeralcontainers</c>, ...</summary>
    public string SubResource { get; init; } = "";

    /// <summary>Null on CREATE. Of what is deleted, Pods and ReplicaSets alone are read: taking one away can speed a rollout up.</summary>
    public Workload? Before { get; init; }

    /// <summary>Null on DELETE.</summary>
    public Workload? After { get; init; }

    /// <summary>What it owns is let go, and not deleted with it.</summary>
    public bool Orphans { get; init; }

    /// <summary>The API server or kubectl made its name up, and makes up another at the next attempt.</summary>
    public bool IsNameGenerated { get; init; }
}

/// <summary>A write of <c>/scale</c>; <see cref="Request.Target"/> is the parent.</summary>
/// <param name="ResourceVersion">Of the parent, as the API server has it.</param>
public sealed record ScaleRequest(int ReplicasBefore, int ReplicasAfter, string ResourceVersion) : Request;

/// <summary>A write of a Service: it decides whose users reach which pods.</summary>
/// <param name="Before">Null on CREATE.</param>
/// <param name="After">Null on DELETE.</param>
public sealed record ServiceRequest(Service? Before, Service? After) : Request;

/// <summary>A write of Endpoints or an EndpointSlice: it sends a Service's users to addresses, whatever the Service selects.</summary>
/// <param name="Service">The Service whose users it sends there, by the label of an EndpointSlice or the name of Endpoints; empty where there is none.</param>
/// <param name="ServiceBefore">The same before the request; empty on CREATE.</param>
public sealed record EndpointsRequest(string Service, string ServiceBefore) : Request;

/// <summary>A write of a namespace: its labels decide which policies hold in it.</summary>
public sealed record NamespaceRequest(IReadOnlyDictionary<string, string> LabelsBefore, IReadOnlyDictionary<string, string> LabelsAfter) : Request;

/// <summary>A write of a kind that DeployGuard is registered for but that has no pod template it could read.</summary>
/// <param name="MetadataOnly">Nothing but metadata and status differs from what is stored.</param>
/// <param name="Controller">The owner that the object names as its controller: a claim.</param>
public sealed record OpaqueRequest(bool MetadataOnly, OwnerReference? Controller = null) : Request;
