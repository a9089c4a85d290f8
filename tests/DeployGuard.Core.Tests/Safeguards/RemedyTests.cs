using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

/// <summary>
/// Every command that a refusal offers is run here and the request is retried: it must pass. Random pools of one workload of v1, with or
/// without an unproven one beside it, and random requests.
/// </summary>
public partial class RemedyTests
{
    private static readonly string[] s_strategies = ["default", "surge", "recreate", "onDelete", "paced", "slow", "unprobed"];

    [Test]
    public void OfferedRemedyPasses([Range(1, 30)] int seed)
    {
        var random = new Random(seed);
        var offers = 0;
        for (var round = 0; round < 40; round++)
        {
            var world = new RemedyWorld(random);
            var (before, after) = world.Any(random, s_strategies);
            foreach (var finding in Refusals(world, before, after).ToList())
            {
                offers += Follow(world, before, after, finding) ? 1 : 0;
            }
        }

        Assert.That(offers, Is.GreaterThan(5), "most refusals have something to offer");
    }

    /// <returns>Whether there was a command that changes something.</returns>
    private static bool Follow(RemedyWorld world, JsonObject? before, JsonObject after, Finding finding)
    {
        if (Stop().Match(finding.Remedy) is { Success: true } stop)
        {
            return FollowAfterStop(world.WithoutCanary(), before, after, stop.Groups[1].Value);
        }

        var command =
            Scale().Match(finding.Remedy) is { Success: true } scale ? $$$"""{"spec": {"replicas": {{{scale.Groups[1].Value}}}}}"""
            : Create().Match(finding.Remedy) is { Success: true } create ? $$$"""{"spec": {"replicas": {{{create.Groups[1].Value}}}}}"""
            : Patch().Match(finding.Remedy) is { Success: true } patch ? patch.Groups[1].Value
            : Probe().IsMatch(finding.Remedy) ? "{}"
            : null;
        if (command is null)
        {
            Assert.That(
                finding.Remedy,
                Does.Match("kubectl deployguard (status|explain canary)|^Ask the platform team to add (Pool|Pace) to canary.accept"),
                finding.Message
            );
            return false;
        }

        var patched = after.DeepClone().AsObject();
        Merge(patched, Some.Parse(command));
        if (finding.Remedy.Contains("readinessProbe", StringComparison.Ordinal))
        {
            patched.With("spec/template/spec/containers/0/readinessProbe", """{"httpGet": {"path": "/", "port": 8080} }""");
        }

        AssertIsValid(patched);
        if (RolloutBatch.SurgesOnly(after.Read()))
        {
            Assert.That(RolloutBatch.SurgesOnly(patched.Read()), Is.True, $"a rollout that surges still surges: {finding.Remedy}");
        }

        Assert.That(
            Refusals(world, before, patched).Select(f => f.Message),
            Is.Empty,
            () => $"{world}\n{finding.Message}\n{finding.Remedy}\n{patched}"
        );
        return true;
    }

    /// <summary>The other canary is scaled to 0. Then the same request passes, or gets a remedy that passes if that was said.</summary>
    private static bool FollowAfterStop(RemedyWorld world, JsonObject? before, JsonObject after, string then)
    {
        var left = Refusals(world, before, after).ToList();
        if (then.Length == 0)
        {
            Assert.That(left.Select(f => f.Message), Is.Empty, () => $"{world}\n{after}");
        }

        foreach (var finding in left)
        {
            Assert.That(finding.Remedy, Does.Not.StartWith("Wait"), $"{world}");
            Follow(world, before, after, finding);
        }

        return true;
    }

    /// <summary>What the API server would reject.</summary>
    private static void AssertIsValid(JsonObject workload)
    {
        var strategy = workload.Read().Strategy;
        Assert.That(
            strategy.Type is "RollingUpdate" or null || workload["spec"]?["strategy"]?["rollingUpdate"] is null,
            "rollingUpdate beside another type"
        );
        if ((string?)workload["kind"] == "Deployment")
        {
            Assert.That(strategy.ProgressDeadlineSeconds, Is.GreaterThan(strategy.MinReadySeconds));
        }

        if ((string?)workload["kind"] == "DaemonSet")
        {
            Assert.That(
                (strategy.MaxSurge?.Value ?? 0) == 0 || (strategy.MaxUnavailable?.Value ?? 1) == 0,
                "a DaemonSet has one of the two"
            );
        }
    }

