using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using DeployGuard.Cli.Tests;
using DeployGuard.Core.Attestations;
using DeployGuard.Rig;
using static DeployGuard.EndToEnd.SignedSource;

namespace DeployGuard.EndToEnd;

/// <summary>Bypasses of the policy of a repository: from what attest says of its commits to the answer of a real kubectl.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class BypassRepositoryPolicyTests
{
    private const string Policy = "repository-policy";
    private const string File = ".deployguard/policy.json";

    private readonly ECDsa _owner = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly GitRepository _git = new();
    private SignedSource? _source;

    private SignedSource Source => _source ?? throw new InvalidOperationException("not started");

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _source = await SignedSource.StartAsync();
        await _source.CreatePolicyAsync(Policy, "AiAssisted");
    }

    [OneTimeTearDown]
    public void Stop()
    {
        _source?.Dispose();
        _git.Dispose();
        _owner.Dispose();
    }

    /// <summary>Nobody reviewed any of these changes: only that no AI had a part lets one pass.</summary>
    [Test]
    public async Task Threat63_AChangeThatBringsThePolicyOfItsRepositoryDoesNotVouchForItself()
    {
        var first = _git.Commit("first");
        var brings = CommitPolicy();
        var after = _git.Commit("without a sign of AI");
        var sandbox = await Source.WithProvenCommitAsync(Policy, Change(Commit('a'), first));

        var own = await Source.ImageAsync("brings the policy");
        await Source.AttestAsync(own, await StatedAsync(first, brings));
        await Source.IsRefusedAsync(sandbox, own, "ApprovalMissing", "does not say whether AI had a part");

        var proven = await Source.WithProvenCommitAsync(Policy, Change(Commit('a'), brings));
        var next = await Source.ImageAsync("under the policy");
        await Source.AttestAsync(next, await StatedAsync(brings, after));
        await Source.PassesAsync(proven, next);

        var assisted = await Source.ImageAsync("with a sign of AI");
        var head = _git.Commit("with a sign\n\nAssisted-by: Codex");
        await Source.AttestAsync(assisted, await StatedAsync(brings, head));
        await Source.IsRefusedAsync(proven, assisted, "ApprovalMissing", "AI-assisted change (statement)");
    }

    /// <summary>What the forge's job would sign about a range.</summary>
    private async Task<ChangeStatement> StatedAsync(string from, string to)
    {
        string[] range = ["--folder", _git.Folder, "--from", from, "--to", to, "--complete", "--ref", "refs/heads/main"];
        string[] trust = ["--repository", Address, "--repository-policy-key", _git.At("owner.pub")];
        var run = await Run.OfAsync(
            Path.Combine(Toolbox.Cli, "deployguard"),
            ["attest", .. range, .. trust, "--format", "predicate", "-o", _git.At("predicate.json")],
            Run.SameEnvironment
        );
        run.OrFail();
        using var predicate = JsonDocument.Parse(await System.IO.File.ReadAllTextAsync(_git.At("predicate.json")));
        return ChangeStatement.Parse(predicate.RootElement);
    }

    /// <summary>A commit with a policy by which commits with AI are marked, signed by its owner, and its hash.</summary>
    private string CommitPolicy()
    {
        var policy = $$"""
            {"kind": "https://deployguard.io/repository-policy/v1", "repository": "{{Address}}",
             "assistedCommitsMustBeMarked": true, "expiresAt": "2126-01-01T00:00:00Z"}
            """;
        var signature = _owner.SignData(Encoding.UTF8.GetBytes(policy), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        _git.Write(File, policy);
        _git.Write($"{File}.sig", $"{Convert.ToBase64String(signature)}\n");
        _git.Write("owner.pub", _owner.ExportSubjectPublicKeyInfoPem());
        _git.Commit();
        return _git.Git("rev-parse", "HEAD");
    }
}
