namespace DeployGuard.Core.Evaluation;

/// <summary>One rule. Pure: no clock, no I/O, no logger, nothing of the cluster but the view.</summary>
internal interface ISafeguard
{
    /// <summary>As metrics and records name it.</summary>
    string Name { get; }

    /// <summary>Everything that the rule finds in a new revision or more exposure; nothing where its block is absent.</summary>
    IEnumerable<Finding> Inspect(Inspection inspection);
}
