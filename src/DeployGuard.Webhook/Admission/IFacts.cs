using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Webhook.Admission;

/// <summary>Where decisions get their facts and leave their records: a cluster, or a folder of policies without any memory.</summary>
internal interface IFacts
{
    /// <summary>What is known without asking anybody; only a namespace that was never heard of is asked for.</summary>
    ValueTask<ClusterSnapshot> ViewAsync(Request request, CancellationToken cancel);

    /// <summary>The same, with what is needed read from the API server now.</summary>
    /// <exception cref="FactsUnavailableException">It could not be had in time.</exception>
    ValueTask<ClusterSnapshot> ReadLiveAsync(Request request, ClusterSnapshot cluster, RequiredReads needs, CancellationToken deadline);

    /// <summary>The view with what others were let reach a moment ago; what the request is let reach is known to them from then on.</summary>
    /// <param name="ask">What it reaches in such a view; nothing where it is refused there.</param>
    /// <exception cref="FactsUnavailableException">It could not be had in time.</exception>
    ValueTask<ClusterSnapshot> ReachAsync(Request request, ClusterSnapshot cluster, Func<ClusterSnapshot, IReadOnlyList<PendingExposure>> ask, CancellationToken deadline);

    /// <summary>The view with what makes a refusal for want of an approval easier to understand. Never fails, and waits for a moment at most.</summary>
    ValueTask<ClusterSnapshot> ExplainAsync(Request request, ClusterSnapshot cluster, CancellationToken deadline);

    /// <summary>Whether somebody has a verb on one of our resources, as the API server's authorizers say now.</summary>
    /// <param name="namespace">Empty for a cluster-scoped resource.</param>
    /// <param name="name">Empty for any.</param>
    /// <exception cref="FactsUnavailableException">It could not be asked in time.</exception>
    ValueTask<bool> MayAsync(Requester who, string verb, string resource, string @namespace, string name, CancellationToken deadline);

    /// <summary>How many ChangeApprovals or BreakGlasses one person has in a namespace now.</summary>
    /// <exception cref="FactsUnavailableException">They could not be counted in time.</exception>
    ValueTask<int> CountRecordsAsync(string resource, string @namespace, string username, CancellationToken deadline);

    /// <summary>Takes note of a controller at work. Never waits.</summary>
    void Saw(Request request, bool isLetIn);

    /// <summary>Whether a namespace is being deleted.</summary>
    bool NamespaceEnds(string name);

    /// <summary>Changes that came in by break-glass and wait for review, of all namespaces.</summary>
    IEnumerable<Change> Unreviewed { get; }

    /// <summary>Takes a place in the enforced budgets of a verdict, where there is one.</summary>
    /// <returns>What every budget is spent on besides; where that is all of it, no place was taken.</returns>
    /// <exception cref="FactsUnavailableException">It could not be had in time.</exception>
    ValueTask<IReadOnlyDictionary<string, BudgetUse>> ReserveAsync(Verdict verdict, CancellationToken deadline);

    /// <summary>Puts a gated allow on record; it may be answered only after that.</summary>
    /// <exception cref="FactsUnavailableException">It could not be written in time.</exception>
    ValueTask RecordAdmittedAsync(Verdict verdict, CancellationToken deadline);

    /// <summary>Takes what is on record only after the answer. Copies what it needs; never waits.</summary>
    void RecordAfterwards(Verdict verdict);
}

/// <summary>A fact that a gated decision rests on could not be had, or its record not be written.</summary>
internal sealed class FactsUnavailableException(string message, Exception? cause = null) : Exception(message, cause);
