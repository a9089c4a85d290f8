using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Records;
using DeployGuard.Core.Safeguards;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Changes;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>
/// Sequences of requests, votes, BreakGlasses and clock steps, played against the evaluator with its records and against a model of a few
/// lines. No sequence admits a revision that the model calls not approved, or refuses one that it calls approved.
/// </summary>
public class SequenceTests
{
    private static readonly Step[] s_alphabet =
    [
        new("ask A", t => t.Ask("A", "dana")),
        new("ask B", t => t.Ask("B", "dana")),
        new("carol asks A", t => t.Ask("A", "carol")),
        new("a machine asks A", t => t.Ask("A", SimulatedCluster.Machine)),
        new("alice approves A", t => t.Vote("A", "alice", Decision.Approve)),
        new("carol approves A", t => t.Vote("A", "carol", Decision.Approve)),
        new("alice rejects A", t => t.Vote("A", "alice", Decision.Reject)),
        new("alice withdraws", t => t.Withdraw("alice")),
        new("bob approves A", t => t.Vote("A", "bob", Decision.Approve)),
        new("back", t => t.Ask("old", "dana")),
        new("alice approves what ran", t => t.Vote("old", "alice", Decision.Approve)),
        new("two days pass", t => t.Pass(TimeSpan.FromDays(2))),
        new("alice approves A for a day", t => t.Vote("A", "alice", Decision.Approve, TimeSpan.FromDays(1))),
        new("web is deleted", t => t.Delete()),
        new("pods come up no more", t => t.Hang(true)),
        new("pods come up again", t => t.Hang(false)),
        new("dana breaks the glass", t => t.Break("dana")),
    ];

    /// <summary>Steps that make a difference only in longer sequences.</summary>
    private static readonly Step[] s_more =
    [
        new("carol breaks the glass, also for the machine", t => t.Break("carol", SimulatedCluster.Machine)),
        new("five hours pass", t => t.Pass(TimeSpan.FromHours(5))),
    ];

    [Test]
    public void EverySequenceOfFourStepsMatchesTheModel()
    {
        var symbols = s_alphabet.Length;
        Parallel.For(
            0,
            symbols * symbols * symbols * symbols,
            code => Play([.. Enumerable.Range(0, 4).Select(i => s_alphabet[code / (int)Math.Pow(symbols, i) % symbols])])
        );
    }

    [Test]
    public void RandomSequencesOfTenStepsMatchTheModel([Range(1, 5)] int seed)
    {
        var random = new Random(seed);
        Step[] steps = [.. s_alphabet, .. s_more];
        for (var i = 0; i < 3000; i++)
        {
            Play([.. Enumerable.Range(0, 10).Select(_ => steps[random.Next(steps.Length)])], seed);
        }
    }

    /// <param name="seed">The seed of a random sequence; 0 for a fixed one.</param>
    private static void Play(Step[] steps, int seed = 0)
    {
        var cluster = new SimulatedCluster();
        foreach (var step in steps)
        {
            if (step.Do(cluster) is { } wrong)
            {
                Assert.Fail(
                    $"{(seed == 0 ? "" : $"seed {seed}: ")}{string.Join(", ", steps.Select(s => s.Name))}: at \"{step.Name}\" {wrong}"
                );
            }

            // A review before the admission does not count.
            cluster.Pass(TimeSpan.FromSeconds(1));
        }

        if (cluster.WronglyReviewed is { } disputed)
        {
            Assert.Fail($"{(seed == 0 ? "" : $"seed {seed}: ")}{string.Join(", ", steps.Select(s => s.Name))}: in the end {disputed}");
        }
    }

    private sealed record Step(string Name, Func<SimulatedCluster, string?> Do);

    /// <summary>The evaluator with its records, and the model.</summary>
    private sealed class SimulatedCluster
    {
        public const string Machine = "system:serviceaccount:cd:deployer";

        private static readonly PolicyEvaluator s_guard = SafeguardList.Evaluator(TrustedControllers.BuiltIn);
        private static readonly SafeguardPolicy s_policy = PolicyReader.Read(
            JsonDocument.Parse("""{"metadata": {"name": "p"}, "spec": {"approval": {"quorum": [{"groups": ["seniors"]}]} } }""").RootElement
        );

        private static readonly Dictionary<string, Workload> s_revisions = new[] { "old", "A", "B" }.ToDictionary(r => r, Revision);
        private static readonly Dictionary<string, string[]> s_groups = new()
        {
            ["alice"] = ["seniors"],
            ["carol"] = ["seniors"],
            ["bob"] = ["directors"],
            ["dana"] = [],
            [Machine] = [],
        };

        private readonly Dictionary<string, JsonObject> _records = [];
        private readonly List<Approval> _votes = [];
        private readonly List<BreakGlass> _glasses = [];
        private string? _runs = "old";
        private bool _hangs;
        private DateTimeOffset _now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

