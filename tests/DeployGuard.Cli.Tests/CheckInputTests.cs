using System.Text;

namespace DeployGuard.Cli.Tests;

/// <summary><c>deployguard check</c> reads what kubectl reads.</summary>
public class CheckInputTests
{
    private const string Pin = """
        apiVersion: deployguard.io/v1alpha1
        kind: SafeguardPolicy
        metadata: {name: tier-1}
        spec: {mode: Enforce, images: {pin: Digest}}
        """;

    private const string NoPolicy = "No SafeguardPolicy was given, so nothing can be refused; pass some with --policies";

    private const string Tagged =
        """{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"template": {"spec": {"containers": [{"name": "web", "image": "web:1"}]}}}}""";
    private const string Untyped =
        """{"metadata": {"name": "web"}, "spec": {"template": {"spec": {"containers": [{"name": "web", "image": "web:1"}]}}}}""";

    private string _folder = "";

    [SetUp]
    public void MakeFolder()
    {
        _folder = Directory.CreateTempSubdirectory("deployguard-test-").FullName;
        Write("pin.yaml", Pin);
    }

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    /// <summary>The YAML parser throws an unexpected type of exception here.</summary>
    [Test]
    public async Task AListInBracketsWithTooLittleIndentationIsNamedWithItsFile()
    {
        var run = await CheckAsync($"a: [x,\nXX]\n---\n{Tagged}");

        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Error, Does.Contain("a list or map in brackets continues below").And.Contain("Checked 1 workload: 1 refused"));
    }

    [TestCase($$"""{"apiVersion": "v1", "kind": "List", "items": [{{Tagged}}]}""")]
    [TestCase($$"""{"apiVersion": "apps/v1", "kind": "DeploymentList", "items": [{{Tagged}}]}""")]
    [TestCase($$"""{"apiVersion": "apps/v1", "kind": "DeploymentList", "items": [{{Untyped}}]}""")]
    [TestCase(
        $$"""{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "apps/v1", "kind": "DeploymentList", "items": [{{Untyped}}]}]}"""
    )]
    [TestCase($$"""{"apiVersion": "example.com/v1", "kind": "Bundle", "items": [{{Tagged}}]}""")]
    [TestCase($"{Tagged}\n{{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {{\"name\": \"\\ud83d\\ude00\"}}}}")]
    [TestCase($"%YAML 1.1\n---\n{Tagged}")]
    [TestCase($"--- # first\n\n...\n---\n{Tagged}\n...")]
    [TestCase(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: &m {name: web}\nspec: {template: {metadata: {labels: {<<: *m}}, spec: "
            + "{containers: [{name: web, image: &i \"web:1\"}, {name: two, image: *i}]}}}"
    )]
    public async Task EveryWorkloadOfAFileIsEvaluated(string content)
    {
        var run = await CheckAsync(content);

        Assert.That((run.ExitCode, run.Error), Is.EqualTo((1, $"Checked 1 workload: 1 refused{Skipped(content)}")));
        Assert.That(
            run.Output,
            Does.Match(
                "^.*/web.yaml:[0-9]+( items\\[0\\])*( items\\[0\\].items\\[0\\])?: Deployment default/web refused by policy tier-1:\n - ImageNotPinned: image web:1"
            )
        );
    }

    [Test]
    public async Task StandardInputMayHaveEveryEncodingThatAFileMayHave([Values("utf-8", "utf-16", "utf-16BE", "utf-32")] string name)
    {
        var encoding = Encoding.GetEncoding(name);
        byte[] content = [.. encoding.GetPreamble(), .. encoding.GetBytes(Tagged)];
        await File.WriteAllBytesAsync(At("web.yaml"), content);

        var piped = await CommandRun.OfAsync(content, ["check", "-f", "-", "--policies", At("pin.yaml")]);
        var named = await CommandRun.OfAsync("check", "-f", At("web.yaml"), "--policies", At("pin.yaml"));

        Assert.That(piped.ExitCode, Is.EqualTo(1), piped.Error);
        Assert.That(
            piped with
            {
                Output = piped.Output.Replace("standard input", At("web.yaml"), StringComparison.Ordinal),
            },
            Is.EqualTo(named)
        );
    }

    [Test]
    public async Task ConcatenatedFilesMayKeepTheirByteOrderMarks() =>
        Assert.That((await CheckAsync($"\uFEFF# one\n{Tagged}\n\uFEFF---\n{Tagged}")).Error, Is.EqualTo("Checked 2 workloads: 2 refused"));

    [Test]
    public async Task AFileOfManyMegabytesIsReadDocumentByDocument()
    {
        var text = string.Concat(
            Enumerable
                .Range(0, 6)
                .Select(i =>
                    $"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{i}}}\ndata: {{a: \"{new string('x', 1024 * 1024)}\"}}\n---\n"
                )
        );
        var run = await CheckAsync(text + Tagged);
        Assert.That(
            (run.ExitCode, run.Error),
            Is.EqualTo((1, "Checked 1 workload: 1 refused; skipped 6 objects of other kinds: ConfigMap 6"))
        );
    }

    [Test]
    public async Task ADocumentThatIsTooLargeIsReportedAndTheNextIsEvaluated()
    {
        var run = await CheckAsync($"# {new string('x', 17 * 1024 * 1024)}\na: 1\n---\n{Tagged}");
        Assert.That(
            (run.ExitCode, run.Error),
            Is.EqualTo((2, $"Checked 1 workload: 1 refused; 1 error\nerror: {At("web.yaml")}:1: a document larger than 16 MiB; split it"))
        );
    }

    [Test]
    public async Task AliasesThatExpandWithoutBoundAreRefused()
    {
        var laughs = string.Concat(
            Enumerable.Range(1, 9).Select(i => $"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 9))}]\n")
        );
        var run = await CheckAsync($"a0: &a0 lol\n{laughs}---\n{Tagged}");
        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(
            run.Error,
            Does.Match(
                $"error: {At("web.yaml")}:[678]: larger than 3 MiB with its aliases written out; split the document, or use fewer aliases"
            )
        );
        Assert.That(run.Output, Does.Contain("web.yaml:12: Deployment default/web refused"));
    }

    [Test]
    public async Task InvalidDocumentHidesNoOthers()
    {
        Write(
            "broken.yaml",
            $"{Tagged}\n---\na: [\n---\n{Tagged}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: "
                + "bad}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: s}"
        );
        Write("more.yaml", Tagged);

        var run = await CommandRun.OfAsync("check", "--json", "-f", At("broken.yaml"), At("nowhere.yaml"), At("more.yaml"));

        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Output.Split('\n'), Has.Length.EqualTo(3).And.All.StartsWith("{\"target\":\"Deployment default/web\""));
        var error = run.Error.Split('\n');
        Assert.That(
            error[..2],
            Is.EqualTo(new[] { NoPolicy, "Checked 3 workloads: 3 allowed; skipped 1 object of other kinds: Service 1; 3 errors" })
        );
        Assert.That(error[2], Does.StartWith($"error: {At("broken.yaml")}:4: not YAML: "));
        Assert.That(error[3], Is.EqualTo($"error: {At("broken.yaml")}:7: spec: is missing"));
        Assert.That(error[4], Is.EqualTo($"error: {At("nowhere.yaml")}: no such file"));
    }

    [TestCase("""{"kind": "\ud800"}""")]
    [TestCase("""{"\udfff": 1}""")]
    [TestCase("""{"apiVersion": "v1", "kind": "PodList", "items": [{"metadata": {"name": "\ud800x"}}]}""")]
    [TestCase("""{"apiVersion": "v1", "kind": "PodList", "items": [{"\ud800": 1}]}""")]
    public async Task InvalidUtf8IsReportedAndHidesNoOtherDocuments(string half)
    {
        var run = await CheckAsync($"{Tagged}\n{half}\n{Tagged}");
        Assert.That(
            (run.ExitCode, run.Error),
            Is.EqualTo(
                (
                    2,
                    $"""
                    Checked 2 workloads: 2 refused; 1 error
                    error: {At(
                        "web.yaml"
                    )}:2: a string with half of a surrogate pair, such as \ud800 alone; write both halves, such as \ud83d\ude00, or remove it
                    """
                )
            )
        );
    }

    [Test]
    public async Task DuplicateKeyHidesNoOtherDocuments()
    {
        var run = await CheckAsync($$"""{"a": 1, "a": 2}{{"\n"}}{{Tagged}}""");
        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Error, Does.StartWith($"Checked 1 workload: 1 refused; 1 error\nerror: {At("web.yaml")}:1: "));
    }

    [TestCase("{\n\"a\": 1,\n\"b\": {\"a\": 2},\n\"a\": 3}\n")]
    [TestCase("a: 1\nb: 1\n# twice\na: 2\n")]
    public async Task DuplicateKeyIsNamedWithItsLine(string twice)
    {
        var run = await CheckAsync($"{twice}---\n{Tagged}");

        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Error, Does.EndWith($"Checked 1 workload: 1 refused; 1 error\nerror: {At("web.yaml")}:4: the key \"a\" twice"));
    }

    [Test]
    public async Task PoliciesThatAreNotThereAreNamedAndNothingLooksAllowed()
    {
        Write("web.yaml", Tagged);

        var run = await CommandRun.OfAsync("check", "-f", At("web.yaml"), "--policies", At("nosuch"));

        Assert.That(
            (run.ExitCode, run.Output, run.Error),
            Is.EqualTo((2, "", $"error: --policies {At("nosuch")}: no such file or folder, so nothing was checked"))
        );
    }

    [Test]
    public async Task FilesWithoutWorkloadsAreClean()
    {
        var run = await CheckAsync(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: s}"
        );
        Assert.That(
            run,
            Is.EqualTo(
                new CommandRun(
                    0,
                    $"{At("pin.yaml")}:1: SafeguardPolicy tier-1 is valid (mode Enforce)",
                    "Checked 1 policy, no workloads; skipped 2 objects of other kinds: ConfigMap 1, Service 1"
                )
            )
        );
    }

    [Test]
    public async Task AnInvalidPolicyRefusesAsInTheClusterAndIsAnError()
    {
        var run = await CheckAsync(
            $"{Tagged}\n---\napiVersion: deployguard.io/v1alpha1\nkind: SafeguardPolicy\nmetadata: {{name: bad}}\nspec: {{mode: Enforce, mod: Warn}}"
        );
        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Output, Does.Contain("policy bad cannot be read"));
        Assert.That(
            run.Error,
            Does.Contain($"error: {At("web.yaml")}:3: SafeguardPolicy bad is not valid:\n - {At("web.yaml")}:6: spec.mod: unknown field")
        );
    }

    [Test]
    public async Task ACustomKindIsReportedAsSkippedUntilAFlagNamesIt()
    {
        const string Rollout =
            """{"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "web"}, "spec": {"template": {"spec": {"containers": [{"name": "web", "image": "web:1"}]}}}}""";
        const string Jobs =
            """{"apiVersion": "example.com/v1", "kind": "Jobs", "metadata": {"name": "web"}, "spec": {"of": [{"template": {"spec": {"containers": [{"image": "web:1"}]}}}]}}""";

        var unknown = await CheckAsync($"{Rollout}\n---\n{Jobs}");
        var known = await CheckAsync(Rollout, "--workload-kinds", "rollouts.argoproj.io/Rollout=spec.template");

        Assert.That(
            (unknown.ExitCode, unknown.Error),
            Is.EqualTo(
                (
                    0,
                    $"""
                    {At(
                        "web.yaml"
                    )}:1: skipped a Rollout of argoproj.io, which has a pod template at spec.template; check it with --workload-kinds rollouts.argoproj.io/Rollout=spec.template
                    {At(
                        "web.yaml"
                    )}:3: skipped a Jobs of example.com, which has a pod template at spec.of[0].template; the cluster evaluates the workloads that its controller creates
                    Checked 1 policy, no workloads; skipped 2 objects of other kinds: Jobs 1, Rollout 1
                    """
                )
            )
        );
        Assert.That((known.ExitCode, known.Error), Is.EqualTo((1, "Checked 1 workload: 1 refused")));
        Assert.That(
            (await CheckAsync(Rollout, "--workload-kinds", "Rollout")).Error,
            Does.StartWith("error: --workload-kinds Rollout: expected RESOURCE.GROUP/KIND=PATH such as")
        );
    }

    [Test]
    public async Task AnUnrenderedHelmTemplateIsReportedOncePerFile()
    {
        Write("chart/Chart.yaml", "name: web");
        Write("chart/templates/web.yaml", "{{- if .Values.on }}\na: {{ .Values.a }}\n---\nb: {{ .Values.b }}\n{{- end }}");

        var file = await CommandRun.OfAsync("check", "-f", At("chart/templates/web.yaml"));
        var chart = await CommandRun.OfAsync("check", "-f", At("chart"));

        Assert.That(file.ExitCode, Is.EqualTo(2));
        Assert.That(file.Error.Split('\n'), Has.Length.EqualTo(3));
        Assert.That(file.Error.Split('\n')[2], Does.StartWith($"error: {At("chart/templates/web.yaml")}:4: ").And.Not.Contain("helm"));
        Assert.That(file.Error, Does.Contain($"render it first, as in helm template {At("chart")} | deployguard check -f -"));
        Assert.That(
            (chart.ExitCode, chart.Error),
            Is.EqualTo(
                (
                    2,
                    $"Checked no workloads; 1 error\nerror: {At("chart")}: a Helm chart; render it first: helm template "
                        + $"{At("chart")} | deployguard check -f -"
                )
            )
        );
    }

    [Test]
    public async Task FurtherBrokenDocumentsOfAnUnrenderedTemplateAreCounted()
    {
        var run = await CheckAsync($"a: {{{{ b }}}}: [\n---\nb: [ '{{{{ c }}}}'\n---\n{Tagged}\n---\nc: [ '{{{{ d }}}}'");
        var error = run.Error.Split('\n');
        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(error[0], Is.EqualTo("Checked 1 workload: 1 refused; 2 errors"));
        Assert.That(error[1], Does.StartWith($"error: {At("web.yaml")}:1: ").And.Contain("render it first"));
        Assert.That(
            error[2],
            Does.StartWith(
                $"error: {At("web.yaml")}: 2 more documents with {{{{ in them cannot be used, of which the first is {At("web.yaml")}:"
            )
        );
    }

    [TestCase("{\"a\": \"{{ x }}\", \"a\": 1}")]
    [TestCase("a: [ {{\u0001\u0002")]
    [TestCase("a: [ {{\uFFFD")]
    public async Task OtherBrokenFilesAreNotTakenForTemplates(string content) =>
        Assert.That((await CheckAsync(content)).Error, Does.Contain(":1: ").Or.Contain(":2: ").And.Not.Contain("helm"));

    [Test]
    public async Task AnInjectionAnnotationIsReadIfAFlagNamesIt()
    {
        const string Sidecar =
            """{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "annotations": {"sidecar.example.com/proxy": "proxy:1"}}, "spec": {"containers": [{"name": "web", "image": "web@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}]}}""";

        var unknown = await CheckAsync(Sidecar);
        var known = await CheckAsync(Sidecar, "--injection-annotation", "image=sidecar.example.com/proxy");

        Assert.That(unknown.ExitCode, Is.EqualTo(0), unknown.Output);
        Assert.That(known.ExitCode, Is.EqualTo(1));
        Assert.That(known.Output, Does.Contain("ImageNotPinned").And.Contain("proxy:1"));
    }

    [TestCase("--restart-annotation", "example.com/restarted-at", "annotations")]
    [TestCase("--naming-label", "example.com/build", "labels")]
    public async Task TemplateNoiseOfTheClusterIsNoChange(string flag, string key, string list)
    {
        Write(
            "approve.yaml",
            "apiVersion: deployguard.io/v1alpha1\nkind: SafeguardPolicy\nmetadata: {name: approve}\nspec: {mode: Enforce, approval: {required: "
                + "Always, quorum: [{groups: [senior], count: 1}]}}"
        );
        Write("before.yaml", Noisy("1"));
        Write("after.yaml", Noisy("2"));
        string[] check = ["check", "-f", At("after.yaml"), "--before", At("before.yaml"), "--policies", At("approve.yaml")];

        Assert.That((await CommandRun.OfAsync(check)).ExitCode, Is.EqualTo(1));
        var run = await CommandRun.OfAsync([.. check, flag, key]);
        Assert.That(run.ExitCode, Is.EqualTo(0), run.Output);

        string Noisy(string value) =>
            Tagged.Replace(
                "\"template\": {",
                $"\"template\": {{\"metadata\": {{\"{list}\": {{\"{key}\": \"{value}\"}}}}, ",
                StringComparison.Ordinal
            );
    }

    [TestCase("--injection-annotation", "sidecar", "--injection-annotation sidecar: expected FORM=KEY with a FORM of image, version")]
    [TestCase("--restart-annotation", "istio.io/rev", "--restart-annotation istio.io/rev: is read by more than people")]
    [TestCase("--naming-label", "app", "--naming-label app: is read by more than people")]
    public async Task FlagsThatTheWebhookRefusesAreRefused(string flag, string value, string error)
    {
        var run = await CheckAsync(Tagged, flag, value);
        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Error, Does.StartWith($"error: {error}"));
    }

    [Test]
    public async Task FoldersInAFolderAreReportedAsSkipped()
    {
        Write("all/web.yaml", Tagged);
        Write("all/more/web.yaml", Tagged);
        Directory.CreateDirectory(At("empty"));

        Assert.That(
            (await CommandRun.OfAsync("check", "-f", At("all"))).Error,
            Is.EqualTo(
                $"{At("all")}: skipped the folders in it (more); pass each with its own -f to check it\n{NoPolicy}\nChecked 1 workload: 1 allowed"
            )
        );
        Assert.That(
            (await CommandRun.OfAsync("check", "-f", At("empty"))).Error,
            Does.EndWith($"error: {At("empty")}: no .yaml, .yml or .json file directly in it; pass the folder that has them")
        );
    }

    private static string Skipped(string content) =>
        content.Contains("ConfigMap", StringComparison.Ordinal) ? "; skipped 1 object of other kinds: ConfigMap 1" : "";

    private async Task<CommandRun> CheckAsync(string content, params string[] more)
    {
        Write("web.yaml", content);
        return await CommandRun.OfAsync(["check", "-f", At("web.yaml"), "--policies", At("pin.yaml"), .. more]);
    }

    private string At(string file) => Path.Combine(_folder, file);

    private void Write(string file, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(file)) ?? _folder);
        File.WriteAllText(At(file), content);
    }
}
