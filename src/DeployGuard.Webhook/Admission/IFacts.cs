using DeployGuard.Core;
using DeployGuard.Core.Changes;

namespace DeployGuard.Webhook.Admission;

/// <summary>Where decisions get their facts and leave their records: a cluster, or a folder of policies without any memory.</summary>
internal interface IFacts
{
    /// <summary>What is known without asking anybody; only a namespace that was never heard of is asked for.</summary>
    ValueTask<ClusterView> ViewAsync(Request request, CancellationToken cancel);

    /// <summary>The same, with what must be live read from the API server now.</summary>
    /// <exception cref="FactsUnavailableException">It could not be had in time.</exception>
    ValueTask<ClusterView> ReadLiveAsync(Request request, ClusterView cached, CancellationToken deadline);

    /// <summary>Puts a gated allow on record; it may be answered only after that.</summary>
    /// <exception cref="FactsUnavailableException">It could not be written in time.</exception>
    ValueTask RecordAdmittedAsync(Verdict verdict, CancellationToken deadline);

    /// <summary>Takes what is on record only after the answer. Copies what it needs; never waits.</summary>
    void RecordAfterwards(Verdict verdict);
}

/// <summary>A fact that a gated decision rests on could not be had, or its record not be written.</summary>
internal sealed class FactsUnavailableException(string message, Exception? cause = null) : Exception(message, cause);