        // The model: requesters, votes with their times, running revisions, and BreakGlasses with their end and pending reviews.
        private readonly List<(string Who, string Revision)> _asked = [];
        private readonly List<(string Who, string Revision, Decision Decision, DateTimeOffset At, DateTimeOffset Until)> _said = [];
        private readonly List<(string[] Serves, DateTimeOffset Until, string Glass)> _broken = [];
        private readonly List<Use> _uses = [];
        private readonly HashSet<string> _completed = ["old"];
        private readonly HashSet<string> _waits = [];

        public SimulatedCluster() =>
            Record(
                new ChangeEntry
                {
                    Name = ChangeName.Of(s_revisions["old"].Ref, s_revisions["old"].Template.Hash),
                    Workload = s_revisions["old"].Ref,
                    TemplateHash = s_revisions["old"].Template.Hash,
                    At = _now,
                    Transition = new Transition(Phase.Proven, "Adopted", ""),
                    Images = [],
                    Adopted = true,
                }
            );

        public string? Ask(string revision, string who)
        {
            var request = new WorkloadRequest
            {
                Operation = _runs is null ? Operation.Create : Operation.Update,
                Requester = Person(who),
                Target = s_revisions[revision].Ref,
                Before = _runs is null ? null : s_revisions[_runs],
                After = s_revisions[revision],
            };
            var verdict = s_guard.Evaluate(
                request,
                new ClusterSnapshot
                {
                    Policies = [s_policy],
                    Changes = Changes,
                    Approvals = [.. _votes],
                    BreakGlasses = [.. _glasses],
                },
                _now
            );
            var expected = MayRun(revision, who) || MayByBreakGlass(revision, who);
            if (verdict.Evaluated.After is not null)
            {
                Record(ChangeEntry.Of(verdict, _now));
            }

            if (verdict.IsAllowed)
            {
                _runs = revision;
                _waits.Remove(revision);
            }
            else
            {
                _waits.Add(revision);
            }

            Lead();
            return verdict.IsAllowed == expected
                ? null
                : $"the guard says {verdict.IsAllowed}, the model {expected}: "
                    + $"{string.Join("; ", verdict.Findings.Select(f => f.Finding.Message))}";
        }

        public string? Vote(string revision, string who, Decision decision, TimeSpan? holds = null)
        {
            var approval = new Approval
            {
                Name = $"v{_votes.Count}-{_said.Count}",
                Workload = s_revisions[revision].Ref,
                TemplateHash = s_revisions[revision].Template.Hash,
                Decision = decision,
                Approver = Person(who),
                CreatedAt = _now,
                ExpiresAt = _now + holds,
            };
            var recorded = Changes.FirstOrDefault(c => c.TemplateHash == approval.TemplateHash);
            if (
                new NewApproval(approval, Person(who), recorded, [s_policy], new ReviewRight(false, "deployguard-approver")).Refuse(
                    WorkloadKinds.BuiltIn,
                    _now
                )
                is null
            )
            {
                _votes.Add(approval);
            }

            // A running or former revision needs no approval, unless it is created again or was admitted by break-glass.
            if (
                decision is Decision.Reject
                || _waits.Contains(revision)
                || _uses.Any(u => u.Revision == revision && !u.IsReviewed)
                || (_runs != revision && !_completed.Contains(revision))
            )
            {
                _said.Add((who, revision, decision, _now, _now + (holds ?? TimeSpan.FromHours(72))));
            }

            Lead();
            return null;
        }

        /// <summary>For any revision of web, without an own expiry: for as long as the default allows.</summary>
        public string? Break(string who, string machine = "")
        {
            var glass = new BreakGlass
            {
                Name = $"g{_broken.Count}-{_now:O}",
                Namespace = "shop",
                Workload = s_revisions["old"].Ref,
                Waives = ["Approval"],
                Incident = "INC-1",
                Reason = "orders fail",
                CreatedAt = _now,
                ExpiresAt = _now + BreakGlass.DefaultDuration,
                For = machine,
                RequestedBy = Person(who),
            };
            var isRefused =
                new NewBreakGlass(glass, Person(who), false, [s_policy], Changes.Where(c => c.IsUnreviewed)).Refuse(
                    WorkloadKinds.BuiltIn,
                    _now
                )
                is not null;
            if (!isRefused)
            {
                _glasses.Add(glass);
            }

            // A user with a break-glass that was not reviewed for a day cannot create another one.
            var expected = !_uses.Any(u => u.Who == who && !u.IsReviewed && _now - u.At > TimeSpan.FromDays(1));
            if (expected)
            {
                _broken.Add(([who, machine], _now + TimeSpan.FromHours(4), glass.Name));
            }

            Lead();
            return isRefused != expected
                ? null
                : $"the glass is {(isRefused ? "refused" : "broken")}, in the model {(expected ? "broken" : "refused")}";
        }

        public string? Withdraw(string who)
        {
            _votes.RemoveAll(v => v.Approver.Username == who);
            _said.RemoveAll(s => s.Who == who);
            Lead();
            return null;
        }

        public string? Delete()
        {
            _runs = null;
            Lead();
            return null;
        }

