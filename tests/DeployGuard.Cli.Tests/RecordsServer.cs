using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Records;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Changes;
using DeployGuard.Kubernetes.Tests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace DeployGuard.Cli.Tests;

/// <summary>
/// An API server with one Change of namespace shop and the votes on it, behind a real socket. It stamps the user on a vote, and applies
/// DeployGuard's rules for records.
/// </summary>
internal sealed class RecordsServer : IAsyncDisposable
{
    public const string Change = "deployment-web-7f9c2ab41d03e6aa";

    private const string Folder = "/apis/deployguard.io/v1alpha1/namespaces/shop";

    private static readonly ApprovalRules s_rules = new()
    {
        Quorum = [new QuorumLine(["seniors"], 1)],
        Monitors = ["system:serviceaccount:monitoring:judge"],
    };

    private static readonly SafeguardPolicy s_policy = new() { Name = "tier-1", Approval = s_rules };

    private readonly WebApplication _app;
    private readonly string _folder = Directory.CreateTempSubdirectory("deployguard-test-").FullName;

    private RecordsServer(WebApplication app)
    {
        _app = app;
        File.WriteAllText(
            Kubeconfig,
            $$"""
            {"apiVersion": "v1", "kind": "Config", "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"} }],
             "clusters": [{"name": "c", "cluster": {"server": "{{app.Urls.Single()}}"} }], "users": [{"name": "u", "user": {"token": "t"} }]}
            """
        );
    }

    /// <summary>The authenticated user.</summary>
    public Requester User { get; set; } = new("alice", "", ["seniors"]);

    /// <summary>Whether users may read their own name, as servers allow from 1.28 on.</summary>
    public bool TellsUserNames { get; set; } = true;

    /// <summary>The template hash of the Change.</summary>
    public string Hash { get; set; } = "v1:" + new string('0', 64);

    /// <summary>Hash of the template that the workload runs now; null if the Change does not say it.</summary>
    public string? RunsNow { get; set; }

    /// <summary>The other Changes of the namespace.</summary>
    public List<JsonObject> Others { get; } = [];

    /// <summary>The ChangeTemplate beside the Change; null where there is none.</summary>
    public JsonObject? Template { get; set; }

    /// <summary>Whether the user may read ChangeTemplates.</summary>
    public bool ShowsTemplates { get; set; } = true;

    /// <summary>The diff of the Change, line by line.</summary>
    public IReadOnlyList<string> Diff { get; set; } = [];

    /// <summary>How many reads of the Change find nothing yet: the record of a refusal appears a moment after it.</summary>
    public int ReadsBeforeTheChange { get; set; }

    /// <summary>The votes on record, by name.</summary>
    public Dictionary<string, JsonObject> Votes { get; } = [];

    private string Kubeconfig => Path.Combine(_folder, "kubeconfig");

    public static async Task<RecordsServer> StartAsync()
    {
        RecordsServer? server = null;
        return server = new RecordsServer(await Loopback.ServeAsync(context => server?.AnswerAsync(context) ?? Task.CompletedTask));
    }

