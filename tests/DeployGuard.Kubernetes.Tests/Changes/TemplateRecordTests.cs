using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.Changes;
using DeployGuard.Kubernetes.Events;
using Microsoft.Extensions.Logging.Abstractions;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>The whole signed template is recorded beside its Change, and read back as it was hashed.</summary>
public class TemplateRecordTests
{
    private const string Folder = "apis/deployguard.io/v1alpha1/namespaces/shop";

    private ObjectStore? _store;
    private ChangeRecorder? _recorder;

    private ObjectStore Store => _store ?? throw new InvalidOperationException("not started");

    private ChangeRecorder Recorder => _recorder ?? throw new InvalidOperationException("not started");

    [SetUp]
    public async Task StartAsync()
    {
        _store = await ObjectStore.StartAsync();
        _recorder = NewRecorder();
    }

    [TearDown]
    public async Task StopAsync() => await Store.DisposeAsync();

    [Test]
    public async Task RefusedChangeShowsItsTemplateAndTheReplacedOne()
    {
        var (before, after) = (Web("web:1"), Web("web:2", "one --then=two"));

        var stored = await RecordAsync(Verdict(after, before));

        var record = Read(stored);
        Assert.That(record.After?.Json.ToArray(), Is.EqualTo(after.Template.Canonical?.Json.ToArray()));
        Assert.That(record.Before?.Hash, Is.EqualTo(before.Template.Hash));
        Assert.That(
            record.After?.Unhashed.ToArray(),
            Is.EqualTo("""{"annotations":{"kubectl.kubernetes.io/restartedAt":"now"}}"""u8.ToArray())
        );
        Assert.That((record.Hash, record.BeforeIsUnknown, record.TooLarge), Is.EqualTo((after.Template.Hash, false, false)));
        var change = Store.Objects.Single(o => o.Key.StartsWith($"{Folder}/changes/", StringComparison.Ordinal)).Value;
        Assert.That(
            stored["metadata"]?["ownerReferences"]?.ToJsonString(),
            Is.EqualTo(
                $$"""[{"apiVersion":"deployguard.io/v1alpha1","kind":"Change","name":"{{change["metadata"]?["name"]}}","uid":"{{change["metadata"]?["uid"]}}"}]"""
            )
        );
    }

    [Test]
    public async Task TemplateOfAnAdmittedRequestIsRecordedAfterItsChange()
    {
        await Recorder.RecordAdmittedAsync(Verdict(Web("web:2"), Web("web:1")), CancellationToken.None);

        Assert.That(
            Store.Writes.Count(w => w.Contains("changetemplates", StringComparison.Ordinal)),
            Is.Zero,
            "the template was not written"
        );
        Assert.That(Read(await WrittenAsync()).After, Is.Not.Null);
    }

    [Test]
    public async Task RepeatedRequestWritesNoTemplateAgain()
    {
        var verdict = Verdict(Web("web:2"), Web("web:1"));
        Recorder.RecordAfterwards(verdict);
        Recorder.RecordAfterwards(verdict);
        await WrittenAsync();

        Assert.That(Store.Writes.Count(w => w.Contains("changetemplates", StringComparison.Ordinal)), Is.EqualTo(1));
    }

    [Test]
    public async Task KnownPreviousRevisionIsKept()
    {
        Recorder.RecordAfterwards(Verdict(Web("web:2"), Web("web:1")));
        Recorder.RecordAfterwards(Verdict(Web("web:2"), Web("web:2")));

        Assert.That(Read(await WrittenAsync()).Before, Is.Not.Null);
    }

    [Test]
    public async Task AnotherPreviousRevisionReplacesTheRecordedOneWhileTheChangeWaits()
    {
        Recorder.RecordAfterwards(Refused(Verdict(Web("web:2"), Web("web:1"))));
        Recorder.RecordAfterwards(Refused(Verdict(Web("web:2"), Web("web:3"))));

        Assert.That(Read(await WrittenAsync()).Before?.Hash, Is.EqualTo(Web("web:3").Template.Hash));
    }

