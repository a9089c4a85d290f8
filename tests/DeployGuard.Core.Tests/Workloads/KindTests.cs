using System.Text.RegularExpressions;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

/// <summary>
/// The properties of each kind are declared in Workloads/Kinds. This test pins them, and checks that no other code names a kind.
/// </summary>
public partial class KindTests
{
    private const string Home = "DeployGuard.Core/Workloads/Kinds/";

    private static readonly string[] s_controllersAlone = [BuiltInKinds.ControllerRevision.Name];

    private static string Source
    {
        get
        {
            for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            {
                if (File.Exists(Path.Combine(folder.FullName, "DeployGuard.sln")))
                {
                    return Path.Combine(folder.FullName, "src");
                }
            }

            throw new InvalidOperationException($"no DeployGuard.sln above {AppContext.BaseDirectory}");
        }
    }

    [Test]
    public void KindsAreNamedInTheirOwnFolderAlone()
    {
        var named = Files()
            .Where(f => !f.Path.StartsWith(Home, StringComparison.Ordinal))
            .SelectMany(f => Literals(f.Text).Select(line => $"{f.Path}:{line}"));
        Assert.That(named, Is.Empty, "Ask the descriptor for the concept (WorkloadRef.Type), or add a property to it.");
    }

    [Test]
    public void EveryKindHasOneFileThatNamesNoOther()
    {
        var files = Files().ToDictionary(f => f.Path, f => f.Text);
        Assert.Multiple(() =>
        {
            foreach (var kind in BuiltInKinds.All)
            {
                var named = KindLiteral().Matches(files[$"{Home}{kind.Name}.cs"]).Select(m => m.Value);
                Assert.That(named, Is.EqualTo(new[] { $"\"{kind.Name}\"" }), kind.Name);
            }
        });
    }

    [TestCase("Deployment", "apps", "deployments", "Serves, RollsOut, HasScale, HasReplicaSets")]
    [TestCase(
        "StatefulSet",
        "apps",
        "statefulsets",
        "Serves, RollsOut, HasScale, CreatesPods, HasOrdinals, HasPartition, HasClaims, " + "HasControllerRevisions, StatusNamesRevisions"
    )]
    [TestCase("DaemonSet", "apps", "daemonsets", "Serves, RollsOut, CreatesPods, RunsOnEveryNode, HasControllerRevisions")]
    [TestCase(
        "ReplicaSet",
        "apps",
        "replicasets",
        "Serves, RollsOut, HasScale, CreatesPods, IsCreatedByControllers, HoldsOneRevision, "
            + "CountsWithOwner, IsSelectedByLabels, IsReplacedWhenDeleted"
    )]
    [TestCase("ReplicationController", "", "replicationcontrollers", "Serves, RollsOut, HasScale, CreatesPods")]
    [TestCase("ControllerRevision", "apps", "controllerrevisions", "IsWrittenByControllersAlone")]
    [TestCase(
        "Job",
        "batch",
        "jobs",
        "Serves, CreatesPods, RunsToCompletion, RunsOnce, IsStartedByQueues, IsShortLived, IsCreatedByControllers, CountsWithOwner"
    )]
    [TestCase("CronJob", "batch", "cronjobs", "Serves, RunsToCompletion, RunsOnSchedule")]
    [TestCase(
        "Pod",
        "",
        "pods",
        "Serves, IsItsOwnTemplate, IsOnePod, IsShortLived, IsCreatedByControllers, IsSelectedByLabels, IsReplacedWhenDeleted, "
            + "IsWrittenByKubelets"
    )]
    public void KindBehaves(string name, string group, string resource, string what)
    {
        var kind = BuiltInKinds.Of(group, name);
        Assert.Multiple(() =>
        {
            Assert.That((kind.Name, kind.ApiGroup, kind.Resource), Is.EqualTo((name, group, resource)));
            Assert.That(TrueOf(kind).Except(["IsBuiltInWorkload", "IsSized"]), Is.EquivalentTo(what.Split(", ")));
            Assert.That(kind.IsBuiltInWorkload, Is.EqualTo(!s_controllersAlone.Contains(name)));
        });
    }

    [Test]
    public void OnlySomeKindsReplacePodsInPlaceOrHaveAWritableSize() =>
        Assert.Multiple(() =>
        {
            (string, Surging?)[] expected =
            [
                ("Deployment", Surging.Besides),
                ("StatefulSet", Surging.Never),
                ("DaemonSet", Surging.Instead),
            ];
            Assert.That(BuiltInKinds.All.Where(k => k.InPlace is not null).Select(k => (k.Name, k.InPlace?.Surging)), Is.EqualTo(expected));
            Assert.That(BuiltInKinds.All.Where(k => !k.IsSized).Select(k => k.Name), Is.EqualTo(new[] { "DaemonSet", "Pod" }));
        });

    [TestCase(
        "Deployment",
        1,
        """{"minReadySeconds":30,"progressDeadlineSeconds":630,"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":2,"maxUnavailable":0}}}"""
    )]
    [TestCase(
        "StatefulSet",
        0,
        """{"minReadySeconds":30,"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":2}}}"""
    )]
    [TestCase(
        "DaemonSet",
        1,
        """{"minReadySeconds":30,"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":2,"maxUnavailable":0}}}"""
    )]
    [TestCase(
        "DaemonSet",
        0,
        """{"minReadySeconds":30,"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":2,"maxSurge":null}}}"""
    )]
    public void PaceIsPatchedInTheFieldsOfTheKind(string name, int surge, string patch)
    {
        var kind = BuiltInKinds.All.Single(k => k.Name == name);
        var web = Some.Read(Some.Deployment()) with
        {
            Ref = kind.Named("shop", "web"),
            Strategy = new RolloutStrategy(null, new IntOrPercent(surge, false), new IntOrPercent(1 - surge, false), null, 30, 630, false),
        };
        Assert.That(kind.InPlace?.PacePatch(web, 2), Is.EqualTo(patch));
    }

