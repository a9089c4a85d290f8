using System.Text.Json;

namespace DeployGuard.Cli.Tests;

/// <summary>What <c>deployguard check</c> says, in each of its forms.</summary>
public class CheckReportTests
{
    private const string Web = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          template:
            spec:
              containers:
              - name: web
                image: registry.example.com/a-rather-long-path/of-a-team/with-a-product/web:1.2.3
        """;

    private const string Tag =
        "image registry.example.com/a-rather-long-path/of-a-team/with-a-product/web:1.2.3 "
        + "(spec.template.spec.containers[0].image) is referenced by tag: a tag can be moved after the approval. "
        + "Reference it by digest: repository@sha256:...";

    private string _folder = "";

    [SetUp]
    public void MakeFolder()
    {
        _folder = Directory.CreateTempSubdirectory("deployguard-test-").FullName;
        Write("web.yaml", $"# the shop\n---\n{Web}");
    }

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task AFindingIsPrintedOnceAndWholeWhateverItsModes()
    {
        Write("warn.yaml", Policy("warns", "mode: Warn, images: {pin: Digest}"));
        Write("audit.yaml", Policy("audits", "mode: Audit, images: {pin: Digest}"));

        var both = await CheckAsync("--policies", At("warn.yaml"), At("audit.yaml"));
        var audit = await CheckAsync("--policies", At("audit.yaml"));

        Assert.That(
            (both.ExitCode, both.Output),
            Is.EqualTo((0, $"{At("web.yaml")}:3: Deployment shop/web allowed (a new workload)\nWarning: warns: ImageNotPinned: {Tag}"))
        );
        Assert.That(both.Error, Is.EqualTo("Checked 1 workload: 1 warned"));
        Assert.That(audit.Output, Does.EndWith($"\nAudit: audits: ImageNotPinned: {Tag}"));
        Assert.That(audit.Error, Is.EqualTo("Checked 1 workload: 1 audited"));
    }

    [Test]
    public async Task ARefusalSaysWhatHappensInTheClusterAndNothingThatOnlyARequestCanDo()
    {
        Write("policy.yaml", Policy("tier-1", "mode: Enforce, approval: {required: Always, quorum: [{groups: [senior], count: 1}]}"));

        var run = await CheckAsync("--policies", At("policy.yaml"));

        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(run.Output, Does.Contain("\n - ApprovalMissing: ").And.Not.Contain("re-run this command").And.Not.Contain("Argo CD"));
        Assert.That(run.Error, Does.StartWith("1 workload must be approved: apply it to the cluster, where the refusal gives the command"));
    }

    [Test]
    public async Task APolicyWithoutAModeAudits()
    {
        Write("policy.yaml", $"# mine\n{Policy("mine", "images: {pin: Digest}")}");

        var run = await CheckAsync("--policies", At("policy.yaml"));

        Assert.That(run.ExitCode, Is.Zero);
        Assert.That(
            run.Error,
            Is.EqualTo(
                $"{At("policy.yaml")}:2: policy mine names no mode: it audits; set mode: Enforce to refuse\nChecked 1 workload: 1 audited"
            )
        );
    }

    [Test]
    public async Task JsonHasTheLineOfEachFinding()
    {
        Write("policy.yaml", Policy("tier-1", "mode: Enforce, images: {pin: Digest}"));

        var run = await CheckAsync("--policies", At("policy.yaml"), "-o", "json");
        var verdict = JsonDocument.Parse(run.Output).RootElement;
        var finding = verdict.GetProperty("findings")[0];

        Assert.That(verdict.GetProperty("outcome").GetString(), Is.EqualTo("Refused"));
        Assert.That((verdict.GetProperty("file").GetString(), verdict.GetProperty("line").GetInt32()), Is.EqualTo((At("web.yaml"), 3)));
        Assert.That((finding.GetProperty("line").GetInt32(), finding.GetProperty("denies").GetBoolean()), Is.EqualTo((11, true)));
        Assert.That($"{finding.GetProperty("message").GetString()}. {finding.GetProperty("remedy").GetString()}", Is.EqualTo(Tag));
        Assert.That((await CheckAsync("--policies", At("policy.yaml"), "--json")).Output, Is.EqualTo(run.Output));
    }

    [Test]
    public async Task GitHubShowsEachFindingBesideItsLine()
    {
        Write("policy.yaml", Policy("tier-1", "mode: Enforce, images: {pin: Digest}"));

        var file = await CheckAsync("--policies", At("policy.yaml"), "-o", "github");
        var piped = await CommandRun.OfAsync(
            System.Text.Encoding.UTF8.GetBytes(Web),
            ["check", "-f", "-", "--policies", At("policy.yaml"), "-o", "github"]
        );

        var message = $"Deployment shop/web refused by policy tier-1: {Tag}";
        Assert.That(
            (file.ExitCode, file.Output),
            Is.EqualTo((1, $"::error file={At("web.yaml")},line=11,title=DeployGuard%3A ImageNotPinned::{message}"))
        );
        Assert.That(piped.Output, Is.EqualTo($"::error title=DeployGuard%3A ImageNotPinned::{message}"));
    }

    [Test]
    public async Task ItemsOfAListAreNamedByTheirOwnLines()
    {
        Write("web.yaml", "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap}\n- " + Indented(Web));
        Write(
            "web.json",
            """{"apiVersion": "v1", "kind": "List", "items": ["""
                + "\n"
                + """{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [{"image": "a"}]}}]}"""
        );

        var run = await CommandRun.OfAsync("check", "-f", At("web.yaml"), At("web.json"));

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(
            run.Output.Split('\n').Select(l => l.Split(": ")[0]),
            Is.EqualTo(new[] { $"{At("web.yaml")}:5 items[1]", $"{At("web.json")}:2 items[0]" })
        );
    }

    [Test]
    public async Task ServicesUnderACanaryAreNamedAsSkippedOnceWithTheReason()
    {
        Write(
            "policy.yaml",
            Policy("steps", "mode: Enforce, canary: {steps: [5]}, match: {namespaceSelector: {matchLabels: {tier: \"1\"}}}")
        );
        const string Services =
            "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: b, namespace: shop}";
        Write("web.yaml", Services);

        var run = await CheckAsync("--policies", At("policy.yaml"));
        var elsewhere = await CheckAsync(
            "--policies",
            At("policy.yaml"),
            "--namespace-labels",
            "shop=tier=2",
            "--namespace-labels",
            "default="
        );

        Assert.That(
            run.Error,
            Is.EqualTo(
                "skipped 2 Services: policy steps has a canary, and only the cluster knows which pods would get users; they are evaluated "
                    + "when they are applied there\nChecked 1 policy, no workloads; skipped 2 objects of other kinds: Service 2"
            )
        );
        Assert.That(elsewhere.Error, Does.StartWith("Checked 1 policy"));
    }

    [Test]
    public async Task ACustomKindIsNamedOnce()
    {
        static string Rollout(string name) =>
            $"apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {{name: {name}}}\nspec: {{template: {{spec: {{containers: [{{image: a}}]}}}}}}";
        Write("web.yaml", $"{Rollout("a")}\n---\n{Rollout("b")}\n---\n{Rollout("c")}");

        Assert.That(
            (await CheckAsync()).Error.Split('\n').Where(l => l.Contains("Rollout of", StringComparison.Ordinal)),
            Has.One.StartsWith($"{At("web.yaml")}:1: skipped a Rollout of argoproj.io (and 2 more), which has")
        );
    }

    private static string Policy(string name, string spec) =>
        $"apiVersion: deployguard.io/v1alpha1\nkind: SafeguardPolicy\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n";

    private static string Indented(string yaml) => yaml.ReplaceLineEndings("\n  ");

    private Task<CommandRun> CheckAsync(params string[] arguments) => CommandRun.OfAsync(["check", "-f", At("web.yaml"), .. arguments]);

    private string At(string file) => Path.Combine(_folder, file);

    private void Write(string file, string content) => File.WriteAllText(At(file), content);
}
