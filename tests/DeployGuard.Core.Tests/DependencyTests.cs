using DeployGuard.Core.Evaluation;

namespace DeployGuard.Core.Tests;

public class DependencyTests
{
    [Test]
    public void CoreReferencesTheBaseClassLibraryAlone() => Assert.That(
        typeof(PolicyEvaluator).Assembly.GetReferencedAssemblies().Select(a => a.Name),
        Has.All.StartsWith("System."));
}
