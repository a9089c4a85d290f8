using System.Text;
using DeployGuard.Core.Attestations;

namespace DeployGuard.Cli.Tests;

/// <summary><c>deployguard attest --manifest</c>: pod templates as subjects.</summary>
[Parallelizable(ParallelScope.Children)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class AttestTemplateTests : IDisposable
{
    private const string Bare = """
        {apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop}, spec: {selector: {matchLabels: {app: web}}, template:
          {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: "registry.example.com/web:1"}]}}}}
        """;

    private static readonly string s_stored = Bare.Replace(
        "spec: {containers",
        "spec: {terminationGracePeriodSeconds: 30, dnsPolicy: ClusterFirst, schedulerName: default-scheduler, containers",
        StringComparison.Ordinal
    );

    private readonly AttestRepository _repository = new();
    private readonly string _head;

    public AttestTemplateTests() => _head = _repository.Git.Commit("one");

    public void Dispose() => _repository.Dispose();

    /// <summary>The hash is the one that DeployGuard shows for the same object.</summary>
    [Test]
    public async Task EachPodTemplateBecomesASubjectByItsHash()
    {
        _repository.Git.Write("web.yaml", $"{s_stored}\n---\napiVersion: v1\nkind: Service\nmetadata: {{name: web}}\n");
        var file = _repository.Git.At("web.yaml");
        var run = await _repository.RunAsync("--format", "statement", "--manifest", file);

        var subjects = Statement.Parse(Encoding.UTF8.GetBytes(run.Output)).Subjects;

        Assert.That(subjects.Select(s => s.GitCommit).OfType<string>(), Is.EqualTo(new[] { _head }));
        var template = subjects.Single(s => s.Digests.ContainsKey(StatementSubject.TemplateHash));
        Assert.That(template.Name, Does.Contain("web"));
        Assert.That(template.Digests[StatementSubject.TemplateHash], Is.EqualTo(HashOf(file)));
    }

    [Test]
    public async Task ATemplateWithoutTheDefaultsOfTheServerIsAnError()
    {
        _repository.Git.Write("web.yaml", Bare);
        var run = await _repository.RunAsync("--format", "statement", "--manifest", _repository.Git.At("web.yaml"));
        Assert.That((run.ExitCode, run.Output), Is.EqualTo((2, "")));
        Assert.That(
            run.Error,
            Does.Contain("lacks the defaults of the API server, so that its hash is not the one in the cluster")
                .And.Contain("kubectl apply --dry-run=server -o yaml -f FILE")
        );
    }

    [Test]
    public async Task AFileWithoutAWorkloadIsAnError()
    {
        _repository.Git.Write("service.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n");
        var run = await _repository.RunAsync("--format", "statement", "--manifest", _repository.Git.At("service.yaml"));
        Assert.That((run.ExitCode, run.Output), Is.EqualTo((2, "")));
        Assert.That(run.Error, Does.EndWith("service.yaml: has no workload"));
    }

    [TestCase("--manifest: what --format predicate writes has no subjects", "--format", "predicate", "--manifest", "web.yaml")]
    [TestCase("--workload-kinds is for --manifest, which is missing", "--format", "statement", "--workload-kinds", "a.b/C=spec.template")]
    [TestCase("--workload-kinds x: ", "--format", "statement", "--manifest", "web.yaml", "--workload-kinds", "x")]
    public async Task WhatDoesNotGoTogetherIsAnError(string error, params string[] options)
    {
        var run = await _repository.RunAsync(options);
        Assert.That((run.ExitCode, run.Output), Is.EqualTo((2, "")));
        Assert.That(run.Error, Does.Contain(error));
    }

    private static string HashOf(string file) =>
        Core.Workloads.WorkloadReader.Default.Read(Manifests.ManifestReader.Read(file)[0].Content).Template.Hash;
}
