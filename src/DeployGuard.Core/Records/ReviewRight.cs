using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;

namespace DeployGuard.Core.Records;

/// <summary>
/// The verb <c>review</c> on breakglasses. Where no policy that enforces names approving groups, it decides who may review a break-glass:
/// permission to create a ChangeApproval, which developers have to withdraw their own request, must not be enough.
/// </summary>
/// <param name="IsHeld">The requester has the verb in the namespace.</param>
/// <param name="Role">A ClusterRole that has the verb.</param>
public sealed record ReviewRight(bool IsHeld, string Role)
{
    public const string Verb = "review";

    public Refusal? Refuse(Requester who, string inNamespace) =>
        IsHeld
            ? null
            : new Refusal(
                Reasons.NotEligible,
                $"{who.Username} may not review here: no policy that enforces in {inNamespace} names approving groups, so a review needs "
                    + $"the verb {Verb} on breakglasses, which the ClusterRole {Role} has. Ask another person who has it to review, or ask "
                    + $"the platform team to run: kubectl -n {inNamespace} create rolebinding deployguard-reviewers "
                    + $"--clusterrole={Role} --group=GROUP"
            );
}