    [Test]
    public async Task WhatTheApproversSawStaysAfterTheAdmission([Values] bool isRefused)
    {
        Recorder.RecordAfterwards(Verdict(Web("web:2"), Web("web:1")));
        var later = Verdict(Web("web:2"), Web("web:3"));
        Recorder.RecordAfterwards(isRefused ? Refused(later) : later);

        Assert.That(Read(await WrittenAsync()).Before?.Hash, Is.EqualTo(Web("web:1").Template.Hash));
    }

    [Test]
    public async Task AWorkloadThatIsCreatedAgainIsANewAdmission()
    {
        Recorder.RecordAfterwards(Verdict(Web("web:2"), Web("web:1")));
        Recorder.RecordAfterwards(Verdict(Web("web:2"), null));

        var record = Read(await WrittenAsync());
        Assert.That((record.Before, record.BeforeIsUnknown), Is.EqualTo(((object?)null, false)));
    }

    [Test]
    public async Task NewWorkloadHasNoPreviousTemplate()
    {
        var record = Read(await RecordAsync(Verdict(Web("web:1"), null)));

        Assert.That((record.Before, record.BeforeIsUnknown), Is.EqualTo(((object?)null, false)));
    }

    [Test]
    public async Task MoreExposureShowsTheWholeTemplateBecauseThePreviousOneIsUnknown()
    {
        var record = Read(await RecordAsync(Verdict(Web("web:1"), Web("web:1"))));

        Assert.That((record.Before, record.BeforeIsUnknown), Is.EqualTo(((object?)null, true)));
    }

    [Test]
    public async Task TooLargeTemplateIsMarked()
    {
        var noise = Convert.ToBase64String(RandomNumberGenerator.GetBytes(600_000));

        var record = Read(await RecordAsync(Verdict(Web("web:2", noise), null)));

        Assert.That((record.After, record.TooLarge), Is.EqualTo(((object?)null, true)));
        Assert.That(record.Bytes, Is.GreaterThan(noise.Length));
    }

    [Test]
    public async Task TemplateThatDoesNotMatchItsHashIsNotStored()
    {
        var stored = await RecordAsync(Verdict(Web("web:2"), null));
        stored["spec"]!["after"]!["templateHash"] = "v2:" + new string('0', 64);

        Assert.That(Read(stored).After, Is.Null);
    }

    [Test]
    public async Task FailedTemplateWriteIsCountedAndTheChangeStays()
    {
        Store.Admit = item =>
        {
            if ((string?)item["kind"] == "ChangeTemplate")
            {
                throw new InvalidOperationException("no");
            }
        };
        Recorder.RecordAfterwards(Verdict(Web("web:2"), null));
        await DrainAsync();

        Assert.That(Recorder.Failed, Is.EqualTo(1));
        Assert.That(Store.Objects.Keys.Single(k => k.Contains("changes/", StringComparison.Ordinal)), Does.StartWith($"{Folder}/changes/"));
    }

    [Test]
    public async Task TemplateWithoutRoomIsCounted()
    {
        for (var i = 0; i < 500; i++)
        {
            Store.Put(
                $"{Folder}/changetemplates/t{i}",
                new JsonObject
                {
                    ["metadata"] = new JsonObject
                    {
                        ["name"] = $"t{i}",
                        ["creationTimestamp"] = Rfc3339.Show(TimeProvider.System.GetUtcNow()),
                    },
                }
            );
        }

        Recorder.RecordAfterwards(Verdict(Web("web:2"), null));
        await DrainAsync();

        Assert.That((Recorder.TemplatesOverflowed, Recorder.Failed), Is.EqualTo((1L, 0L)));
    }

    /// <summary>A refused request must not store the content that it was refused for.</summary>
    [TestCase(true, 2)]
    [TestCase(false, 0)]
    public async Task LostRecordsAreWrittenOnlyForWhatWasAdmitted(bool isAllowed, int changes)
    {
        var verdict = Verdict(Web("web:2"), Web("web:1"));
        var refusal = new Finding(Reasons.CanaryStepExceeded, "", "too many", "Scale down");
        Recorder.RecordAfterwards(
            verdict with
            {
                Evaluated = verdict.Evaluated with { Recovered = [new OwnedRevision("web-1", Web("web:3").Template.Hash, "uid-1")] },
                Findings = isAllowed ? [] : [new Violation("p", Mode.Enforce, "Canary", refusal)],
            }
        );
        await DrainAsync();

        Assert.That(Store.Objects.Keys.Count(k => k.StartsWith($"{Folder}/changes/", StringComparison.Ordinal)), Is.EqualTo(changes));
    }

