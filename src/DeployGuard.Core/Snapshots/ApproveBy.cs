namespace DeployGuard.Core.Snapshots;

/// <summary>What an approver can name the change by.</summary>
public enum ApproveBy
{
    /// <summary>The Change object that a refusal leaves behind.</summary>
    ChangeName,

    /// <summary>The template's hash, ahead of any Change: a dry run leaves none.</summary>
    Hash,

    /// <summary>Nothing, ever: every attempt has another name.</summary>
    NothingEver,

    /// <summary>Nothing yet: a file that the API server has not defaulted has another hash than its object will have.</summary>
    Nothing,
}
