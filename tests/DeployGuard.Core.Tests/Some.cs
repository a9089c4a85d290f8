using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Replay;
using DeployGuard.Core.Safeguards;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

/// <summary>Default values for everything that a test does not care about.</summary>
internal static class Some
{
    public const string Digest = "sha256:27dd8ed44a83ff94d557f9fd0412ed5a8cbca69ea04922d88c01184a07300a5a";
    public const string Image = "registry.example.com/shop/web@" + Digest;
    public const string OtherImage =
        "registry.example.com/shop/web@sha256:a7dd8ed44a83ff94d557f9fd0412ed5a8cbca69ea04922d88c01184a07300a5a";

    public static readonly DateTimeOffset Now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

    public static readonly Requester Developer = new("dana", "", ["developers", "system:authenticated"]);
    public static readonly Requester Alice = new("alice", "", ["senior-engineers", "system:authenticated"]);
    public static readonly Requester Bob = new("bob", "", ["directors", "system:authenticated"]);
    public static readonly Requester Carol = new("carol", "", ["senior-engineers", "directors", "system:authenticated"]);
    public static readonly Requester Machine = new(
        "system:serviceaccount:argocd:argocd-application-controller",
        "",
        ["system:serviceaccounts"]
    );

    public static JsonObject Deployment(string image = Image, int replicas = 3) =>
        Parse(
            $$$"""
            {"apiVersion": "apps/v1", "kind": "Deployment",
             "metadata": {"name": "web", "namespace": "shop", "uid": "u1", "labels": {"app": "web"}},
             "spec": {"replicas": {{{replicas}}}, "selector": {"matchLabels": {"app": "web"}},
              "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
              "template": {"metadata": {"labels": {"app": "web"}},
               "spec": {"containers": [{"name": "web", "image": "{{{image}}}", "ports": [{"containerPort": 8080}],
                         "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080} } }] } } } }
            """
        );

    public static JsonObject AiAssisted(this JsonObject deployment, string value = "true")
    {
        Metadata(deployment)["annotations"] = new JsonObject { ["deployguard.io/ai-assisted"] = value };
        return deployment;
    }

    public static JsonObject Annotated(this JsonObject deployment, string key, string value)
    {
        var metadata = Metadata(deployment);
        metadata["annotations"] ??= new JsonObject();
        metadata["annotations"]!.AsObject()[key] = value;
        return deployment;
    }

    /// <summary>Sets the place at a path such as <c>spec/template/spec/containers/0/env</c>; <c>~</c> means a slash in a name.</summary>
    public static JsonObject With(this JsonObject obj, string path, string json)
    {
        var segments = path.Split('/').Select(s => s.Replace('~', '/')).ToArray();
        var owner = segments[..^1]
            .Aggregate((JsonNode)obj, (node, name) => int.TryParse(name, out var index) ? node[index]! : node[name] ??= new JsonObject());
        if (int.TryParse(segments[^1], out var last))
        {
            owner[last] = JsonNode.Parse(json);
        }
        else
        {
            owner[segments[^1]] = JsonNode.Parse(json);
        }

        return obj;
    }

    public static Workload Read(this JsonObject obj) => WorkloadReader.Default.Read(obj.Element());

    public static JsonElement Element(this JsonNode node) => JsonSerializer.SerializeToElement(node);

    public static JsonObject Parse(string json) => JsonNode.Parse(json)!.AsObject();

    public static SafeguardPolicy Policy(string spec, string name = "tier-1")
    {
        var policy = PolicyReader.Read(JsonDocument.Parse($$"""{"metadata": {"name": "{{name}}"}, "spec": {{spec}}}""").RootElement);
        Assert.That(policy.Errors, Is.Empty, "the test's own policy must be valid");
        return policy;
    }

    public static SafeguardPolicy TwoLines =>
        Policy(
            """
            {"approval": {"quorum": [{"groups": ["senior-engineers"], "count": 1}, {"groups": ["directors"], "count": 1}]}}
            """
        );

    public static SafeguardPolicy OneSenior => Policy("""{"approval": {"quorum": [{"groups": ["senior-engineers"], "count": 1}]}}""");