    [Test]
    public void PartitionIsPatchedInTheFieldsOfTheKind() =>
        Assert.That(
            BuiltInKinds.StatefulSet.PartitionPatch?.Invoke(4),
            Is.EqualTo("""{"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":4}}}""")
        );

    [Test]
    public void ControllerIsTrustedForTheObjectsThatItCreates() =>
        Assert.Multiple(() =>
        {
            Assert.That(KindsOf("deployment-controller"), Is.EqualTo(new[] { "ReplicaSet" }));
            Assert.That(KindsOf("replicaset-controller"), Is.EqualTo(new[] { "Pod" }));
            Assert.That(KindsOf("replication-controller"), Is.EqualTo(new[] { "Pod" }));
            Assert.That(KindsOf("daemon-set-controller"), Is.EquivalentTo(new[] { "Pod", "ControllerRevision" }));
            Assert.That(KindsOf("statefulset-controller"), Is.EquivalentTo(new[] { "Pod", "ControllerRevision" }));
            Assert.That(KindsOf("job-controller"), Is.EqualTo(new[] { "Pod" }));
            Assert.That(KindsOf("cronjob-controller"), Is.EqualTo(new[] { "Job" }));
            Assert.That(KindsOf("generic-garbage-collector"), Is.EquivalentTo(BuiltInKinds.All.Select(k => k.Name)));
            Assert.That(
                TrustedControllers.BuiltIn.All.Single(t => t.User == "system:kube-controller-manager").Kinds,
                Is.EquivalentTo(new[] { "ReplicaSet", "Pod", "ControllerRevision", "Job" })
            );
            Assert.That(TrustedControllers.BuiltIn.Trusts(new Requester("system:node:n1", "", ["system:nodes"]), "Pod"));
            Assert.That(TrustedControllers.BuiltIn.Trusts(new Requester("system:node:n1", "", ["system:nodes"]), "Job"), Is.False);
        });

    [Test]
    public void KindThatMovedIsFoundUnderItsFormerGroup() =>
        Assert.Multiple(() =>
        {
            Assert.That(BuiltInKinds.Of("extensions", "Deployment"), Is.SameAs(BuiltInKinds.Deployment));
            Assert.That(WorkloadKinds.BuiltIn.TemplatePath("extensions", "Deployment"), Is.EqualTo("spec.template"));
            Assert.That(BuiltInKinds.Of("extensions", "Job"), Is.Not.SameAs(BuiltInKinds.Job));
        });

    [Test]
    public void KindOfTheSameNameInAnotherGroupIsACustomKind()
    {
        var advanced = BuiltInKinds.Of("apps.kruise.io", "StatefulSet");
        Assert.Multiple(() =>
        {
            Assert.That((advanced.Serves, advanced.RollsOut, advanced.HasOrdinals), Is.EqualTo((true, true, true)));
            Assert.That((advanced.IsBuiltInWorkload, advanced.HasClaims, advanced.TemplatePath), Is.EqualTo((false, false, (string?)null)));
            Assert.That(
                TrueOf(BuiltInKinds.Of("batch.volcano.sh", "Job")),
                Does.Contain("RunsOnce").And.Not.Contain("IsShortLived").And.Not.Contain("IsStartedByQueues")
            );
        });
    }

    [Test]
    public void CustomKindHasItsOwnDescriptor()
    {
        var rollout = CustomKind.ParseOrNull("rollouts.argoproj.io/Rollout=spec.template")?.Describe();
        Assert.Multiple(() =>
        {
            Assert.That(
                (rollout?.Name, rollout?.ApiGroup, rollout?.Resource, rollout?.TemplatePath),
                Is.EqualTo(("Rollout", "argoproj.io", "rollouts", "spec.template"))
            );
            Assert.That(rollout is null ? ["?"] : TrueOf(rollout), Is.EquivalentTo(new[] { "IsCustom", "IsSized" }));
            var redefined = WorkloadKinds.With([new CustomKind("apps", "deployments", "Deployment", "spec.other")]);
            Assert.That(redefined.TemplatePath("apps", "Deployment"), Is.EqualTo("spec.template"));
        });
    }

    private static IReadOnlyList<string> KindsOf(string controller) =>
        TrustedControllers.BuiltIn.All.Single(t => t.User == $"system:serviceaccount:kube-system:{controller}").Kinds;

    private static IEnumerable<string> TrueOf(WorkloadKind kind) =>
        typeof(WorkloadKind).GetProperties().Where(p => p.PropertyType == typeof(bool) && p.GetValue(kind) is true).Select(p => p.Name);

    private static IEnumerable<(string Path, string Text)> Files() =>
        from file in Directory.EnumerateFiles(Source, "*.cs", SearchOption.AllDirectories)
        let path = Path.GetRelativePath(Source, file).Replace('\\', '/')
        where !path.Split('/').Any(p => p is "obj" or "bin")
        select (path, File.ReadAllText(file));

    /// <summary>Lines with the name of a kind, without comments.</summary>
    private static IEnumerable<string> Literals(string text) =>
        text.Split('\n')
            .Select((line, i) => (Line: line.Trim(), Number: i + 1))
            .Where(l => !l.Line.StartsWith("//", StringComparison.Ordinal) && KindLiteral().IsMatch(l.Line))
            .Select(l => $"{l.Number}: {l.Line}");

    [GeneratedRegex("\"(Deployment|StatefulSet|DaemonSet|ReplicaSet|ReplicationController|ControllerRevision|Job|CronJob|Pod)\\\\?\"")]
    private static partial Regex KindLiteral();
}
