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
                CompareWithModel(world, world.Any(random), $"seed {seed}, round {round}, request {i}");
                world.Pass(random);
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
                CompareWithModel(world, world.Any(random), $"seed {seed}, round {round}, request {i}");
                world.Pass(random);
            }

            new Walk(world, random.Next(1, PooledWorld.Images), $"seed {seed}, round {round}").RollOutAndBack(random);
        }
    }

    /// <summary>Applies an allowed request, after the evaluator and the model agreed on it.</summary>
    private static void CompareWithModel(PooledWorld world, ModelWorkload asked, string when)
    {
        var expected = new ExposurePage(world).Refusals(asked);
        var verdict = world.Decide(asked);
        Assert.That(
            verdict.IsAllowed,
            Is.EqualTo(expected.Count == 0),
            () => $"{when}: {world}asked: {asked}\nthe model refuses: {string.Join("; ", expected)}\nthe guard: {Said(verdict)}"
        );
        if (verdict.IsAllowed)
        {
            world.Apply(asked);
        }
    }

    private static string Said(Verdict verdict) => string.Join("; ", verdict.Findings.Select(f => f.Finding.Message));

    /// <summary>From any state to the proven revision everywhere, on to a new image everywhere, and back again.</summary>
    private sealed class Walk(PooledWorld world, int image, string when)
    {
        public void RollOutAndBack(Random random)
        {
            foreach (var made in world.Running.ToList())
            {
                MayRollBack(made);
                Must(made with { Image = 0, Partition = 0, Pacing = Pacing.AllAtOnce }, "to the proven revision, at once");
            }

            var target = world.Running.ElementAt(random.Next(world.Running.Count)).Name;
            Must(Now(target) with { Size = Math.Max(1, Now(target).Size), Partition = 0 }, "more pods of the proven revision");
            var pools = ExposurePage.PoolsOf(Now(target), world.Running);
            // A claim to be the canary of another claimed canary does not count.
            var beside = Now(target).CanaryOf is null || !pools.Contains(Now(target).OwnPool);
            Action<string> there = random.Next(3) switch
            {
                0 when beside => BesideIt,
                // Pods prove nothing to users that they do not serve.
                1 when Now(target) is { Kind: "StatefulSet", CanaryOf: null } => ByItsPartition,
                _ => AtItsPace,
            };
            there(target);

            Assert.That(Now(target).Runs(image), Is.EqualTo(Now(target).Size), () => $"{when}: {world}{target} did not come to all of it");
            Must(Now(target) with { Image = 0, Pacing = Pacing.AllAtOnce }, "and back");
        }

        /// <summary>During any unfinished rollout: scaling down, to zero, and a rollback to the same size.</summary>
        private void MayRollBack(ModelWorkload made)
        {
            var ways = Enumerable
                .Range(0, PooledWorld.Images)
                .Where(i => i != made.Image && world.CompletedOn(made, i) >= made.Size)
                .Select(i => made with { Image = i, Pacing = Pacing.AllAtOnce })
                .Append(made with { Size = made.Size / 2 })
                .Append(made with { Size = 0 });
            foreach (var way in ways)
            {
                Assert.That(
                    world.Decide(way).IsAllowed,
                    () => $"{when}, a way back: {world}asked: {way}\nthe guard: {Said(world.Decide(way))}"
                );
            }
        }

        /// <summary>For each pool a second Deployment in that pool alone, as large as each step allows; then the full rollout.</summary>
        private void BesideIt(string target)
        {
            foreach (var pool in ExposurePage.PoolsOf(Now(target), world.Running))
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
                    Must(Most(pods => canary with { Size = pods }, canary.Size, 2000), $"as many as step {step} allows in {pool}");
                    world.Soak();
                    Assert.That(
                        world.Latched(image, pool),
                        Is.GreaterThan(step),
                        () => $"{when}: {world}step {step} is not held in {pool}"
                    );
                }
            }

            Must(Now(target) with { Image = image }, "everywhere at once, after the last step");
        }

        /// <summary>The partition as low as each step allows, down to zero.</summary>
        private void ByItsPartition(string target)
        {
            var size = Now(target).Size;
            Must(Now(target) with { Image = image, Partition = size }, "with the partition above all of its pods");
            for (var step = 0; Now(target).Partition > 0; step++)
            {
                Assert.That(step, Is.LessThan(100), () => $"{when}: {world}it does not come further");
                Must(
                    Most(pods => Now(target) with { Partition = size - pods }, size - Now(target).Partition, size),
                    "as low as its step allows"
                );
                world.Soak();
            }
        }

        private void AtItsPace(string target)
        {
            var asked = Now(target) with { Image = image, Pacing = Pacing.OneByOne };
            Assert.That(
                world.Decide(asked).IsAllowed,
                () => $"{when}, at its pace: {world}asked: {asked}\nthe guard: {Said(world.Decide(asked))}"
            );
            world.Apply(asked);
            world.ContinueRollout(target, 2);
            MayRollBack(Now(target));
            world.Settle(target);
        }

        private ModelWorkload Now(string name) => world.Find(name) ?? throw new InvalidOperationException($"{name} is gone");

        /// <summary>The maximum that the model allows.</summary>
        private ModelWorkload Most(Func<int, ModelWorkload> shape, int from, int to)
        {
            var page = new ExposurePage(world);
            var most = from;
            while (most < to && page.Refusals(shape(most + 1)).Count == 0)
            {
                most++;
            }

            return shape(most);
        }

        private void Must(ModelWorkload asked, string what)
        {
            var verdict = world.Decide(asked);
            Assert.That(verdict.IsAllowed, () => $"{when}, {what}: {world}asked: {asked}\nthe guard: {Said(verdict)}");
            world.Apply(asked);
            world.Settle(asked.Name);
        }
    }
}
