using DeployGuard.Rig;

namespace DeployGuard.EndToEnd;

/// <summary>The first command of the README: each step of the story ends as it is told.</summary>
public class DemoTests : OwnCluster
{
    protected override int Replicas => 0;

    [Test]
    public async Task EveryStepOfTheDemoSucceeds() => await new Demo(TestCluster.Rig).PlayAsync();
}
