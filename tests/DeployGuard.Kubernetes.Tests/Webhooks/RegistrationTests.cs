using System.Text.Json.Nodes;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.Events;
using DeployGuard.Kubernetes.Webhooks;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>
/// The webhook configurations, on a server that has matchConditions and on one that drops them. The tests on the real API server are
/// EndToEnd's.
/// </summary>
public class RegistrationTests
{
    private const string Validating = "apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/deployguard";
    private const string Mutating = "apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/deployguard";

    private static readonly WebhookScope s_all = new(["a", "b", "c"], ["a", "c"], ["b", "c"], ["c"], SelectsWorkloads: true);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 25, 8, 0, 0, TimeSpan.Zero));
    private ObjectStore _store = null!;
    private Registration _registration = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _store = await ObjectStore.StartAsync();
        _store.Put(Validating, []);
        _store.Put(Mutating, []);
        _registration = Register();
    }

    [TearDown]
    public ValueTask StopAsync() => _store.DisposeAsync();

    [Test]
    public async Task ServerWithMatchConditionsFiltersRequestsThatNeedNoEvaluation()
    {
        await _registration.RunAsync(CancellationToken.None);

        var open = Entry("workloads-open.deployguard.io");
        Assert.That(
            open["matchConditions"]?.AsArray().Select(c => (string?)c?["name"]),
            Is.EqualTo(new[] { "not-by-its-controller", "more-than-a-restart-or-scale-down" })
        );
        Assert.That(Entry("namespaces.deployguard.io")["failurePolicy"]?.ToString(), Is.EqualTo("Fail"));
        Assert.That(Names(), Does.Not.Contain("pods.deployguard.io"), "they are evaluated with the others");
    }

    /// <summary>A kind with a descriptor whose requests never arrive would look guarded and not be.</summary>
    [TestCase(true)]
    [TestCase(false)]
    public void EveryBuiltInKindIsRegisteredAndMayBeRead(bool hasMatchConditions)
    {
        var rules = new WebhookEntries(TestOptions.Installed, "", hasMatchConditions)
            .Validating(s_all)
            .SelectMany(e => e!["rules"]!.AsArray())
            .ToList();

        foreach (var kind in BuiltInKinds.All)
        {
            Assert.That(
                rules.Any(r => Contains(r!["apiGroups"], kind.ApiGroup) && Contains(r["resources"], kind.Resource)),
                Is.True,
                $"{kind.Name} reaches the webhook"
            );
            Assert.That(
                RequiredPermissions
                    .Of(TestOptions.Installed)
                    .Any(p => p.ApiGroup == kind.ApiGroup && p.Resource == kind.Resource && p.Verb == "list"),
                Is.True,
                $"{kind.Name} may be listed"
            );
        }

        static bool Contains(JsonNode? list, string value) => list!.AsArray().Any(v => v!.GetValue<string>() == value);
    }

    [Test]
    public async Task ServerWithoutMatchConditionsGetsEntriesThatDoNotNeedThem()
    {
        _store.Admit = item => item["webhooks"]?.AsArray().ToList().ForEach(w => w?.AsObject().Remove("matchConditions"));

        await _registration.RunAsync(CancellationToken.None);

        Assert.That(Names(), Does.Contain("pods.deployguard.io").And.Contain("scale.deployguard.io"));
        Assert.That(Entry("namespaces.deployguard.io")["failurePolicy"]?.ToString(), Is.EqualTo("Ignore"));
    }

    [Test]
    public void KubeletTrafficIsNotRegisteredWithoutMatchConditions()
    {
        var entries = new WebhookEntries(TestOptions.Installed, "", hasMatchConditions: false).Validating(s_all);

        Assert.That(
            entries.SelectMany(RulesOf).Where(r => r.Operations.Contains("DELETE")).Select(r => r.Resource),
            Is.EqualTo((string[])["safeguardpolicies", "changes", "changetemplates", "changeapprovals", "breakglasses"])
        );
        Assert.That(entries.SelectMany(RulesOf).Select(r => r.Resource), Has.None.EqualTo("pods/status").And.None.Contains("endpoint"));
    }

    [Test]
    public void DeletesStatusesAndEndpointsAreRegisteredWhereNeededAndNeverBlockADelete()
    {
        var entries = new WebhookEntries(TestOptions.Installed, "", hasMatchConditions: true).Validating(s_all);

        var pace = entries.Single(e => (string?)e?["name"] == "pace.deployguard.io");
        Assert.Multiple(() =>
        {
            Assert.That(Told(pace), Is.EqualTo("Ignore 1 In c"));
            Assert.That(
                RulesOf(pace).Where(r => r.Operations.Contains("DELETE")).Select(r => r.Resource),
                Is.EqualTo((string[])["pods", "replicasets"])
            );
            var revisions = entries.Single(e => (string?)e?["name"] == "revisions.deployguard.io");
            Assert.That(Told(revisions), Is.EqualTo("Ignore 3 In a,c"), "a rollback does not wait for DeployGuard");
            Assert.That(RulesOf(revisions).Select(r => r.Resource).Distinct(), Is.EqualTo((string[])["replicasets"]));
            Assert.That(Told(entries.Single(e => (string?)e?["name"] == "endpoints.deployguard.io")), Is.EqualTo("Ignore 1 In b,c"));
            Assert.That(Told(entries.Single(e => (string?)e?["name"] == "labels.deployguard.io")), Is.EqualTo("Fail 3 In a,b,c"));
            Assert.That(
                Told(entries.Single(e => (string?)e?["name"] == "labels-open.deployguard.io")),
                Does.StartWith("Ignore 1 NotIn a,b,c,")
            );
            Assert.That(
                entries.SelectMany(RulesOf).Select(r => r.Resource),
                Has.None.EqualTo("pods/eviction").And.None.EqualTo("*"),
                "a drain is never blocked"
            );
            Assert.That(
                entries
                    .Where(e => (string?)e?["failurePolicy"] == "Fail" && (string?)e?["name"] != "records.deployguard.io")
                    .SelectMany(RulesOf),
                Has.All.Property("Operations").Not.Contains("DELETE")
            );
        });
    }

    [Test]
    public void WithoutRolloutsOrCanariesTheirEntriesAreLeftOut()
    {
        var entries = new WebhookEntries(TestOptions.Installed, "", hasMatchConditions: true).Validating(
            new WebhookScope(["a"], [], [], [], false)
        );

        Assert.That(
            entries.Select(e => (string?)e?["name"]),
            Has.None.AnyOf("pace.deployguard.io", "revisions.deployguard.io", "endpoints.deployguard.io", "labels-open.deployguard.io")
        );
    }

    [Test]
    public void RolloutIsInProgressFromItsAdmissionUntilItCompletes()
    {
        Change Change(string @namespace, Phase phase) =>
            new()
            {
                Name = "c",
                Workload = new WorkloadRef("apps", "Deployment", @namespace, "web"),
                TemplateHash = "v1:1",
                Phase = phase,
            };
        Change[] changes =
        [
            Change("e", Phase.Admitted),
            Change("d", Phase.Running),
            Change("d", Phase.Running),
            Change("c", Phase.Completed),
            Change("b", Phase.Completed),
            Change("a", Phase.Proven),
            Change("a", Phase.Pending),
            Change("elsewhere", Phase.Running),
        ];

        Assert.That(
            RolloutNamespaces.In(["a", "b", "c", "d", "e"], changes, c => c.Workload.Namespace == "c"),
            Is.EqualTo((string[])["c", "d", "e"])
        );
    }

    [Test]
    public async Task UnsupportedMatchConditionsAreLeftOut()
    {
        _store.Admit = item =>
        {
            if (item["webhooks"]?.AsArray().Any(w => w?["matchConditions"] is not null) == true)
            {
                throw new InvalidOperationException("webhooks[0].matchConditions[0].expression: undeclared reference");
            }
        };

        await _registration.RunAsync(CancellationToken.None);

        Assert.That(Names(), Does.Contain("pods.deployguard.io"));
    }

    [Test]
    public async Task AlteredRegistrationIsRestoredAndCounted()
    {
        await _registration.RunAsync(CancellationToken.None);
        Entry("records.deployguard.io")["failurePolicy"] = "Ignore";

        await _registration.RunAsync(CancellationToken.None);

        Assert.That(Entry("records.deployguard.io")["failurePolicy"]?.ToString(), Is.EqualTo("Fail"));
        Assert.That(_registration.Altered["ValidatingWebhookConfiguration"], Is.EqualTo(1));
        Assert.That(_store.Writes, Has.Some.Contains("POST api/v1/namespaces/default/events"));
    }

    [Test]
    public async Task OwnWritesAreNotCountedAsAlterations()
    {
        await _registration.RunAsync(CancellationToken.None);
        _registration = Register(ca: 2);
        await _registration.RunAsync(CancellationToken.None);
        await _registration.RunAsync(CancellationToken.None);

        Assert.That(_registration.Altered["ValidatingWebhookConfiguration"], Is.Zero);
        Assert.That(_store.Writes, Has.None.Contains("events"));
    }

    [Test]
    public async Task WritesNeverLeaveTheRegistrationEmpty()
    {
        _store.Objects[Validating]["webhooks"] = new JsonArray(new JsonObject { ["name"] = "left-by-an-older-version" });
        var seen = new List<int>();
        _store.Admit = item => seen.Add(item["webhooks"]?.AsArray().Count ?? 0);

        await _registration.RunAsync(CancellationToken.None);

        Assert.That(seen, Has.All.GreaterThan(0));
        Assert.That(Names(), Does.Not.Contain("left-by-an-older-version"));
    }

    [Test]
    public async Task WhileTheGateIsOpenOnlyOurOwnRecordsAreGuarded()
    {
        await _registration.RunAsync(CancellationToken.None);
        OpenGate();

        await _registration.RunAsync(CancellationToken.None);

        Assert.That(Names(), Is.EqualTo(new[] { "records.deployguard.io" }));
        Assert.That(_registration.GateIsOpen, Is.True);
        Assert.That(
            _registration.Altered["ValidatingWebhookConfiguration"],
            Is.Zero,
            "the command that opens the gate also removes the entries"
        );

        _store.Objects[Validating]["metadata"]?.AsObject().Remove("annotations");
        await _registration.RunAsync(CancellationToken.None);

        Assert.That(Names(), Does.Contain("workloads-open.deployguard.io"));
        Assert.That(_registration.GateIsOpen, Is.False);
    }

    [Test]
    public async Task DeletedConfigurationStaysDeletedAndIsReported()
    {
        await _registration.RunAsync(CancellationToken.None);
        _store.Objects.TryRemove(Validating, out _);

        await _registration.RunAsync(CancellationToken.None);

        Assert.That(_store.Objects.ContainsKey(Validating), Is.False);
        Assert.That(_registration.Found["ValidatingWebhookConfiguration"], Is.False);
        Assert.That(_registration.PublishedFor([1]), Is.Null);
    }

    [Test]
    public async Task BundleCountsAsPublishedOnceBothConfigurationsHaveIt()
    {
        Assert.That(_registration.PublishedFor([1]), Is.Null);
        await _registration.RunAsync(CancellationToken.None);
        _time.Advance(TimeSpan.FromSeconds(20));
        await _registration.RunAsync(CancellationToken.None);

        Assert.That(_registration.PublishedFor([1]), Is.EqualTo(TimeSpan.FromSeconds(20)));
        Assert.That(_registration.PublishedFor([2]), Is.Null, "that one is not published");
    }

    private static IEnumerable<RegisteredRule> RulesOf(JsonNode? entry) =>
        from rule in entry?["rules"]?.AsArray() ?? []
        from resource in rule?["resources"]?.AsArray() ?? []
        select new RegisteredRule((string?)resource ?? "", [.. rule["operations"]?.AsArray().Select(o => (string?)o ?? "") ?? []]);

    private static string Told(JsonNode? entry)
    {
        var selector = entry?["namespaceSelector"]?["matchExpressions"]?[0];
        return $"{entry?["failurePolicy"]} {entry?["timeoutSeconds"]} {selector?["operator"]} "
            + $"{string.Join(',', selector?["values"]?.AsArray().Select(v => (string?)v) ?? [])}";
    }

    private sealed record RegisteredRule(string Resource, IReadOnlyList<string> Operations);

    private Registration Register(byte ca = 1)
    {
        var options = new ClusterOptions
        {
            Namespace = "deployguard-system",
            Service = "deployguard",
            Secret = "deployguard-tls",
            WebhookConfiguration = "deployguard",
            Lease = "deployguard-leader",
            CustomKinds = [new CustomKind("example.com", "robots", "Robot", "spec.template")],
        };
        var caches = new ClusterCaches(_store.Connection, WorkloadReader.Default, _time, NullLogger.Instance);
        return new Registration(
            _store.Connection,
            caches,
            options,
            () => [ca],
            new EventWriter(_store.Connection, _time),
            _time,
            NullLogger.Instance
        );
    }

    private void OpenGate()
    {
        _store.Objects[Validating]["webhooks"] = new JsonArray();
        _store.Objects[Validating]["metadata"]!["annotations"] = new JsonObject { ["deployguard.io/gate"] = "open" };
    }

    private List<string> Names() => [.. _store.Objects[Validating]["webhooks"]?.AsArray().Select(w => (string?)w?["name"] ?? "") ?? []];

    private JsonObject Entry(string name) =>
        _store.Objects[Validating]["webhooks"]?.AsArray().Single(w => (string?)w?["name"] == name)?.AsObject() ?? [];
}
