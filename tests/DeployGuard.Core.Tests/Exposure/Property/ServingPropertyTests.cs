namespace DeployGuard.Core.Tests.Serving;

/// <summary>
/// Random namespaces with the rules of the real controllers, and a developer who uses every possible request: after every allowed request
/// the serving pods stay within the steps. A run prints how often each event happened, with every exception.
/// </summary>
public class ServingPropertyTests
{
    private const int StepsOfAWorld = 60;
    private static int MaxReported => Steps > 100_000 ? 12 : 3;

    /// <summary>For the long run: <c>SERVING_STEPS=1000000</c>. The short one takes seconds.</summary>
    private static int Steps => int.TryParse(Environment.GetEnvironmentVariable("SERVING_STEPS"), out var steps) ? steps : 20_000;

    private static int First => int.TryParse(Environment.GetEnvironmentVariable("SERVING_SEED"), out var seed) ? seed : 1;

    [Test]
    public void ServingPodsStayWithinTheStepAfterAllowedRequests()
    {
        var tally = new Tally();
        var broken = Enumerable
            .Range(First, Math.Max(1, Steps / StepsOfAWorld))
            .AsParallel()
            .Select(seed => Run(seed, tally))
            .Where(b => b is not null)
            .Take(MaxReported)
            .ToList();
        TestContext.Out.WriteLine($"{Steps} steps\n{tally}");
        Assert.That(string.Join("\n\n", broken.Select(b => b is { } found ? Shortest(found) : "")), Is.Empty);
    }

    /// <summary>Seeds with which a long run once found more unproven pods than a step allows.</summary>
    [TestCase(595, Description = "more replicas during a rollout from one unproven revision to another")]
    [TestCase(770, Description = "orphaned pods that another ReplicaSet adopts and deletes")]
    [TestCase(1032, Description = "proven pods that are not ready beside a canary that grows")]
    [TestCase(1148, Description = "a Service that becomes an alias while pods are being deleted")]
    [TestCase(1175, Description = "a Service that is switched to a Job")]
    [TestCase(1598, Description = "a rollout that moves proven pods into a Service in small batches")]
    [TestCase(1660, Description = "a ReplicaSet whose template gets the labels of a Service")]
    [TestCase(1681, Description = "a rollout that moves unproven pods into a Service")]
    [TestCase(2033, Description = "a pod of a StatefulSet deleted above a partition")]
    [TestCase(2054, Description = "an alias of a Service that has one unproven pod")]
    [TestCase(2619, Description = "pods of a StatefulSet's third revision")]
    [TestCase(2726, Description = "the same, after a rollback")]
    [TestCase(2810, Description = "pods that a StatefulSet is about to delete still serve")]
    [TestCase(2838, Description = "the pace undone one pod at a time")]
    [TestCase(3030, Description = "a rollout to the revision of an edited ReplicaSet, whose label a Service selects")]
    [TestCase(3270, Description = "a proven pod that a rollout under way has yet to replace")]
    [TestCase(3316, Description = "a paused rollout of a workload without pods is resumed")]
    [TestCase(3648, Description = "a Deployment that is scaled up shares its unproven pods before it rolls out another revision")]
    [TestCase(3978, Description = "a ReplicaSet that is deleted and orphans its pods")]
    [TestCase(4650, Description = "proven pods of a workload whose own revision was proven after they were deleted")]
    [TestCase(4901, Description = "a Service switched from a paused Deployment that has no pod yet")]
    [TestCase(4918, Description = "the same with surge pods, and users without a proven pod")]
    [TestCase(5081, Description = "a pod orphaned by a ReplicaSet whose template was edited")]
    [TestCase(5408, Description = "the same in a rollout that creates others in their place")]
    [TestCase(5515, Description = "a StatefulSet that is scaled up creates the former revision below its partition")]
    [TestCase(5619, Description = "the same of one whose newest revision is unproven too")]
    [TestCase(5801, Description = "a pod that was given a proven image, where all others are unproven")]
    [TestCase(6412, Description = "a Service switched from a rollout whose pods do not exist yet")]
    [TestCase(6921, Description = "a scaled revision that completed every step, beside one whose share does not grow")]
    [TestCase(7080, Description = "the same behind a Service that is created again")]
    [TestCase(7470, Description = "the same of a revision that has two ReplicaSets")]
    [TestCase(9002, Description = "a pod of a StatefulSet that is given the image of the rollout under way")]
    [TestCase(9008, Description = "a Service that selects no template, but pods")]
    [TestCase(9735, Description = "a Service switched back while pods of a third revision surge before their deletion")]
    [TestCase(10490, Description = "a pod of another owner is deleted, whose name a StatefulSet waits for")]
    [TestCase(10837, Description = "an old ReplicaSet that is scaled up beyond its part")]
    [TestCase(11161, Description = "an old ReplicaSet that becomes the newest of a rollout under way")]
    [TestCase(12118, Description = "a Deployment that is scaled up, and whose old pods surge behind another Service")]
    [TestCase(12159, Description = "a Service created again as it was before the last of its name")]
    [TestCase(12657, Description = "a Service created again that was an alias meanwhile")]
    [TestCase(12672, Description = "surge pods by the former strategy of a Deployment that recreates")]
    [TestCase(12842, Description = "a pod below a partition that is given the new image")]
    [TestCase(13042, Description = "a pod that is about to be orphaned counted twice")]
    [TestCase(13281, Description = "the same beside a Job that completed every step")]
    [TestCase(14097, Description = "a lower partition during a paced rollout, and a faster pace")]
    [TestCase(14483, Description = "a Service created again, with as many pods of one image as before")]
    [TestCase(14484, Description = "a Deployment that adopts an orphaned ReplicaSet, and replaces it")]
    [TestCase(15601, Description = "a pod edited by hand counted twice among those that are ready")]
    [TestCase(16008, Description = "a Deployment that is scaled up while it adopts a ReplicaSet")]
    [TestCase(16082, Description = "a rollout of a Deployment that is about to adopt its ReplicaSet again")]
    [TestCase(1334, Description = "a Service created again: continued rollouts are counted workload by workload")]
    [TestCase(1405, Description = "and up to the recent number of pods, not the highest ever")]
    [TestCase(2242, Description = "an alias that is created again has its own users")]
    [TestCase(8547, Description = "a rollback with a scale-up adds pods of the revision that it replaces")]
    public void SeedThatOnceFailedPasses(int seed)
    {
        var broken = Run(seed, new Tally());
        Assert.That(broken is { } found ? Shortest(found) : "", Is.Empty);
    }