    [Test]
    public async Task TemplatesWithoutAChangeAreEvicted()
    {
        for (var i = 0; i < 500; i++)
        {
            Store.Put(
                $"{Folder}/changetemplates/t{i}",
                new JsonObject
                {
                    ["metadata"] = new JsonObject
                    {
                        ["name"] = $"t{i}",
                        ["creationTimestamp"] = $"2026-01-01T00:{i / 60:00}:{i % 60:00}Z",
                        ["annotations"] = new JsonObject { [TemplateDocument.BytesAnnotation] = "100" },
                    },
                }
            );
        }

        Recorder.RecordAfterwards(Verdict(Web("web:2"), null));
        await DrainAsync();

        Assert.That(Recorder.TemplatesOverflowed, Is.Zero);
        Assert.That(
            Store.Writes.Where(w => w.StartsWith("DELETE", StringComparison.Ordinal)),
            Is.EqualTo(new[] { $"DELETE {Folder}/changetemplates/t0" })
        );
    }

    private ChangeRecorder NewRecorder()
    {
        var caches = new ClusterCaches(Store.Connection, WorkloadReader.Default, TimeProvider.System, NullLogger.Instance);
        var templates = new TemplateWriter(
            Store.Connection,
            new TemplateStore(Store.Connection, caches, TimeProvider.System),
            TimeProvider.System
        );
        return new ChangeRecorder(
            new ChangeWriter(Store.Connection, TimeProvider.System),
            templates,
            new EventWriter(Store.Connection, TimeProvider.System),
            new Inbox(caches.Changes, caches.Approvals, TimeProvider.System),
            caches.ChangesVotedOn,
            TimeProvider.System,
            NullLogger.Instance
        );
    }

    private async Task<JsonObject> RecordAsync(Verdict verdict)
    {
        Recorder.RecordAfterwards(verdict);
        return await WrittenAsync();
    }

    private async Task<JsonObject> WrittenAsync()
    {
        await DrainAsync();
        return Store.Objects.Single(o => o.Key.StartsWith($"{Folder}/changetemplates/", StringComparison.Ordinal)).Value;
    }

    private async Task DrainAsync()
    {
        Recorder.Complete();
        await Recorder.RunAsync(CancellationToken.None);
    }

    private static TemplateRecord Read(JsonObject stored) =>
        TemplateRecord.ReadOrNull(JsonSerializer.SerializeToElement(stored)) ?? throw new AssertionException("it is no ChangeTemplate");

    private static Verdict Verdict(Workload after, Workload? before)
    {
        var request = new WorkloadRequest
        {
            Operation = Operation.Update,
            Requester = new Requester("dana", "", []),
            Target = after.Ref,
            Before = before,
            After = after,
        };
        var name = ChangeName.Of(after.Ref, after.Template.Hash);
        return new Verdict
        {
            Evaluated = new EvaluatedRequest
            {
                Request = request,
                Classification = new Classification(ChangeType.NewRevision, "another template"),
                Before = before,
                LiveHash = before?.Template.Hash,
                After = after,
                Name = name,
            },
        };
    }

    private static Verdict Refused(Verdict verdict) =>
        verdict with
        {
            Findings = [new Violation("p", Mode.Enforce, "Approval", new Finding(Reasons.ApprovalMissing, "", "m", "r"))],
        };

    private static Workload Web(string image, string argument = "serve") =>
        WorkloadReader.Default.Read(
            JsonElement.Parse(
                $$"""
                {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"},
                 "spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"} },
                  "spec": {"containers": [{"name": "web", "image": "{{image}}", "args": ["{{argument}}"]}] } } } }
                """
            )
        );
}
