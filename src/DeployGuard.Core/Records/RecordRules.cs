using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;

namespace DeployGuard.Core.Records;

/// <summary>
/// Who may write what of DeployGuard's own records, whatever their kind. Answers are the reason for a refusal, or null where there is
/// none; RBAC has already said yes when these are asked.
/// </summary>
/// <param name="self">The username under which DeployGuard itself writes.</param>
public sealed class RecordRules(string self)
{
    /// <summary>The garbage collector, with credentials of its own or with those that all controllers share.</summary>
    private static readonly string[] s_collectors = ["system:serviceaccount:kube-system:generic-garbage-collector", "system:kube-controller-manager"];

    /// <summary>Changes are DeployGuard's alone: a phase or a requester written by hand would forge the history that rollbacks rest on.</summary>
    /// <param name="namespaceEnds">The namespace is being deleted: refusing then would hold it up for ever.</param>
    public Refusal? RefuseChangeWrite(Requester who, Operation operation, bool namespaceEnds) =>
        who.Username == self || (operation is Operation.Delete && namespaceEnds)
            ? null
            : new Refusal(Reasons.ManagedByDeployGuard, "Changes are written by DeployGuard alone; approve or reject one with: kubectl deployguard approve");

    /// <summary>A ChangeTemplate is what an approver is shown: DeployGuard alone writes it, and the garbage collector removes it with its Change.</summary>
    /// <param name="namespaceEnds">The namespace is being deleted: refusing then would hold it up for ever.</param>
    public Refusal? RefuseTemplateWrite(Requester who, Operation operation, bool namespaceEnds) =>
        who.Username == self || (operation is Operation.Delete && (namespaceEnds || s_collectors.Contains(who.Username)))
            ? null
            : new Refusal(Reasons.ManagedByDeployGuard, "ChangeTemplates are written by DeployGuard alone; look at one with: kubectl deployguard show");

    /// <summary>What was approved stays what was approved.</summary>
    public static Refusal? RefuseUpdate(bool specChanged, bool hasOwners, IEnumerable<string> finalizers) =>
        specChanged ? new Refusal(Reasons.RecordImmutable, "it cannot be changed; withdraw it and make another") : RefuseTies(hasOwners, finalizers);

    /// <summary>Whether it may be made or changed with what decides when it goes.</summary>
    /// <param name="finalizers">Those that the request adds.</param>
    public static Refusal? RefuseTies(bool hasOwners, IEnumerable<string> finalizers) =>
        hasOwners ? new Refusal(Reasons.RecordHasOwners, "metadata.ownerReferences must be empty: a dangling owner would delete the record")
        : finalizers.FirstOrDefault() is { } finalizer ? new Refusal(Reasons.RecordHasFinalizers, $"metadata.finalizers must be empty: {finalizer} would keep what was taken back, and hold up its namespace's deletion")
        : null;

    /// <summary>A vote or permission is taken back by whoever gave it, and removed by us once it has expired.</summary>
    /// <param name="mayOverride">The requester has the verb <c>override</c> on the resource.</param>
    public Refusal? RefuseDelete(Requester who, Requester maker, bool mayOverride, bool namespaceEnds) =>
        who.Username == self || who.Username == maker.Username || mayOverride || namespaceEnds
            ? null
            : new Refusal(Reasons.NotCreator, $"only {maker.Username}, or somebody with the verb override, can take it back");

    /// <summary>Null where the stamp is whose it must be.</summary>
    internal static Refusal? RefuseStamp(string field, Requester stamped, Requester who) =>
        stamped.Username == who.Username && stamped.Groups.SequenceEqual(who.Groups)
            ? null
            : new Refusal(Reasons.IdentityForged, $"{field} is stamped by DeployGuard and must be {who.Username} with the groups that the API server names");
}
