using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;

namespace DeployGuard.Core.Tests;

/// <summary>If a pod reads its restart time, the time must be current or that of a rollback target.</summary>
public class RestartsTests
{
    private const string Key = "kubectl.kubernetes.io/restartedAt";
    private const string Now = "2026-11-23T12:00:05Z";
    private const string LongAgo = "2001-02-03T04:05:06Z";

    [TestCase(true, Now, true, TestName = "{m}(now)")]
    [TestCase(true, LongAgo, false, TestName = "{m}(a time of the requester's choice)")]
    [TestCase(false, LongAgo, true, TestName = "{m}(where nothing reads it)")]
    [TestCase(true, "sh -c this", true, TestName = "{m}(no time: another hash, which wants an approval)")]
    public void ARestartHasACurrentTime(bool isRead, string time, bool expected) =>
        Assert.That(
            Restarts.HaveValidTimes(Web(isRead, null).Read().Template, Web(isRead, time).Read().Template, [], Some.Now),
            Is.EqualTo(expected)
        );

    [Test]
    public void AnUnchangedAnnotationIsNoRestart() =>
        Assert.That(Restarts.HaveValidTimes(Web(true, LongAgo).Read().Template, Web(true, LongAgo).Read().Template, [], Some.Now));

    [Test]
    public void RemovingTheAnnotationIsNoRestart() =>
        Assert.That(Restarts.HaveValidTimes(Web(true, LongAgo).Read().Template, Web(true, null).Read().Template, [], Some.Now));

    [Test]
    public void WorkloadCreatedWithAnOldTimeIsNotRestarted() =>
        Assert.That(Restarts.HaveValidTimes(null, Web(true, LongAgo).Read().Template, [], Some.Now), Is.False);

    [TestCase(LongAgo, true)]
    [TestCase("2002-02-03T04:05:06Z", false)]
    public void ARollbackMayGoBackToATimeOfItsHistory(string known, bool expected)
    {
        var old = Web(true, known).Read().WithoutDocument().Template;
        var history = new OwnedRevision("web-1", old.Hash) { RestartTimes = old.RestartTimes };

        Assert.That(
            Restarts.HaveValidTimes(Web(true, Now).Read().Template, Web(true, LongAgo).Read().Template, [history], Some.Now),
            Is.EqualTo(expected)
        );
    }

    private static JsonObject Web(bool isRead, string? restartedAt)
    {
        var web = Some.Deployment()
            .With(
                "spec/template/spec/volumes",
                $$$"""[{"name": "v", "downwardAPI": {"items": [{"path": "a", "fieldRef": {"fieldPath": "metadata.{{{(isRead ? "annotations" : "name")}}}"} }] } }]"""
            );
        return restartedAt is null ? web : web.With("spec/template/metadata/annotations", $$"""{"{{Key}}": "{{restartedAt}}"}""");
    }
}