    public static WorkloadRequest Create(JsonObject after, Requester? by = null, bool dryRun = false)
    {
        var workload = after.Read();
        return new WorkloadRequest
        {
            Operation = Operation.Create,
            Requester = by ?? Developer,
            DryRun = dryRun,
            Target = workload.Ref,
            After = workload,
        };
    }

    public static WorkloadRequest Update(JsonObject before, JsonObject after, Requester? by = null, bool dryRun = false) =>
        Create(after, by, dryRun) with
        {
            Operation = Operation.Update,
            Before = before.Read(),
        };

    public static Approval ApprovalOf(JsonObject obj, Requester by, Decision decision = Decision.Approve)
    {
        var workload = obj.Read();
        return new Approval
        {
            Name = $"by-{by.Username}",
            Workload = workload.Ref,
            TemplateHash = workload.Template.Hash,
            Decision = decision,
            Approver = by,
            CreatedAt = Now.AddHours(-1),
        };
    }

    public static Change Change(JsonObject obj, Phase phase)
    {
        var workload = obj.Read();
        return new Change
        {
            Name = ChangeName.Of(workload.Ref, workload.Template.Hash),
            Workload = workload.Ref,
            TemplateHash = workload.Template.Hash,
            Images = workload.Template.ImageNames,
            Phase = phase,
        };
    }

    /// <summary>The name of every pod of a revision of a workload in tests.</summary>
    public static string NameOf(Workload workload) => $"{workload.Ref.KubectlName} {workload.Template.Hash}";

    /// <summary>The workload with its own pods.</summary>
    public static Member Seeing(this Member member, IReadOnlyList<LivePod> pods) =>
        member with
        {
            Pods =
            [
                .. member.Pods.Select(p =>
                    p with
                    {
                        Seen = pods.Where(pod => pod.Name == $"{member.Spec.Ref.KubectlName} {p.TemplateHash}").ToList()
                            is { Count: > 0 } own
                            ? [new PodGroup(new PodShape(null, member.Spec.Template), own)]
                            : [],
                    }
                ),
            ],
        };

    private static readonly EvaluationInputJson s_json = new(WorkloadReader.Default);

    public static PolicyEvaluator Evaluator { get; } = SafeguardList.Evaluator(TrustedControllers.BuiltIn);

    /// <summary>The verdict; the decision is also replayed from its serialised inputs.</summary>
    public static Verdict Decide(Request request, ClusterSnapshot cluster)
    {
        var verdict = Evaluator.Evaluate(request, cluster, Now);
        IsReplayed(verdict, new EvaluationInput(request, cluster, Now));
        return verdict;
    }

    /// <summary>The serialised inputs of the decision lead to the same verdict when they are read back.</summary>
    public static void IsReplayed(Verdict verdict, EvaluationInput input)
    {
        var read = s_json.Read(s_json.Write(input));
        Assert.That(Told(Evaluator.Evaluate(read.Request, read.Cluster, read.Now)), Is.EqualTo(Told(verdict)), "replayed from JSON");
    }

    /// <summary>Every output of a verdict: messages, metrics and records.</summary>
    private static string Told(Verdict verdict) =>
        string.Join(
            '\n',
            (string[])
                [
                    $"{verdict.Evaluated.ChangeType}: {verdict.Evaluated.Because}; {verdict.Evaluated.Name}; "
                        + $"{verdict.Evaluated.ApproveBy}; {verdict.Evaluated.Origin.Kind}",
                    Messages.Refusal(verdict),
                    .. Messages.WarningLines(verdict),
                    .. verdict.Findings.Select(f =>
                        $"{f.Policy} {f.Mode} {f.Safeguard} {f.Waiver?.Name} {f.Finding.Path} {f.Finding.Missing}"
                    ),
                    .. verdict.Exposes.Select(e => $"{e.Policy} {e.Pool} {e.Workload} {e.TemplateHash} {e.Pods} {e.Selector}"),
                ]
        );

    /// <summary>What must be read and reserved before the request is decided.</summary>
    public static Requirements Requires(Request request, ClusterSnapshot cluster) =>
        Evaluator.Requires(Evaluator.Classify(request, cluster, Now), cluster, Now);

    public static IEnumerable<string> Reasons(this Verdict verdict) => verdict.Findings.Select(f => f.Finding.Reason);

    private static JsonObject Metadata(JsonObject deployment) => deployment["spec"]!["template"]!["metadata"]!.AsObject();
}