    private static IEnumerable<Finding> Refusals(RemedyWorld world, JsonObject? before, JsonObject after) =>
        Some.Decide(before is null ? Some.Create(after) : Some.Update(before, after), world.View)
            .Findings.Where(f => f.IsDenial)
            .Select(f => f.Finding);

    /// <summary>RFC 7386, as <c>kubectl patch --type=merge</c> does it.</summary>
    private static void Merge(JsonObject target, JsonObject patch)
    {
        foreach (var (name, value) in patch)
        {
            if (value is null)
            {
                target.Remove(name);
            }
            else if (value is JsonObject inner)
            {
                var child = target[name] as JsonObject ?? [];
                target.Remove(name);
                target[name] = child;
                Merge(child, inner);
            }
            else
            {
                target[name] = value.DeepClone();
            }
        }
    }

    [GeneratedRegex("kubectl scale \\S+ -n shop --replicas=(\\d+)")]
    private static partial Regex Scale();

    [GeneratedRegex(
        "^Wait until the canary of deployment/c is complete, or scale it to 0: kubectl scale deployment/c -n shop --replicas=0; then retry(: the next answer says what is left to do)?\\. To watch it"
    )]
    private static partial Regex Stop();

    [GeneratedRegex("Create it with replicas: (\\d+)")]
    private static partial Regex Create();

    [GeneratedRegex("(?:kubectl patch \\S+ -n shop --type=merge -p '|in the live object, then retry: )(\\{[^ ']+)")]
    private static partial Regex Patch();

    [GeneratedRegex("^(Add a readinessProbe to web|Keep the readinessProbe of web, which this request removes), then retry$")]
    private static partial Regex Probe();
}

/// <summary>A pool and its possible requests.</summary>
internal sealed class RemedyWorld
{
    private static readonly string[] s_accepts = ["Pool", "Pace", "StatefulSetPartition"];

    private readonly JsonObject _web;
    private JsonObject? _canary;
    private readonly SafeguardPolicy _policy;
    private readonly int _held;

    public RemedyWorld(Random random)
    {
        var steps = Enumerable.Range(0, random.Next(1, 4)).Select(_ => random.Next(1, 100)).Distinct().Order().ToList();
        var accept = s_accepts.Where(_ => random.Next(4) > 0).DefaultIfEmpty("Pool").Select(a => $"\"{a}\"");
        _policy = Some.Policy(
            $$"""
            {"canary": {"required": "Always", "steps": [{{string.Join(", ", steps)}}], "accept": [{{string.Join(", ", accept)}}],
             "pace": {"percent": {{random.Next(1, 50)}}, "minReady": "{{random.Next(3) * 5}}m"} } }
            """
        );
        _held = random.Next(3) == 0 ? steps[random.Next(steps.Count)] : 0;
        _web = Workload(
            "web",
            random.Next(4) switch
            {
                0 => "StatefulSet",
                1 => "DaemonSet",
                _ => "Deployment",
            },
            random.Next(1, 60),
            1
        );
        _canary = random.Next(2) == 0 ? null : Workload("c", "Deployment", random.Next(1, 6), random.Next(2, 4));
    }

    public ClusterSnapshot View
    {
        get
        {
            IReadOnlyList<JsonObject> running = _canary is null ? [_web] : [_web, _canary];
            IReadOnlyList<Change> changes =
            [
                Some.Change(_web, Phase.Proven),
                .. _canary is null ? [] : (Change[])[Some.Change(_canary, Phase.Completed)],
                .. _held == 0
                    ? []
                    : (Change[])
                        [
                            Some.Change(Workload("gone", "Deployment", 1, 2), Phase.Completed) with
                            {
                                CompletedSteps = [new CompletedStep(_policy.Name, "Service web", _held, Some.Now)],
                            },
                        ],
            ];
            return new ClusterSnapshot
            {
                Policies = [_policy],
                Changes = changes,
                Namespace = new NamespaceSnapshot
                {
                    Services = [new Service("web", new Dictionary<string, string> { ["app"] = "web" }, false)],
                    Members =
                    [
                        .. running.Select(r => new Member
                        {
                            Spec = r.Read(),
                            Pods = [new RevisionPods(r.Read().Template.Hash, null, r.Read().Template.ImageNames, r.Read().Replicas)],
                        }),
                    ],
                    Changes = changes,
                },
            };
        }
    }

