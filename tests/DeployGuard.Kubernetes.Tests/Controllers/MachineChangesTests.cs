using DeployGuard.Core.Admission;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Controllers;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>Which machines are noted because they change workloads in other namespaces.</summary>
public class MachineChangesTests
{
    private const string Reloader = "system:serviceaccount:reloader:reloader";

    [Test]
    public void MachineChangesInOtherNamespacesAreNotedOncePerPlace()
    {
        var changes = new MachineChanges();

        Assert.That(changes.Note(Of(Reloader, "shop"), isAdmitted: true), Is.True);
        Assert.That(changes.Note(Of(Reloader, "shop"), isAdmitted: true), Is.False, "known");
        Assert.That(changes.Note(Of(Reloader, "till"), isAdmitted: false), Is.True);
        Assert.That(changes.Note(Of(Reloader, "till"), isAdmitted: true), Is.False, "that it was refused once stays");
        Assert.That(changes.Note(Of(Reloader, "shop"), isAdmitted: false), Is.False, "known to be refused");
        Assert.That(
            SeenChanges.WriteAll(changes.Merge([])),
            Is.EqualTo($$"""[{"user":"{{Reloader}}","kind":"Deployment","namespaces":["shop","till"],"refused":true}]""")
        );
    }

    [TestCase("dana", "shop", TestName = "{m}(people)")]
    [TestCase("system:node:n1", "shop", TestName = "{m}(kubelets)")]
    [TestCase("system:serviceaccount:kube-system:deployment-controller", "shop", TestName = "{m}(the control plane)")]
    [TestCase("system:serviceaccount:shop:deployer", "shop", TestName = "{m}(accounts in their own namespace)")]
    public void ChangeIsNotNoted(string user, string @namespace) =>
        Assert.That(new MachineChanges().Note(Of(user, @namespace), isAdmitted: true), Is.False);

    [Test]
    public void DryRunsCreatesAndWritesOfAStatusAreNotNoted()
    {
        var changes = new MachineChanges();

        Assert.That(changes.Note(Of(Reloader, "shop") with { DryRun = true }, true), Is.False);
        Assert.That(changes.Note(Of(Reloader, "shop") with { Operation = Operation.Create }, true), Is.False);
        Assert.That(changes.Note(Of(Reloader, "shop") with { SubResource = "status" }, true), Is.False);
    }

    [Test]
    public void AccountsOfOneNamespaceDisplaceNoOthersAndPlacesAreLimited()
    {
        var changes = new MachineChanges();
        for (var i = 0; i < 3000; i++)
        {
            changes.Note(Of($"system:serviceaccount:flood:a{i}", "shop"), isAdmitted: false);
        }

        Assert.That(
            changes.Note(Of("system:serviceaccount:keda:keda-operator", "shop"), isAdmitted: true),
            Is.True,
            "another controller after the flood"
        );
        Assert.That(changes.Note(Of("system:serviceaccount:flood:a0", "till"), isAdmitted: true), Is.True, "an account keeps its place");
        var merged = changes
            .Merge([new SeenChanges(Reloader, "Deployment", [.. Enumerable.Range(0, 20).Select(i => $"n{i:00}")], false)])
            .ToList();

        Assert.That(merged.Count(s => s.User.Contains(":flood:", StringComparison.Ordinal)), Is.EqualTo(MachineChanges.MaxOfANamespace));
        Assert.That(merged.Select(s => s.User), Does.Contain("system:serviceaccount:keda:keda-operator"));
        Assert.That(merged.Single(s => s.User == Reloader).Namespaces, Has.Count.EqualTo(SeenChanges.MaxNamespaces));
    }

    [Test]
    public void FloodOfPlacesAndKindsDisplacesNoOthers()
    {
        var changes = new MachineChanges();
        for (var i = 0; i < 3000; i++)
        {
            changes.Note(Of("system:serviceaccount:flood:a", $"n{i}"), isAdmitted: true);
        }

        Assert.That(
            changes.Note(Of("system:serviceaccount:flood:a", "n5000"), isAdmitted: false),
            Is.True,
            "the first refusal is noted however many places there are"
        );
        Assert.That(changes.Note(Of(Reloader, "shop"), isAdmitted: true), Is.True);
        var flood = changes.Merge([]).Single(s => s.User != Reloader);
        Assert.That((flood.Namespaces.Count, flood.Refused), Is.EqualTo((SeenChanges.MaxNamespaces, true)));
    }

    [Test]
    public void NamespacesOfAccountsShareThePlacesBeforeOneHasASecond()
    {
        var changes = new MachineChanges();
        for (var i = 0; i < MachineChanges.MaxUsers - 1; i++)
        {
            for (var k = 0; k < MachineChanges.MaxOfANamespace; k++)
            {
                changes.Note(Of($"system:serviceaccount:flood{i}:a{k}", "shop"), isAdmitted: true);
            }
        }

        changes.Note(Of(Reloader, "shop"), isAdmitted: true);

        Assert.That(
            changes.Merge([]).Select(s => s.User).Distinct().ToList(),
            Has.Count.EqualTo(MachineChanges.MaxUsers).And.Contain(Reloader)
        );
    }

    [Test]
    public void ForeignContentOfTheListIsIgnored([Values("hello", """[{"user": 1}]""", "{}")] string foreign)
    {
        var stored = System.Text.Json.JsonSerializer.SerializeToElement(
            new { data = new Dictionary<string, string> { [SeenChanges.Key] = foreign } }
        );

        Assert.That(SeenChanges.ReadAll(stored), Is.Empty);
    }

    private static WorkloadRequest Of(string user, string @namespace) =>
        new()
        {
            Operation = Operation.Update,
            Requester = new Requester(user, "", []),
            Target = new WorkloadRef("apps", "Deployment", @namespace, "web"),
        };
}
