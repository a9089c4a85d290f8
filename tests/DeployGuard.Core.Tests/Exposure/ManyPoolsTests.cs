using DeployGuard.Core.Evaluation;

namespace DeployGuard.Core.Tests;

/// <summary>
/// Random namespaces of several Services, StatefulSets, claimed canaries and unfinished rollouts, and random requests, compared with a
/// second implementation of the model.
/// </summary>
public class ManyPoolsTests
{
    [Test]
    public void AllowedRequestsStayWithinTheStepOfEveryPoolAndOthersAreRefused([Range(1, 20)] int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 12; round++)
        {
            var world = new PooledWorld(random);
            for (var i = 0; i < 15; i++)
            {
                CompareWithModel(world, world.RandomRequest(random), $"seed {seed}, round {round}, request {i}");
                world.Advance(random);
            }
        }
    }

    [Test]
    public void FullRolloutAndRollbackAreAlwaysPossible([Range(1, 20)] int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 6; round++)
        {
            var world = new PooledWorld(random);
            for (var i = 0; i < 8; i++)
            {
                CompareWithModel(world, world.RandomRequest(random), $"seed {seed}, round {round}, request {i}");
                world.Advance(random);
            }

            new RolloutScenario(world, random.Next(1, PooledWorld.Images), $"seed {seed}, round {round}").RollOutAndBack(random);
        }
    }

    /// <summary>Applies an allowed request, after the evaluator and the model agreed on it.</summary>
    private static void CompareWithModel(PooledWorld world, ModelWorkload requested, string when)
    {
        var expected = new ReferenceModel(world).Refusals(requested);
        var verdict = world.Decide(requested);
        Assert.That(
            verdict.IsAllowed,
            Is.EqualTo(expected.Count == 0),
            () =>
                $"{when}: {world}requested: {requested}\nthe model refuses: {string.Join("; ", expected)}\nthe evaluator: {MessagesOf(verdict)}"
        );
        if (verdict.IsAllowed)
        {
            world.Apply(requested);
        }
    }

    private static string MessagesOf(Verdict verdict) => string.Join("; ", verdict.Findings.Select(f => f.Finding.Message));

    /// <summary>From any state to the proven revision everywhere, on to a new image everywhere, and back again.</summary>
    private sealed class RolloutScenario(PooledWorld world, int image, string when)
    {
        public void RollOutAndBack(Random random)
        {
            foreach (var workload in world.Running.ToList())
            {
                ExpectReductionsAllowed(workload);
                ExpectAllowed(workload with { Image = 0, Partition = 0, Pacing = Pacing.AllAtOnce }, "to the proven revision, at once");
            }

            var target = world.Running.ElementAt(random.Next(world.Running.Count)).Name;
            ExpectAllowed(Now(target) with { Size = Math.Max(1, Now(target).Size), Partition = 0 }, "more pods of the proven revision");
            var pools = ReferenceModel.PoolsOf(Now(target), world.Running);
            // A claim to be the canary of another claimed canary does not count.
            var beside = Now(target).CanaryOf is null || !pools.Contains(Now(target).OwnPool);
            Action<string> rollOut = random.Next(3) switch
            {
                0 when beside => RollOutByCanary,
                // Pods prove nothing to users that they do not serve.
                1 when Now(target) is { Kind: "StatefulSet", CanaryOf: null } => RollOutByPartition,
                _ => RollOutInPlace,
            };
            rollOut(target);

            Assert.That(Now(target).Runs(image), Is.EqualTo(Now(target).Size), () => $"{when}: {world}{target} did not come to all of it");
            ExpectAllowed(Now(target) with { Image = 0, Pacing = Pacing.AllAtOnce }, "and back");
        }

        /// <summary>During any unfinished rollout: scaling down, to zero, and a rollback to the same size.</summary>
        private void ExpectReductionsAllowed(ModelWorkload workload)
        {
            var requests = Enumerable
                .Range(0, PooledWorld.Images)
                .Where(i => i != workload.Image && world.CompletedOn(workload, i) >= workload.Size)
                .Select(i => workload with { Image = i, Pacing = Pacing.AllAtOnce })
                .Append(workload with { Size = workload.Size / 2 })
                .Append(workload with { Size = 0 });
            foreach (var request in requests)
            {
                Assert.That(
                    world.Decide(request).IsAllowed,
                    () => $"{when}, scale-down or rollback: {world}requested: {request}\nthe evaluator: {MessagesOf(world.Decide(request))}"
                );
            }
        }

        /// <summary>For each pool a second Deployment in that pool alone, as large as each step allows; then the full rollout.</summary>
        private void RollOutByCanary(string target)
        {
            foreach (var pool in ReferenceModel.PoolsOf(Now(target), world.Running))
            {
                var (kind, name) = pool.Split(' ') is [var first, var second] ? (first, second) : throw new InvalidOperationException(pool);
                var canary = new ModelWorkload(
                    $"beside-{name}",
                    "Deployment",
                    kind == "Service" ? [name] : [],
                    kind == "Service" ? null : name,
                    0,
                    image,
                    0,
                    Pacing.AllAtOnce
                );
                for (
                    var step = world.Latched(image, pool);
                    step < world.Steps.Count && !world.IsProven(image, pool);
                    step = world.Latched(image, pool)
                )
                {
                    ExpectAllowed(
                        LargestAllowed(pods => canary with { Size = pods }, canary.Size, 2000),
                        $"as many as step {step} allows in {pool}"
                    );
                    world.Soak();
                    Assert.That(
                        world.Latched(image, pool),
                        Is.GreaterThan(step),
                        () => $"{when}: {world}step {step} is not held in {pool}"
                    );
                }
            }

            ExpectAllowed(Now(target) with { Image = image }, "everywhere at once, after the last step");
        }

        /// <summary>The partition as low as each step allows, down to zero.</summary>
        private void RollOutByPartition(string target)
        {
            var size = Now(target).Size;
            ExpectAllowed(Now(target) with { Image = image, Partition = size }, "with the partition above all of its pods");
            for (var step = 0; Now(target).Partition > 0; step++)
            {
                Assert.That(step, Is.LessThan(100), () => $"{when}: {world}it does not come further");
                ExpectAllowed(
                    LargestAllowed(pods => Now(target) with { Partition = size - pods }, size - Now(target).Partition, size),
                    "as low as its step allows"
                );
                world.Soak();
            }
        }

        private void RollOutInPlace(string target)
        {
            var requested = Now(target) with { Image = image, Pacing = Pacing.OneByOne };
            Assert.That(
                world.Decide(requested).IsAllowed,
                () => $"{when}, at its pace: {world}requested: {requested}\nthe evaluator: {MessagesOf(world.Decide(requested))}"
            );
            world.Apply(requested);
            world.ContinueRollout(target, 2);
            ExpectReductionsAllowed(Now(target));
            world.Settle(target);
        }

        private ModelWorkload Now(string name) => world.Find(name) ?? throw new InvalidOperationException($"{name} is gone");

        /// <summary>The maximum that the model allows.</summary>
        private ModelWorkload LargestAllowed(Func<int, ModelWorkload> shape, int from, int to)
        {
            var page = new ReferenceModel(world);
            var most = from;
            while (most < to && page.Refusals(shape(most + 1)).Count == 0)
            {
                most++;
            }

            return shape(most);
        }

        private void ExpectAllowed(ModelWorkload requested, string what)
        {
            var verdict = world.Decide(requested);
            Assert.That(verdict.IsAllowed, () => $"{when}, {what}: {world}requested: {requested}\nthe evaluator: {MessagesOf(verdict)}");
            world.Apply(requested);
            world.Settle(requested.Name);
        }
    }
}
