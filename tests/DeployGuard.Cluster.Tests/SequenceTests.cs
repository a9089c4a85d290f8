using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Cluster.Records;
using DeployGuard.Core;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Records;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cluster.Tests;

/// <summary>
/// Sequences of requests, votes and clock steps, played against the guard with its records and against a model of a few lines that knows
/// neither: no sequence lets a revision run that the model calls not approved, nor refuses one that it calls approved.
/// </summary>
public class SequenceTests
{
    private static readonly Step[] s_alphabet =
    [
        new("ask A", t => t.Ask("A", "dana")), new("ask B", t => t.Ask("B", "dana")), new("carol asks A", t => t.Ask("A", "carol")), new("a machine asks A", t => t.Ask("A", Town.Machine)),
        new("alice approves A", t => t.Vote("A", "alice", Decision.Approve)), new("carol approves A", t => t.Vote("A", "carol", Decision.Approve)),
        new("alice rejects A", t => t.Vote("A", "alice", Decision.Reject)), new("alice withdraws", t => t.Withdraw("alice")), new("bob approves A", t => t.Vote("A", "bob", Decision.Approve)),
        new("back", t => t.Ask("old", "dana")), new("alice approves what ran", t => t.Vote("old", "alice", Decision.Approve)), new("two days pass", t => t.Pass(TimeSpan.FromDays(2))),
        new("alice approves A for a day", t => t.Vote("A", "alice", Decision.Approve, TimeSpan.FromDays(1))), new("web is deleted", t => t.Delete()),
        new("pods come up no more", t => t.Hang(true)), new("pods come up again", t => t.Hang(false)),
    ];

    [Test]
    public void EverySequenceOfFourStepsIsJudgedAsTheModelDoes()
    {
        var symbols = s_alphabet.Length;
        for (var code = 0; code < symbols * symbols * symbols * symbols; code++)
        {
            Play([.. Enumerable.Range(0, 4).Select(i => s_alphabet[code / (int)Math.Pow(symbols, i) % symbols])]);
        }
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    public void RandomSequencesOfEightStepsAreJudgedAsTheModelDoes(int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 3000; i++)
        {
            Play([.. Enumerable.Range(0, 8).Select(_ => s_alphabet[random.Next(s_alphabet.Length)])]);
        }
    }

    private static void Play(Step[] steps)
    {
        var town = new Town();
        foreach (var step in steps)
        {
            if (step.Do(town) is { } wrong)
            {
                Assert.Fail($"{string.Join(", ", steps.Select(s => s.Name))}: at \"{step.Name}\" {wrong}");
            }
        }
    }

    private sealed record Step(string Name, Func<Town, string?> Do);

    /// <summary>The guard with its records, and the model beside it.</summary>
    private sealed class Town
    {
        public const string Machine = "system:serviceaccount:cd:deployer";

        private static readonly Guard s_guard = new(TrustedControllers.BuiltIn);
        private static readonly SafeguardPolicy s_policy = PolicyReader.Read(JsonDocument.Parse(
            """{"metadata": {"name": "p"}, "spec": {"approval": {"quorum": [{"groups": ["seniors"]}]} } }""").RootElement);

        private static readonly Dictionary<string, Workload> s_revisions = new[] { "old", "A", "B" }.ToDictionary(r => r, Revision);
        private static readonly Dictionary<string, string[]> s_groups = new() { ["alice"] = ["seniors"], ["carol"] = ["seniors"], ["bob"] = ["directors"], ["dana"] = [], [Machine] = [] };

        private readonly Dictionary<string, JsonObject> _records = [];
        private readonly List<Approval> _votes = [];
        private string? _runs = "old";
        private bool _hangs;
        private DateTimeOffset _now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

        // The model: who asked for what, who voted what when, and what ran.
        private readonly List<(string Who, string Revision)> _asked = [];
        private readonly List<(string Who, string Revision, Decision Decision, DateTimeOffset Until)> _said = [];
        private readonly HashSet<string> _completed = ["old"];
        private readonly HashSet<string> _waits = [];

        public Town() => Record(new ChangeEntry
        {
            Name = ChangeName.Of(s_revisions["old"].Ref, s_revisions["old"].Template.Hash),
            Workload = s_revisions["old"].Ref,
            TemplateHash = s_revisions["old"].Template.Hash,
            Transition = new Transition(Phase.Proven, "Adopted", ""),
            Images = [],
            Adopted = true,
        });

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
            var verdict = s_guard.Decide(request, new ClusterView { Policies = [s_policy], Changes = Changes, Approvals = [.. _votes] }, _now);
            var expected = MayRun(revision, who);
            if (verdict.Change.After is not null)
            {
                Record(ChangeEntry.Of(verdict));
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
            return verdict.IsAllowed == expected ? null : $"the guard says {verdict.IsAllowed}, the model {expected}: {string.Join("; ", verdict.Findings.Select(f => f.Finding.Message))}";
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
            if (new NewApproval(approval, Person(who), recorded, [s_policy]).Refuse(WorkloadKinds.BuiltIn, _now) is null)
            {
                _votes.Add(approval);
            }

            // What runs or ran waits for nobody's yes, until it is to be made anew.
            if (decision is Decision.Reject || _waits.Contains(revision) || (_runs != revision && !_completed.Contains(revision)))
            {
                _said.Add((who, revision, decision, _now + (holds ?? TimeSpan.FromHours(72))));
            }

            Lead();
            return null;
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
            if (_runs is not null && _completed.Contains(revision))
            {
                return true;
            }

            var fresh = _said.Where(s => s.Revision == revision && _now < s.Until && s_groups[s.Who].Contains("seniors")).ToList();
            var askers = _asked.Where(a => a.Revision == revision).Select(a => a.Who).ToList();
            var yes = fresh.Where(s => s.Decision is Decision.Approve).Select(s => s.Who).Distinct().Except(askers).Count();
            return yes >= (askers.Contains(Machine) ? 2 : 1) && fresh.All(s => s.Decision is Decision.Approve);
        }

        private List<RecordedChange> Changes => [.. _records.Values.Select(r => ChangeJson.ReadOrNull(JsonSerializer.SerializeToElement(r))).OfType<RecordedChange>()];

        private void Record(ChangeEntry entry) => _records[entry.Name] = ChangeDocument.Merge(_records.GetValueOrDefault(entry.Name), entry, _now);

        /// <summary>What the leader does with what it sees.</summary>
        private void Lead()
        {
            if (_runs is not null && !_hangs)
            {
                _completed.Add(_runs);
            }

            foreach (var change in Changes)
            {
                var live = _runs is null ? Observation.Nothing : new Observation(s_revisions[_runs].Template.Hash, true, !_hangs);
                if (Life.Next(change, live, Standing.Veto(change, _votes, [s_policy], _now, Changes), ProofOf.Time, _now) is { } next)
                {
                    ChangeStatus.Move(_records[change.Name]["status"]!.AsObject(), next, _now);
                }
            }
        }

        private static Requester Person(string who) => new(who, "", s_groups[who]);

        private static Workload Revision(string name) => WorkloadReader.Default.Read(JsonDocument.Parse($$"""
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"},
             "spec": {"template": {"spec": {"containers": [{"name": "web", "image": "{{name}}"}] } } } }
            """).RootElement);
    }
}