    /// <returns>The steps up to the failing one; null if none failed.</returns>
    private static (int Seed, IReadOnlyList<int> Steps)? Run(int seed, Tally tally)
    {
        var world = new ServingWorld(seed, tally);
        for (var step = 0; step < StepsOfAWorld && !world.IsOver; step++)
        {
            if (world.Step(step) is not null)
            {
                return (seed, [.. Enumerable.Range(0, step + 1)]);
            }
        }

        return null;
    }

    /// <summary>Leaves out every step that the failure does not need.</summary>
    private static string Shortest((int Seed, IReadOnlyList<int> Steps) broken)
    {
        var steps = broken.Steps.ToList();
        for (var i = steps.Count - 2; i >= 0; i--)
        {
            var fewer = steps.Where((_, at) => at != i).ToList();
            steps = Replay(broken.Seed, fewer) is { } at ? fewer[..(at.Steps)] : steps;
            i = Math.Min(i, steps.Count - 1);
        }

        var found = Replay(broken.Seed, steps) ?? throw new InvalidOperationException("the failure did not occur again");
        return $"seed {broken.Seed}, steps {string.Join(' ', steps)}\n{string.Join('\n', found.Log)}\n{found.Violation}";
    }

    private static (string Violation, int Steps, IReadOnlyList<string> Log)? Replay(int seed, List<int> steps)
    {
        var world = new ServingWorld(seed, new Tally());
        for (var i = 0; i < steps.Count; i++)
        {
            if (world.Step(steps[i]) is { } broken)
            {
                return (broken, i + 1, world.Log);
            }
        }

        return null;
    }
}
