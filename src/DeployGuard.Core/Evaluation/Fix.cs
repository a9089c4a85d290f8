namespace DeployGuard.Core.Evaluation;

/// <summary>What fixes a finding. Closed: a switch over it ends in a throw.</summary>
public enum Fix
{
    /// <summary>Another template, and so another revision: an approval of the refused one would be lost.</summary>
    Template,

    /// <summary>Another request for the same template: fewer replicas, another strategy, other labels of the object.</summary>
    Workload,

    /// <summary>Time, or the end of other rollouts: the same request passes later.</summary>
    Waiting,

    /// <summary>The vote of another person on this revision.</summary>
    Approval,

    /// <summary>Nothing in the workload: a policy, a permission, the chart, or one of DeployGuard's own objects.</summary>
    Elsewhere,
}
