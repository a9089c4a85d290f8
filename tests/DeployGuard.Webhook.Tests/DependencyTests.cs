using DeployGuard.Tests;
using DeployGuard.Webhook.Admission;

namespace DeployGuard.Webhook.Tests;

public class DependencyTests
{
    [Test]
    public void FolderUsesOnlyEarlierFolders() =>
        Assert.That(
            FolderOrder.Violations(
                typeof(AdmissionEndpoint).Assembly,
                "DeployGuard.Webhook",
                "Reviews",
                "Telemetry",
                "Lookups",
                "Admission",
                "Records",
                "Hosting",
                FolderOrder.Root
            ),
            Is.Empty
        );
}
