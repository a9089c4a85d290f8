using DeployGuard.Core.Evaluation;
using DeployGuard.Tests;

namespace DeployGuard.Core.Tests;

public class DependencyTests
{
    [Test]
    public void CoreReferencesTheBaseClassLibraryAlone() =>
        Assert.That(typeof(PolicyEvaluator).Assembly.GetReferencedAssemblies().Select(a => a.Name), Has.All.StartsWith("System."));

    [Test]
    public void FolderOfCoreUsesOnlyEarlierFolders() =>
        Assert.That(
            FolderOrder.Violations(
                typeof(PolicyEvaluator).Assembly,
                "DeployGuard.Core",
                "Identities",
                "Workloads",
                "Comparison",
                "Attestations",
                "Provenance",
                "Policies",
                "Approvals",
                "Changes",
                "Snapshots",
                "Admission",
                "Exposure",
                "Evaluation",
                "Safeguards",
                "Records",
                "Ports",
                "Replay"
            ),
            Is.Empty
        );
}
