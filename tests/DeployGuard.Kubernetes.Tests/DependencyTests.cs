using DeployGuard.Kubernetes.Api;
using DeployGuard.Tests;

namespace DeployGuard.Kubernetes.Tests;

public class DependencyTests
{
    [Test]
    public void FolderUsesOnlyEarlierFolders() =>
        Assert.That(
            FolderOrder.Violations(
                typeof(ApiConnection).Assembly,
                "DeployGuard.Kubernetes",
                "Api",
                "Cache",
                "Events",
                "Changes",
                "LiveReads",
                "Reservations",
                "Decisions",
                "Controllers",
                "Certificates",
                "Leader",
                "Webhooks",
                "LeaderTasks",
                FolderOrder.Root
            ),
            Is.Empty
        );
}