        public string? Hang(bool hangs)
        {
            _hangs = hangs;
            Lead();
            return null;
        }

        public string? Pass(TimeSpan time)
        {
            _now += time;
            Lead();
            return null;
        }

        private bool MayRun(string revision, string who)
        {
            if (revision == _runs)
            {
                return true;
            }

            _asked.Add((who, revision));
            if (_completed.Contains(revision) && !_uses.Any(u => u.Revision == revision && u.AdmittedRevision && !u.IsReviewed))
            {
                return true;
            }

            var fresh = _said.Where(s => s.Revision == revision && _now < s.Until && s_groups[s.Who].Contains("seniors")).ToList();
            var askers = _asked.Where(a => a.Revision == revision).Select(a => a.Who).ToList();
            var yes = fresh.Where(s => s.Decision is Decision.Approve).Select(s => s.Who).Distinct().Except(askers).Count();
            // A machine that requested the revision before does not raise a person's quorum.
            return yes >= (who == Machine ? 2 : 1) && fresh.All(s => s.Decision is Decision.Approve);
        }

        /// <summary>
        /// It admits its creator and the machine that they name, even against a veto. The use is the creator's, and stays until another
        /// person reviews it.
        /// </summary>
        private bool MayByBreakGlass(string revision, string who)
        {
            var (serves, _, glass) = _broken.FirstOrDefault(b => b.Serves.Contains(who) && _now < b.Until);
            if (glass is null)
            {
                return false;
            }

            var letIn = !_completed.Contains(revision);
            if (!_uses.Any(u => u.Glass == glass && u.Revision == revision && u.AdmittedRevision == letIn))
            {
                _uses.Add(new Use(glass, serves[0], revision, _now, letIn));
            }

            return true;
        }

        /// <summary>Another eligible person, who is no requester, approved it after the last use.</summary>
        private void Review()
        {
            foreach (var open in _uses.Where(u => !u.IsReviewed).GroupBy(u => u.Revision).ToList())
            {
                var part = _asked.Where(a => a.Revision == open.Key).Select(a => a.Who).Concat(open.Select(u => u.Who)).ToList();
                if (
                    _said.Any(s =>
                        s.Revision == open.Key
                        && s.Decision is Decision.Approve
                        && s.At >= open.Max(u => u.At)
                        && s_groups[s.Who].Contains("seniors")
                        && !part.Contains(s.Who)
                    )
                )
                {
                    foreach (var use in open)
                    {
                        use.IsReviewed = true;
                    }
                }
            }
        }

        /// <summary>The difference between the records and the model in the pending reviews; null if they agree.</summary>
        public string? WronglyReviewed
        {
            get
            {
                var recorded = s_revisions
                    .Where(r => Changes.Any(c => c.IsUnreviewed && c.TemplateHash == r.Value.Template.Hash))
                    .Select(r => r.Key)
                    .ToList();
                var expected = s_revisions.Keys.Where(r => _uses.Any(u => u.Revision == r && !u.IsReviewed)).ToList();
                return recorded.SequenceEqual(expected)
                    ? null
                    : $"unreviewed are {string.Join(", ", recorded)}, in the model {string.Join(", ", expected)}";
            }
        }

        private sealed record Use(string Glass, string Who, string Revision, DateTimeOffset At, bool AdmittedRevision)
        {
            public bool IsReviewed { get; set; }
        }

        private List<Change> Changes =>
            [.. _records.Values.Select(r => ChangeReader.ReadOrNull(JsonSerializer.SerializeToElement(r))).OfType<Change>()];

        private void Record(ChangeEntry entry) =>
            _records[entry.Name] = ChangeDocument.Merge(_records.GetValueOrDefault(entry.Name), entry);

        /// <summary>Updates the records as the leader does.</summary>
        private void Lead()
        {
            if (_runs is not null && !_hangs)
            {
                _completed.Add(_runs);
            }

            foreach (var change in Changes)
            {
                var live = _runs is null ? Observation.Nothing : new Observation(s_revisions[_runs].Template.Hash, true, !_hangs);
                if (
                    ChangeLifecycle.Next(
                        change,
                        live,
                        StandingVotes.StoppingVeto(change, _votes, [s_policy], _now, Changes),
                        PromotionCriteria.Time,
                        _now
                    ) is
                    { } next
                )
                {
                    ChangeStatus.Move(_records[change.Name]["status"]!.AsObject(), next, _now);
                }

                if (StandingVotes.Review(change, _votes, [s_policy]) is { } review)
                {
                    Reviews.Record(_records[change.Name]["status"]!.AsObject(), review, _now);
                }
            }

            Review();
        }

        private static Requester Person(string who) => new(who, "", s_groups[who]);

        private static Workload Revision(string name) =>
            WorkloadReader.Default.Read(
                JsonDocument
                    .Parse(
                        $$"""
                        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"},
                         "spec": {"template": {"spec": {"containers": [{"name": "web", "image": "{{name}}"}] } } } }
                        """
                    )
                    .RootElement
            );
    }
}
