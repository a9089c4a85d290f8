using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Policies;
using DeployGuard.Registry.Lookups;

namespace DeployGuard.Webhook.Lookups;

/// <summary>
/// What the statements of a lookup's result prove, for each question that was asked of it. A retry, and each of many workloads that
/// bring the same image, asks the same one. It lives as long as the result, and no longer than its statements and keys stay as valid as
/// they are.
/// </summary>
internal sealed class JudgedResults
{
    /// <summary>Further questions about one result are judged each time: what runs may differ from workload to workload.</summary>
    private const int MostQuestions = 64;

    private readonly ConditionalWeakTable<LookupResult, ConcurrentDictionary<Question, Judged>> _judged = [];

    /// <param name="policy">Never changes; an edited one is another object. Sources and identities of the question are from it.</param>
    /// <param name="verified">Of the result, by these keys, and nothing else.</param>
    public ImageProvenance Of(
        LookupResult result,
        SafeguardPolicy policy,
        KeySet keys,
        ImageQuestion asked,
        Verification verified,
        DateTimeOffset now
    )
    {
        var known = _judged.GetValue(result, static _ => []);
        var question = new Question(policy, keys.Id, asked.Running);
        if (known.TryGetValue(question, out var kept) && kept.From <= now && now < kept.Until)
        {
            return kept.Provenance;
        }

        var provenance = OriginEvaluator.Evaluate(asked, verified, now);
        var judged = new Judged(provenance, now, JudgementTimes.EndOf(verified, now) ?? DateTimeOffset.MaxValue);
        if (kept is not null || known.Count < MostQuestions)
        {
            known[question] = judged;
        }

        return provenance;
    }

    /// <param name="Running">The images in its place, with their commits.</param>
    private sealed record Question(SafeguardPolicy Policy, string Keys, IReadOnlyList<RunningImage> Running)
    {
        public bool Equals(Question? other) =>
            other is not null && ReferenceEquals(Policy, other.Policy) && Keys == other.Keys && Running.SequenceEqual(other.Running);

        public override int GetHashCode() =>
            HashCode.Combine(RuntimeHelpers.GetHashCode(Policy), Keys, Running.Count == 0 ? null : Running[0]);
    }

    private sealed record Judged(ImageProvenance Provenance, DateTimeOffset From, DateTimeOffset Until);
}
