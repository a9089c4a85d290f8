using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;

namespace DeployGuard.Core.Ports;

/// <summary>Puts decisions on record.</summary>
public interface IChangeRecords
{
    /// <summary>Writes an admitted new revision. It may be answered only after that.</summary>
    /// <exception cref="UnavailableException">It could not be written in time.</exception>
    Task RecordAdmittedAsync(Verdict verdict, CancellationToken deadline);

    /// <summary>Queues what is on record only after the answer. Copies what it needs; never waits.</summary>
    void RecordAfterwards(Verdict verdict);
}

/// <summary>Takes note of controllers and other machines at work, for <c>deployguard doctor</c>.</summary>
public interface IMachineObserver
{
    /// <summary>Never waits.</summary>
    void Note(Request request, bool isAdmitted);
}
