using DeployGuard.Tests;
using DeployGuard.Webhook.Admission;

namespace DeployGuard.Webhook.Tests;

public class DependencyTests
{
    [Test]
    public void AFolderUsesOnlyThoseBeforeIt() =>
        Assert.That(FolderOrder.Violations(typeof(AdmissionEndpoint).Assembly, "DeployGuard.Webhook", "Admission", "Records", "Telemetry", "Hosting", FolderOrder.Root), Is.Empty);
}
