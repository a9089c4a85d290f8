using DeployGuard.Core.Snapshots;
using static DeployGuard.Core.Tests.Shop;

namespace DeployGuard.Core.Tests;

/// <summary>Which objects hold the revisions of a workload. The reference alone is no evidence.</summary>
public class OwnershipTests
{
    [Test]
    public void ADeploymentKeepsTheReplicaSetsThatItSelects()
    {
        var set = SetOf(Web(20, V2));

        Assert.That(Ownership.IsOwnerOf(Web(20).Read(), set.Read()));
        Assert.That(Ownership.IsOwnerOf(C(1).Read(), set.Read()), Is.False, "another selector");
        Assert.That(Ownership.IsOwnerOf(Web(20).With("metadata/namespace", "\"other\"").Read(), set.Read()), Is.False);
    }

    [TestCase("ReplicaSet")]
    [TestCase("StatefulSet")]
    [TestCase("DaemonSet")]
    public void OtherKindsKeepNoReplicaSets(string kind) =>
        Assert.That(Ownership.IsOwnerOf(Web(20).With("kind", $"\"{kind}\"").Read(), SetOf(Web(20, V2)).Read()), Is.False);

    [TestCase("StatefulSet", "web-7c6b9", ExpectedResult = true)]
    [TestCase("DaemonSet", "web-7c6b9", ExpectedResult = true)]
    [TestCase("Deployment", "web-7c6b9", ExpectedResult = false, Description = "its kind keeps none")]
    [TestCase("ReplicaSet", "web-7c6b9", ExpectedResult = false, Description = "its kind keeps none")]
    [TestCase("StatefulSet", "other-7c6b9", ExpectedResult = false, Description = "it was made for another one")]
    [TestCase("StatefulSet", "web-canary-7c6b9", ExpectedResult = false, Description = "it was made for web-canary")]
    [TestCase("StatefulSet", "web-", ExpectedResult = false)]
    [TestCase("StatefulSet", "web", ExpectedResult = false)]
    public bool AControllerRevisionBelongsToTheWorkloadThatItIsNamedAfter(string kind, string revision) =>
        Ownership.IsOwnerOfRevision(Web(20).With("kind", $"\"{kind}\"").Read(), revision, Web(20, V2).Read().Template);

    [Test]
    public void AControllerRevisionOfPodsThatTheWorkloadDoesNotSelectIsNotItsOwn() =>
        Assert.That(Ownership.IsOwnerOfRevision(StatefulSet("web", 3, V1).Read(), "web-7c6b9", C(1).Read().Template), Is.False);

    [Test]
    public void ControllersCutALongName()
    {
        var name = new string('a', 230);
        var set = StatefulSet(name, 3, V1).With("spec/selector/matchLabels", """{"app": "web"}""").Read();

        Assert.That(Ownership.IsOwnerOfRevision(set, $"{name[..223]}-7c6b9", set.Template));
        Assert.That(Ownership.IsOwnerOfRevision(set, $"{name[..222]}-7c6b9", set.Template), Is.False);
    }
}
