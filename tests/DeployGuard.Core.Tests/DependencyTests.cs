namespace DeployGuard.Core.Tests;

public class DependencyTests
{
    [Test]
    public void CoreReferencesTheBaseClassLibraryAlone() => Assert.That(
        typeof(Guard).Assembly.GetReferencedAssemblies().Select(a => a.Name),
        Has.All.StartsWith("System."));
}
