using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

/// <summary>
/// Random pools and requests, compared with a second implementation of the model: whole numbers only. Every rollout completes before the
/// next request.
/// </summary>
public class PoolModelTests
{
    private const int Images = 4;

    [Test]
    public void AllowedRequestsStayWithinTheirStepAndOthersAreRefused([Range(1, 20)] int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 25; round++)
        {
            var world = new ModelPool(random);
            for (var i = 0; i < 12; i++)
            {
                var request = world.RandomRequest(random);
                var refused = !Some.Decide(world.ToRequest(request), world.View).IsAllowed;
                Assert.That(refused, Is.EqualTo(world.Refuses(request)), () => $"seed {seed}, {world}: {request}");
                if (!refused)
                {
                    world.Apply(request);
                }
            }
        }
    }

    [Test]
    public void FullRolloutAndRollbackAreAlwaysPossible([Range(1, 20)] int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 10; round++)
        {
            var world = new ModelPool(random);
            for (var i = 0; i < 6; i++)
            {
                var request = world.RandomRequest(random);
                if (!world.Refuses(request))
                {
                    world.Apply(request);
                }
            }

            world.ExpectAllowed(new ModelRequest("web", Math.Max(1, world.Size("web")), 0, Conforms: true), "back to the proven revision");
            foreach (var name in world.Canaries)
            {
                world.ExpectAllowed(new ModelRequest(name, 0, world.Image(name), Conforms: false), "no unproven pods beside it");
            }

            RollOutByCanary(world, random.Next(1, Images));
        }
    }

    /// <summary>One canary, then as many pods as each step allows, then the full rollout.</summary>
    private static void RollOutByCanary(ModelPool world, int image)
    {
        world.ExpectAllowed(new ModelRequest("canary", 1, image, Conforms: false), "one canary");
        for (var step = 0; step < world.Steps.Count; step++)
        {
            var pods = 1;
            while (!world.Refuses(new ModelRequest("canary", pods + 1, image, Conforms: false)) && pods < 2000)
            {
                pods++;
            }

            world.ExpectAllowed(new ModelRequest("canary", pods, image, Conforms: false), $"{pods} at step {step}");
            world.CompleteSteps(image, step + 1);
        }

        world.ExpectAllowed(new ModelRequest("web", Math.Max(1, world.Size("web")), image, Conforms: false), "everywhere");
    }

    /// <summary>A request: a workload with a number of pods of an image, at a conforming pace or all at once.</summary>
    private sealed record ModelRequest(string Name, int Size, int Image, bool Conforms);

    private sealed class ModelPool
    {
        private readonly SafeguardPolicy _policy;
        private readonly Dictionary<string, ModelRequest> _running = [];
        private readonly Dictionary<int, int> _held = [];

        public ModelPool(Random random)
        {
            Steps = [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => random.Next(1, 100)).Distinct().Order()];
            Percent = random.Next(1, 40);
            _policy = Some.Policy(
                $$"""{"canary": {"required": "Always", "steps": [{{string.Join(", ", Steps)}}], "pace": {"percent": {{Percent}}, "minReady": "10m"} } }"""
            );
            _running["web"] = new ModelRequest("web", random.Next(1, 60), 0, Conforms: false);
        }

        public IReadOnlyList<int> Steps { get; }

        private int Percent { get; }

        public IReadOnlyList<string> Canaries => [.. _running.Keys.Where(n => n != "web")];

        public ClusterSnapshot View =>
            new()
            {
                Policies = [_policy],
                Changes = Records,
                Namespace = new NamespaceSnapshot
                {
                    Services = [new Service("web", new Dictionary<string, string> { ["app"] = "web" }, false)],
                    Members =
                    [
                        .. _running.Values.Select(r => new Member
                        {
                            Spec = Json(r).Read(),
                            Pods = [new RevisionPods(Json(r).Read().Template.Hash, null, [Reference(r.Image)], r.Size)],
                        }),
                    ],
                    Changes = Records,
                },
            };

        private IReadOnlyList<Change> Records =>
            [
                Some.Change(Json(new ModelRequest("web", 1, 0, false)), Phase.Proven),
                .. _running
                    .Values.Where(r => r.Image != 0 || r.Name != "web")
                    .Select(r => Some.Change(Json(r), r.Image == 0 ? Phase.Proven : Phase.Completed)),
                // A completed step belongs to the image and the pool, not to the workload.
                .. _held
                    .Where(h => h.Value > 0)
                    .Select(h =>
                        Some.Change(Json(new ModelRequest("gone", 1, h.Key, false)), Phase.Completed) with
                        {
                            CompletedSteps = [new CompletedStep(_policy.Name, "Service web", Steps[h.Value - 1], Some.Now)],
                        }
                    ),
            ];

        public int Size(string name) => _running[name].Size;

        public int Image(string name) => _running[name].Image;

        public void CompleteSteps(int image, int steps) => _held[image] = Math.Max(steps, _held.GetValueOrDefault(image));

        public void Apply(ModelRequest request) => _running[request.Name] = request;

        public void ExpectAllowed(ModelRequest request, string what)
        {
            Assert.That(
                Some.Decide(ToRequest(request), View).Findings.Where(f => f.IsDenial).Select(f => f.Finding.Message),
                Is.Empty,
                () => $"{what}: {this}: {request}"
            );
            Apply(request);
        }

        /// <summary>Scales, creates or changes a workload; sometimes a step is completed.</summary>
        public ModelRequest RandomRequest(Random random)
        {
            if (random.Next(4) == 0)
            {
                CompleteSteps(random.Next(1, Images), random.Next(0, Steps.Count + 1));
            }

            var name = random.Next(3) switch
            {
                0 => "web",
                1 => "one",
                _ => "two",
            };
            var before = _running.GetValueOrDefault(name);
            var conforms = random.Next(2) == 0;
            return before is null || random.Next(2) == 0
                // A rollout in place keeps its size: scaling during a rollout has its own test.
                ? new ModelRequest(name, before?.Size ?? random.Next(1, 12), random.Next(Images), conforms)
                : before with
                {
                    Size = random.Next(0, 60),
                };
        }

        /// <summary>The model, by its formulas.</summary>
        public bool Refuses(ModelRequest request)
        {
            var before = _running.GetValueOrDefault(request.Name);
            var others = _running.Values.Where(r => r.Name != request.Name).ToList();
            var isUnproven = request.Image != 0;
            var inPlace = before is { Size: > 0 } && before.Image != request.Image;
            var batch = inPlace && request.Conforms ? 1 : 0;
            var own =
                !isUnproven ? 0
                : inPlace && request.Conforms ? 1
                : request.Size;
            // During a conforming rollout, the rest of the workload runs the former revision.
            var rest = isUnproven && inPlace && request.Conforms && before!.Image != 0 ? request.Size - own : 0;
            var unproven = others.Where(o => o.Image != 0).Sum(o => o.Size) + own + rest;
            var total = others.Sum(o => o.Size) + request.Size;
            var provenBefore = _running.Values.Where(r => r.Image == 0).Sum(r => r.Size);
            var noneLeft = total - unproven <= 0;
            if (noneLeft && provenBefore == 0)
            {
                return false;
            }

            total = noneLeft ? Math.Max(total, provenBefore) : total;
            var raised = isUnproven && (before is null || before.Image != request.Image ? own > 0 : request.Size > before.Size);
            var steps = _held.GetValueOrDefault(request.Image);
            var share = steps == Steps.Count ? 100 : Steps[steps];
            var cap = share == 100 ? total : Math.Max(1, total * share / 100);
            return (raised && unproven > Math.Max(cap, batch)) || (inPlace && isUnproven && !request.Conforms && noneLeft && share < 100);
        }

        public WorkloadRequest ToRequest(ModelRequest request) =>
            _running.TryGetValue(request.Name, out var before)
                ? Some.Update(Json(before with { Conforms = request.Conforms }), Json(request))
                : Some.Create(Json(request));

        public override string ToString() =>
            $"steps [{string.Join(", ", Steps)}], held {string.Join(", ", _held)}: {string.Join(", ", _running.Values)}";

        private static string Reference(int image) => $"registry.example.com/web@sha256:{image:x64}";

        private static JsonObject Json(ModelRequest request)
        {
            var deployment = Some.Deployment(Reference(request.Image), request.Size)
                .With("metadata/name", $"\"{request.Name}\"")
                .With("metadata/uid", $"\"uid-{request.Name}\"")
                .With("spec/template/metadata/labels", $$"""{"app": "web", "track": "{{request.Name}}"}""");
            return request.Conforms
                ? deployment
                    .With("spec/minReadySeconds", "600")
                    .With("spec/progressDeadlineSeconds", "1200")
                    .With("spec/strategy/rollingUpdate", """{"maxSurge": 1, "maxUnavailable": 0}""")
                : deployment.With("spec/strategy", """{"type": "Recreate"}""");
        }
    }
}