    /// <summary>Runs a command against this server.</summary>
    public Task<CommandRun> RunAsync(params IEnumerable<string> arguments) =>
        CommandRun.OfAsync([.. arguments, "-n", "shop", "--kubeconfig", Kubeconfig]);

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "";
        var name = path[(path.LastIndexOf('/') + 1)..];
        var (status, body) = (context.Request.Method, path) switch
        {
            ("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews") => TellsUserNames
                ? (
                    HttpStatusCode.Created,
                    new JsonObject { ["status"] = new JsonObject { ["userInfo"] = new JsonObject { ["username"] = User.Username } } }
                )
                : Refused("selfsubjectreviews is forbidden"),
            ("GET", $"{Folder}/changes") => (
                HttpStatusCode.OK,
                new JsonObject { ["items"] = new JsonArray([ChangeObject(), .. Others.Select(o => o.DeepClone())]) }
            ),
            ("GET", $"{Folder}/changes/{Change}") when ReadsBeforeTheChange-- <= 0 => (HttpStatusCode.OK, ChangeObject()),
            ("GET", $"{Folder}/changetemplates/{Change}") when !ShowsTemplates => Refused(
                "changetemplates.deployguard.io is forbidden: User \"alice\" cannot get resource \"changetemplates\" in API group \"deployguard.io\" in the namespace \"shop\""
            ),
            ("GET", $"{Folder}/changetemplates/{Change}") when Template is { } template => (
                HttpStatusCode.OK,
                template.DeepClone().AsObject()
            ),
            ("GET", $"{Folder}/changeapprovals") => (
                HttpStatusCode.OK,
                new JsonObject { ["items"] = new JsonArray([.. Votes.Values.Select(v => v.DeepClone())]) }
            ),
            ("POST", $"{Folder}/changeapprovals") => Create(
                await JsonNode.ParseAsync(context.Request.Body) as JsonObject ?? [],
                context.Request.Query.ContainsKey("dryRun")
            ),
            ("DELETE", _) when Votes.ContainsKey(name) => Delete(name),
            _ => (HttpStatusCode.NotFound, new JsonObject { ["message"] = "not found" }),
        };
        context.Response.StatusCode = (int)status;
        await context.Response.WriteAsync(body.ToJsonString());
    }

    private (HttpStatusCode Status, JsonObject Body) Create(JsonObject vote, bool isDryRun)
    {
        var spec = vote["spec"] as JsonObject ?? [];
        spec["approver"] = new JsonObject
        {
            ["username"] = User.Username,
            ["groups"] = new JsonArray([.. User.Groups.Select(g => JsonValue.Create(g))]),
        };
        vote["metadata"] = new JsonObject { ["name"] = $"deployment-web-{Votes.Count}", ["namespace"] = "shop" };
        if (
            new NewApproval(Read(vote), User, Recorded(vote), [s_policy], new ReviewRight(false, "deployguard-approver")).Refuse(
                WorkloadKinds.BuiltIn,
                DateTimeOffset.UnixEpoch
            ) is
            { } refusal
        )
        {
            return Refused(refusal.ToString());
        }

        if (!isDryRun)
        {
            Votes[$"deployment-web-{Votes.Count}"] = vote;
        }

        return (HttpStatusCode.Created, vote.DeepClone().AsObject());
    }

    /// <summary>Null for a vote on another revision.</summary>
    private Change? Recorded(JsonObject vote) =>
        (string?)vote["spec"]?["templateHash"] == Hash && Phase == "Pending"
            ? ChangeReader.Read(JsonSerializer.SerializeToElement(ChangeObject()))
            : null;

    private (HttpStatusCode Status, JsonObject Body) Delete(string name)
    {
        if (
            new RecordRules("deployguard").RefuseDelete(User, Read(Votes[name]).Approver, mayOverride: false, namespaceEnds: false) is
            { } refusal
        )
        {
            return Refused(refusal.ToString());
        }

        Votes.Remove(name);
        return (HttpStatusCode.OK, []);
    }

    private static (HttpStatusCode Status, JsonObject Body) Refused(string message) =>
        (HttpStatusCode.Forbidden, new JsonObject { ["message"] = message });

    private static Approval Read(JsonObject vote) => ApprovalReader.Read(JsonSerializer.SerializeToElement(vote), DateTimeOffset.UnixEpoch);

    /// <summary>Whether the Change is of a revision that ran before DeployGuard did.</summary>
    public bool Adopted { get; set; }

    /// <summary>Who requested the Change.</summary>
    public IReadOnlyList<string> Requesters { get; set; } = ["dana"];

    /// <summary>The phase of the Change.</summary>
    public string Phase { get; set; } = "Running";

    /// <summary>Findings for which the last request was refused, by code.</summary>
    public IReadOnlyList<string> Denials { get; set; } = [];

    /// <summary>When the revision was last requested.</summary>
    public string LastRequest { get; set; } = "0001-01-01T00:00:00Z";

    /// <summary>How many approvals the policy requires.</summary>
    public int Wanted { get; set; } = 1;

    /// <summary>The Change with its votes counted, as the leader records them.</summary>
    private JsonObject ChangeObject()
    {
        var change = BareChange();
        var status = change["status"]?.AsObject() ?? [];
        status["phase"] = Phase;
        status["adopted"] = Adopted;
        status["runsNow"] = RunsNow;
        status["policies"] = new JsonArray(
            new JsonObject
            {
                ["name"] = s_policy.Name,
                ["mode"] = "Enforce",
                ["wants"] = "seniors",
            }
        );
        status["findings"] = new JsonArray([
            .. Denials.Select(d => new JsonObject
            {
                ["policy"] = s_policy.Name,
                ["mode"] = "Enforce",
                ["reason"] = d,
                ["message"] = "",
            }),
        ]);
        var read = ChangeReader.Read(JsonSerializer.SerializeToElement(change));
        var votes = Votes.Values.Select(Read).Where(v => v.Decision is not Decision.Withdraw).ToList();
        var policy = s_policy with { Approval = s_rules with { Quorum = [new QuorumLine(["seniors"], Wanted)] } };
        var tallies = PolicyTally.All(read, [read], votes, [policy], "", DateTimeOffset.UnixEpoch);
        foreach (var vote in votes)
        {
            VoteStatus.Record(status, vote, [.. tallies.Select(t => t.Explain(vote))]);
        }

        if (Phase == "Pending")
        {
            VoteStatus.SetOpen(status, OpenRequirements.Of(tallies, read.Denials), DateTimeOffset.UnixEpoch);
        }

        return change;
    }

    private JsonObject BareChange() =>
        JsonNode
            .Parse(
                $$"""
                {"metadata": {"name": "{{Change}}", "namespace": "shop"},
                 "spec": {"workload": {"apiGroup": "apps", "kind": "Deployment", "name": "web"}, "templateHash": "{{Hash}}", "images": [{"path": "web", "to": "web:2"}],
                          "diff": {{JsonSerializer.Serialize(Diff)}} },
                 "status": {"phase": "Running", "requesters": {{JsonSerializer.Serialize(
                    Requesters.Select(r => new { username = r, lastAt = LastRequest })
                )}}} }
                """
            )
            ?.AsObject()
        ?? throw new InvalidOperationException("no change");
}
