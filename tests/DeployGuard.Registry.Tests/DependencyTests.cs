using DeployGuard.Tests;

namespace DeployGuard.Registry.Tests;

public class DependencyTests
{
    [Test]
    public void RegistryReferencesTheBaseClassLibraryAndPollyAlone() =>
        Assert.That(
            typeof(RegistryLookup).Assembly.GetReferencedAssemblies().Select(a => a.Name).Where(n => n != "Polly.Core"),
            Has.All.StartsWith("System.")
        );

    [Test]
    public void FolderOfRegistryUsesOnlyEarlierFolders() =>
        Assert.That(
            FolderOrder.Violations(
                typeof(RegistryLookup).Assembly,
                "DeployGuard.Registry",
                "References",
                "Access",
                "Credentials",
                "Transport",
                "Content",
                "Lookups",
                "Pushes",
                FolderOrder.Root
            ),
            Is.Empty
        );
}
