using DeployGuard.Benchmarks.Results;

namespace DeployGuard.Benchmarks.Evidence;

/// <summary>
/// What signed evidence adds to a decision once it was looked up and verified: the same reviews under the same policy, with and without
/// the fields of <c>origin</c> that ask for it. Both sides run by turns, so that what disturbs the machine disturbs both.
/// </summary>
internal static class EvidenceBench
{
    private const int Rounds = 7;
    private const int WarmUp = 20_000;
    private const int Decisions = 3_000;

    /// <summary>The sides of a round change after so many decisions.</summary>
    private const int Turn = 50;

    /// <summary>The evidence has its part in whether this is met, and no approver is asked either way.</summary>
    private const string Met = """
        "approval": {"required": "AiAssisted", "quorum": [{"groups": ["directors"]}]}
        """;

    /// <summary>The review counts, and a director's approval is missing.</summary>
    private static readonly string s_missing = $$"""
        "approval": {"required": "Always", "quorum": [{"groups": ["senior-engineers"], "count": 1}, {"groups": ["directors"], "count": 1}],
         "identities": [{"person": "erin", "names": ["{{AttestedImage.Reviewer}}"], "groups": ["senior-engineers"]}]}
        """;

    /// <summary>With the safeguards besides that the other benchmarks of refusals have.</summary>
    private static readonly string s_exposing = $$"""
        {{s_missing}}, "canary": {"steps": [5, 25, 50], "pace": {"percent": 25, "minReady": "1m"} }
        """;

    public static async Task<Section> RunAsync(string recorded)
    {
        var machine = ThisMachine.Read();
        await using var image = await AttestedImage.StartAsync();
        var fleet = new EvidenceFleet(recorded, image);
        return new Section(
            "evidence",
            $"A new revision whose new image has a signed statement, looked up and verified before; {Fleet.Workloads:#,0} workloads cached, "
                + "from the bytes of a review to those of its answer, on one thread. Without evidence, the policy is the same but for its "
                + $"keys, sources and registries. Both by turns of {Turn} decisions.",
            TimeProvider.System.GetUtcNow(),
            machine,
            [
                .. await PairAsync("allowed: no AI had a part", Met, isAllowed: true, fleet, image),
                .. await PairAsync("refused: one of two approvals is a signed review", s_missing, isAllowed: false, fleet, image),
                .. await PairAsync("refused: the same, with canary and pace", s_exposing, isAllowed: false, fleet, image),
            ]
        );
    }

    private static async Task<IReadOnlyList<Row>> PairAsync(
        string title,
        string rules,
        bool isAllowed,
        EvidenceFleet fleet,
        AttestedImage image
    )
    {
        await using var plainReplica = await InProcessReplica.StartAsync(fleet.Answer(rules, withEvidence: false), Fleet.Namespaces);
        await using var replica = await InProcessReplica.StartAsync(fleet.Answer(rules, withEvidence: true), Fleet.Namespaces);
        var (plain, signed) = (
            new EvidenceSide(plainReplica.Services, fleet.Reviews, isAllowed),
            new EvidenceSide(replica.Services, fleet.Reviews, isAllowed)
        );
        plain.Check(isBacked: false);
        signed.Check(isBacked: true);
        Alternate(plain, signed, WarmUp);
        plain.Forget();
        signed.Forget();
        GC.Collect();
        var calls = image.Calls;
        for (var round = 0; round < Rounds; round++)
        {
            Alternate(plain, signed, Decisions);
            plain.EndRound();
            signed.EndRound();
        }

        return image.Calls == calls
            ? [plain.Row($"{title}; without evidence", plain), signed.Row($"{title}; with evidence", plain)]
            : throw new InvalidOperationException("the registry was asked while decisions were measured: not all were from the cache");
    }

    private static void Alternate(EvidenceSide one, EvidenceSide other, int decisions)
    {
        for (var done = 0; done < decisions; done += Turn)
        {
            one.Decide(Turn);
            other.Decide(Turn);
        }
    }
}
