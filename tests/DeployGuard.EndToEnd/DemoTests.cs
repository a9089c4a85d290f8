using DeployGuard.Rig;

namespace DeployGuard.EndToEnd;

/// <summary>The demo of the README: each step ends as expected.</summary>
public class DemoTests : OwnCluster
{
    protected override int Replicas => 0;

    [Test]
    public async Task EveryStepOfTheDemoSucceeds()
    {
        using var demo = new Demo(TestCluster.Rig);
        await demo.PlayAsync();
    }
}
