using System.Net;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.LeaderTasks;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>One object that the API server refuses does not stop the others.</summary>
public class EachOfThemTests
{
    [Test]
    public async Task AllHaveTheirTurnAndTheFirstRefusalIsTold()
    {
        var done = new List<int>();

        Task Act(int item)
        {
            if (item % 2 == 0)
            {
                throw new ApiException(HttpStatusCode.Forbidden, "p", $"{item} is being terminated");
            }

            done.Add(item);
            return Task.CompletedTask;
        }

        var refused = await Assert.CatchAsync<ApiException>(() => EachOfThem.DoAsync([1, 2, 3, 4, 5], Act));

        Assert.That(done, Is.EqualTo(new[] { 1, 3, 5 }));
        Assert.That(refused?.Message, Does.Contain("2 is being terminated"));
    }
}
