using DeployGuard.Tests;
using DeployGuard.Webhook.Admission;

namespace DeployGuard.Webhook.Tests;

public class DependencyTests
{
    [Test]
    public void AFolderUsesOnlyThoseBeforeIt() =>
        Assert.That(
            FolderOrder.Violations(
                typeof(AdmissionEndpoint).Assembly,
                "DeployGuard.Webhook",
                "Reviews",
                "Telemetry",
                "Admission",
                "Records",
                "Hosting",
                FolderOrder.Root
            ),
            Is.Empty
        );
}
