using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Tests;

/// <summary>What a requester reads whose requests wait in such a number that another one finds no place.</summary>
public class NoRoomTests
{
    [Test]
    public void ItSaysHowManyWaitAndNamesTheOldest() =>
        Assert.That(
            RemedyOf(10),
            Does.Contain(
                    "too many requests of dana wait already: 10 for deployment/web, the oldest are web-0, web-1, web-2. Withdraw one that is not "
                        + "needed"
                )
                .And.Contain("kubectl deployguard withdraw web-0 -n shop; then ")
        );

    [Test]
    public void WhereNoneWaitsForThisWorkloadTheListNamesThem() =>
        Assert.That(
            RemedyOf(0),
            Does.Contain("too many requests of dana wait already. Withdraw one").And.Contain("kubectl deployguard withdraw CHANGE -n shop")
        );

    private static string RemedyOf(int waiting)
    {
        var policy = Some.Policy("""{"approval": {"required": "Always", "quorum": [{"groups": ["senior-engineers"]}]}}""");
        var cluster = new ClusterSnapshot
        {
            Policies = [policy],
            ApproveBy = ApproveBy.NoRoom,
            Changes =
            [
                .. Enumerable
                    .Range(0, waiting)
                    .Select(i =>
                        Some.Change(Some.Deployment($"web:{i}"), Phase.Pending) with
                        {
                            Name = $"web-{i}",
                            Requesters = ["dana"],
                            LastRequestedAt = Some.Now.AddMinutes(i),
                        }
                    ),
            ],
        };
        return Some.Decide(Some.Update(Some.Deployment("web:1000"), Some.Deployment("web:1001")), cluster).Denials.Single().Finding.Remedy;
    }
}
