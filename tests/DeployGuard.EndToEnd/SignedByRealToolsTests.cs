using System.Text;
using System.Text.Json.Nodes;
using DeployGuard.Cli.Tests;
using DeployGuard.Registry.References;
using static DeployGuard.EndToEnd.SignedSource;

namespace DeployGuard.EndToEnd;

/// <summary>
/// What cosign 2 and 3 sign counts in DeployGuard, and what DeployGuard signs verifies with both: images of oras and skopeo in a real
/// registry with TLS and basic authentication, up to the answer that a real kubectl prints.
/// </summary>
[Parallelizable(ParallelScope.Self)]
public sealed class SignedByRealToolsTests
{
    private const string Policy = "real-tools";
    private const string WithoutPassword = "real-tools-anonymous";
    private const string PullSecret = "real-tools-pull";

    private SigningTools? _tools;
    private SignedSource? _source;

    private SigningTools Tools => _tools ?? throw new InvalidOperationException("not started");

    private SignedSource Source => _source ?? throw new InvalidOperationException("not started");

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _tools = await SigningTools.StartAsync();
        _source = await SignedSource.StartAsync(_tools.Key, isPrivate: true);
        _tools.LogIn(_source.Host, _source.Authority);
        await CreatePullSecretAsync();
        await _source.CreatePolicyAsync(Policy, "Always", PullSecret);
        await _source.CreatePolicyAsync(WithoutPassword, "Always");
    }

    [OneTimeTearDown]
    public void Stop()
    {
        _source?.Dispose();
        _tools?.Dispose();
    }

    [Test]
    public async Task WhatBothVersionsOfCosignAttestedPassesWithoutAnyApproval()
    {
        var sandbox = await Source.WithProvenCommitAsync(Policy);

        var bare = await PushAsync("bare");
        Assert.That(await Source.RefusedAsync(sandbox, bare), Does.Contain("ApprovalMissing").And.Contain("no signed statement was found"));

        var image = bare;
        foreach (var (cosign, suffix) in ((int, string)[])[(2, ".att"), (3, "")])
        {
            image = await PushAsync($"cosign-{cosign}");
            await Tools.AttestAsync(cosign, Source.Name(image), Change('b', 'c'));
            Assert.That(await TagsAsync(), Does.Contain($"{image.Tag}{suffix}"), "the place where this version leaves it");
            (await Source.DryRunSetImageAsync(sandbox, image)).OrFail();
        }

        (await Source.SetImageAsync(sandbox, image)).OrFail();
        var shown = await sandbox.KubectlAsync("alice", "deployguard", "show", await sandbox.ChangeOfAsync(Source.Name(image)));
        Assert.That(shown.Output, Does.Contain("forge (SourceReview)").And.Contain("review by github:2002"));
        Assert.That(await VotesAsync(sandbox), Is.EqualTo(1), "the approval of the first image alone");
    }

    [Test]
    public async Task ASignatureOfCosignAloneNamesNoCommit()
    {
        var sandbox = await Source.WithProvenCommitAsync(Policy);
        foreach (var cosign in (int[])[2, 3])
        {
            var image = await PushAsync($"signed-{cosign}");
            await Tools.SignAsync(cosign, Source.Name(image));
            Assert.That(
                await Source.RefusedAsync(sandbox, image),
                Does.Contain("a signature of the image alone says nothing of its commit")
            );
        }
    }

    [Test]
    public async Task AMultiArchitectureImageNeedsAnAttestationOfItsIndexOrOfEachPlatform()
    {
        var sandbox = await Source.WithProvenCommitAsync(Policy);

        var (whole, _) = await PushIndexAsync("whole");
        await Tools.AttestAsync(3, Source.Name(whole), Change('b', 'c'));
        (await Source.DryRunSetImageAsync(sandbox, whole)).OrFail();

        var (half, one) = await PushIndexAsync("half");
        await Tools.AttestAsync(3, Source.Name(one[0]), Change('b', 'c'));
        Assert.That(await Source.RefusedAsync(sandbox, half), Does.Contain($"No statement that counts is about linux/arm64 ({one[1]})"));

        var (each, both) = await PushIndexAsync("each");
        await Tools.AttestAsync(3, Source.Name(both[0]), Change('b', 'c'));
        await Tools.AttestAsync(2, Source.Name(both[1]), Change('b', 'c'));
        (await Source.DryRunSetImageAsync(sandbox, each)).OrFail();
    }

    [Test]
    public async Task WhatAttestWroteVerifiesWithBothVersionsOfCosignAndPasses()
    {
        using var git = new GitRepository();
        var (running, head) = (git.Commit("first"), git.Commit("second"));
        var sandbox = await Source.WithProvenCommitAsync(Policy, Change(new string('a', 40), running));
        var approvals = Tools.Write(Encoding.UTF8.GetBytes(ApprovalOf(head)));

        var image = await PushAsync("attached");
        await Tools.CosignAsync(2, "attach", "attestation", "--attestation", await StateAsync(image), Source.Name(image));
        await AssertCountsEverywhereAsync(image, isBundle: false);

        image = await PushAsync("pushed-as-tag");
        await StateAsync(image, "--push", "--as", "tag");
        await AssertCountsEverywhereAsync(image, isBundle: false);

        image = await PushAsync("pushed-as-referrer");
        await StateAsync(image, "--push", "--as", "referrer");
        await AssertCountsEverywhereAsync(image, isBundle: true);

        Task<string> StateAsync(Digest subject, params string[] push)
        {
            string[] range = ["--folder", git.Folder, "--from", running, "--to", head, "--complete"];
            string[] source = ["--repository", Address, "--ref", "refs/heads/main", "--approvals", approvals];
            return Tools.StateAsync([.. range, .. source, "--image", Source.Name(subject), .. push]);
        }

        async Task AssertCountsEverywhereAsync(Digest subject, bool isBundle)
        {
            await Tools.VerifyAttestationAsync(2, Source.Name(subject), isBundle);
            await Tools.VerifyAttestationAsync(3, Source.Name(subject), isBundle);
            (await Source.DryRunSetImageAsync(sandbox, subject)).OrFail();
        }
    }

    [Test]
    public async Task WithoutThePasswordOfTheRegistryARefusalSaysSo()
    {
        var sandbox = await Sandbox.WithWebRunningAsync(WithoutPassword);
        var refused = await Source.RefusedAsync(sandbox, await PushAsync("private"));
        Assert.That(refused, Does.Contain("OriginUnavailable").And.Contain("tried: anonymous"));
    }

    private Task<Digest> PushAsync(string seed) => Tools.PushImageAsync($"{Source.Repository}:{seed}", seed);

    /// <summary>Made of images of oras; skopeo copies all of them to the repository.</summary>
    private async Task<(Digest Index, Digest[] Platforms)> PushIndexAsync(string seed)
    {
        var parts = $"{Source.Host}/acme/parts";
        Digest[] platforms =
        [
            await Tools.PushImageAsync($"{parts}:{seed}-amd64", seed, "amd64"),
            await Tools.PushImageAsync($"{parts}:{seed}-arm64", seed, "arm64"),
        ];
        await Tools.OrasAsync(["manifest", "index", "create", $"{parts}:{seed}", .. platforms.Select(p => $"{p}")]);
        var copy = $"{Source.Repository}:{seed}";
        await Tools.SkopeoAsync("copy", "--all", $"docker://{parts}:{seed}", $"docker://{copy}");
        return (await Tools.ResolveAsync(copy), platforms);
    }

    private async Task<string[]> TagsAsync() => (await Tools.OrasAsync("repo", "tags", Source.Repository)).Output.Split('\n');

    private async Task CreatePullSecretAsync()
    {
        var secret = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Secret",
            ["type"] = "kubernetes.io/dockerconfigjson",
            ["metadata"] = new JsonObject { ["name"] = PullSecret },
            ["stringData"] = new JsonObject { [".dockerconfigjson"] = RegistryUser.DockerConfig(Source.Host) },
        };
        await TestCluster.Rig.Plane.Api.CreateAsync("api/v1/namespaces/deployguard-system/secrets", secret.ToJsonString());
    }

    private static string ApprovalOf(string commit) =>
        $$"""
            {"approvals": [{"approver": "github:2002", "kind": "human", "state": "approved", "commit": "{{commit}}",
              "at": "{{TimeProvider.System.GetUtcNow():yyyy-MM-ddTHH:mm:ssZ}}"}]}
            """;
}
