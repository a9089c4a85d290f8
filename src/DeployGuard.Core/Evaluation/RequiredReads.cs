namespace DeployGuard.Core.Evaluation;

/// <summary>What must be read from the API server before a request may be evaluated, because the caches may lag behind.</summary>
[Flags]
public enum RequiredReads
{
    None = 0,

    /// <summary>Approvals and BreakGlasses that may count for the workload, and the Change of the requested revision.</summary>
    Votes = 1,

    /// <summary>Whether the requester has the verb <c>exempt</c> on the policies whose scope the object leaves.</summary>
    Exemption = 2,

    /// <summary>The parent of a <c>/scale</c>.</summary>
    Parent = 4,

    /// <summary>Services and workloads of the namespace, if the request would be refused by the caches alone.</summary>
    Namespace = 8,

    /// <summary>The number of nodes, for a new DaemonSet that has no pods to count yet.</summary>
    Nodes = 16,

    /// <summary>Pods of the namespace, if this replica does not watch them yet.</summary>
    Pods = 32,

    /// <summary>What registries hold about the new images, for policies that trust signed evidence.</summary>
    SignedEvidence = 64,
}

/// <summary>What must be reserved before a request may be admitted, so that other replicas take it into account.</summary>
[Flags]
public enum RequiredReservations
{
    None = 0,

    /// <summary>A place in the enforced budgets.</summary>
    Budget = 1,

    /// <summary>The pods that an unproven revision gains.</summary>
    Exposure = 2,

    /// <summary>Pods that raise no exposure by themselves. The request is admitted even if they cannot be reserved in time.</summary>
    ExposureIfPossible = 4,
}

/// <summary>The reads and reservations that must succeed before one request may be decided.</summary>
public readonly record struct Requirements(RequiredReads Reads, RequiredReservations Reservations)
{
    public static Requirements None => default;

    public bool IsNone => this == None;

    public static Requirements operator |(Requirements one, Requirements other) => one.And(other);

    public Requirements And(Requirements other) => new(Reads | other.Reads, Reservations | other.Reservations);
}
