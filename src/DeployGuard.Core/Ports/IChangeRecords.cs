using DeployGuard.Core.Admission;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Evaluation;

namespace DeployGuard.Core.Ports;

/// <summary>Records decisions in Changes.</summary>
public interface IChangeRecords
{
    /// <summary>Writes the Change of an admitted new revision. The request may be answered only after that.</summary>
    /// <exception cref="UnavailableException">It could not be written in time.</exception>
    Task RecordAdmittedAsync(Verdict verdict, CancellationToken deadline);

    /// <summary>Queues a record to be written after the answer. Copies what it needs; never waits.</summary>
    void RecordAfterwards(Verdict verdict);

    /// <summary>Queues a record of who withdrew a vote. Never waits.</summary>
    /// <param name="by">User name.</param>
    void RecordWithdrawal(Approval vote, string by);
}

/// <summary>Collects the requests of controllers and other machines, for <c>deployguard doctor</c>.</summary>
public interface IMachineObserver
{
    /// <summary>Never waits.</summary>
    void Note(Request request, bool isAdmitted);
}