    /// <summary>The same pool after the other canary was scaled to 0.</summary>
    public RemedyWorld WithoutCanary()
    {
        var copy = (RemedyWorld)MemberwiseClone();
        copy._canary = _canary?.DeepClone().AsObject().With("spec/replicas", "0");
        return copy;
    }

    /// <summary>A workload created beside web, one scaled up, or web changed in place.</summary>
    public (JsonObject? Before, JsonObject After) Any(Random random, IReadOnlyList<string> strategies)
    {
        switch (random.Next(4))
        {
            case 0:
                return (null, Workload("new", "Deployment", random.Next(1, 40), random.Next(2, 4)));
            case 1 when _canary is not null:
                return (_canary, _canary.DeepClone().AsObject().With("spec/replicas", $"{random.Next(1, 60)}"));
            default:
                var before = Shape(_web.DeepClone().AsObject(), "default");
                var after = Shape(before.DeepClone().AsObject(), strategies[random.Next(strategies.Count)])
                    .With("spec/template/spec/containers/0/image", $"\"{Image(random.Next(2, 4))}\"");
                return (
                    before,
                    random.Next(4) == 0 && (string?)after["kind"] != "DaemonSet"
                        ? after.With("spec/replicas", $"{random.Next(1, 60)}")
                        : after
                );
        }
    }

    public override string ToString() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"steps [{string.Join(", ", _policy.Canary?.Steps ?? [])}] held {_held}%, pace {_policy.Canary?.Pace}, accept "
                + $"{string.Join(", ", _policy.Canary?.Accept ?? [])}: web {_web["kind"]} {_web.Read().Replicas}, canary "
                + $"{_canary?.Read().Replicas}"
        );

    private static JsonObject Workload(string name, string kind, int pods, int image) =>
        Some.Deployment(Image(image), pods)
            .With("kind", $"\"{kind}\"")
            .With("metadata/name", $"\"{name}\"")
            .With("metadata/uid", $"\"uid-{name}\"")
            .With("status", $$"""{"desiredNumberScheduled": {{pods}} }""")
            .With("spec/template/metadata/labels", $$"""{"app": "web", "track": "{{name}}"}""");

    private static string Image(int number) => $"registry.example.com/web@sha256:{number:x64}";

    private static JsonObject Shape(JsonObject workload, string strategy)
    {
        var isDeployment = (string?)workload["kind"] == "Deployment";
        var field = isDeployment ? "strategy" : "updateStrategy";
        workload["spec"]?.AsObject().Remove("strategy");
        return strategy switch
        {
            "default" => workload.With(
                $"spec/{field}",
                isDeployment
                    ? """{"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"} }"""
                    : """{"type": "RollingUpdate"}"""
            ),
            "surge" when (string?)workload["kind"] != "StatefulSet" => workload.With(
                $"spec/{field}",
                """{"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 7, "maxUnavailable": 0} }"""
            ),
            "surge" => workload.With("spec/updateStrategy", """{"type": "RollingUpdate", "rollingUpdate": {"partition": 3} }"""),
            "recreate" or "onDelete" => workload.With(
                $"spec/{field}",
                isDeployment ? """{"type": "Recreate"}""" : """{"type": "OnDelete"}"""
            ),
            "paced" => workload
                .With("spec/minReadySeconds", "900")
                .With("spec/progressDeadlineSeconds", "1000")
                .With($"spec/{field}", """{"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1} }"""),
            "slow" => workload.With("spec/minReadySeconds", "5000").With("spec/progressDeadlineSeconds", "600"),
            "unprobed" => workload.With("spec/template/spec/containers/0/readinessProbe", "null"),
            _ => throw new InvalidOperationException($"no strategy {strategy}"),
        };
    }
}
