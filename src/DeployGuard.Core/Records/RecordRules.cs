using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;

namespace DeployGuard.Core.Records;

/// <summary>
/// Who may write DeployGuard's own records, of all kinds. Each method returns the reason for a refusal, or null. RBAC has already allowed
/// the request.
/// </summary>
/// <param name="self">The username under which DeployGuard itself writes.</param>
public sealed class RecordRules(string self)
{
    /// <summary>The garbage collector, with credentials of its own or those that all controllers share.</summary>
    private static readonly string[] s_garbageCollectors =
    [
        "system:serviceaccount:kube-system:generic-garbage-collector",
        "system:kube-controller-manager",
    ];

    /// <summary>
    /// Only DeployGuard writes Changes: a phase or requester written by hand would forge the history that allows rollbacks.
    /// </summary>
    /// <param name="namespaceEnds">The namespace is terminating: a refusal would block its deletion for ever.</param>
    public Refusal? RefuseChangeWrite(Requester who, Operation operation, bool namespaceEnds) =>
        who.Username == self || (operation is Operation.Delete && namespaceEnds)
            ? null
            : new Refusal(
                Reasons.ManagedByDeployGuard,
                "Changes are written by DeployGuard alone; approve or reject one with: kubectl deployguard approve"
            );

    /// <summary>
    /// Approvers see the ChangeTemplate, so only DeployGuard writes it. The garbage collector removes it with its Change.
    /// </summary>
    /// <param name="namespaceEnds">The namespace is terminating: a refusal would block its deletion for ever.</param>
    public Refusal? RefuseTemplateWrite(Requester who, Operation operation, bool namespaceEnds) =>
        who.Username == self || (operation is Operation.Delete && (namespaceEnds || s_garbageCollectors.Contains(who.Username)))
            ? null
            : new Refusal(
                Reasons.ManagedByDeployGuard,
                "ChangeTemplates are written by DeployGuard alone; look at one with: kubectl deployguard show"
            );

    /// <summary>Whether DeployGuard itself writes.</summary>
    public bool IsSelf(Requester who) => who.Username == self;

    /// <summary>The spec of a record is immutable.</summary>
    public static Refusal? RefuseUpdate(bool specChanged, bool hasOwners, IEnumerable<string> finalizers) =>
        specChanged
            ? new Refusal(Reasons.RecordImmutable, "its spec cannot be changed; withdraw it and create another one")
            : RefuseOwnersAndFinalizers(hasOwners, finalizers);

    /// <summary>Refuses owners and finalizers, because they decide when the record is deleted.</summary>
    /// <param name="finalizers">Those that the request adds.</param>
    public static Refusal? RefuseOwnersAndFinalizers(bool hasOwners, IEnumerable<string> finalizers) =>
        hasOwners ? new Refusal(Reasons.RecordHasOwners, "metadata.ownerReferences must be empty: a dangling owner would delete the record")
        : finalizers.FirstOrDefault() is { } finalizer
            ? new Refusal(
                Reasons.RecordHasFinalizers,
                $"metadata.finalizers must be empty: {finalizer} would keep the record after it is withdrawn, and block the "
                    + "deletion of its namespace"
            )
        : null;

    /// <summary>The creator withdraws a vote or BreakGlass; DeployGuard deletes it after it has expired.</summary>
    /// <param name="mayOverride">The requester has the verb <c>override</c> on the resource.</param>
    public Refusal? RefuseDelete(Requester who, Requester maker, bool mayOverride, bool namespaceEnds) =>
        who.Username == self || who.Username == maker.Username || mayOverride || namespaceEnds
            ? null
            : new Refusal(Reasons.NotCreator, $"only {maker.Username}, or a user with the verb override, can withdraw it");

    /// <summary>Null if the stamped identity is that of the requester.</summary>
    internal static Refusal? RefuseStamp(string field, Requester stamped, Requester who) =>
        stamped.Username == who.Username && stamped.Groups.SequenceEqual(who.Groups)
            ? null
            : new Refusal(
                Reasons.IdentityForged,
                $"{field} is stamped by DeployGuard and must be {who.Username} with the groups that the API server names"
            );
}
