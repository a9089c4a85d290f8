using System.Text.Json.Nodes;
using DeployGuard.Core.Attestations;
using DeployGuard.Rig;
using static DeployGuard.EndToEnd.SignedSource;

namespace DeployGuard.EndToEnd;

/// <summary>Keys in Secrets that are replaced or deleted, and registries that cannot be asked.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class EvidenceAvailabilityTests
{
    private const string InSecret = "evidence-secret";
    private const string Away = "evidence-away";
    private const string Secrets = "api/v1/namespaces/deployguard-system/secrets";

    private SignedSource? _source;

    private SignedSource Source => _source ?? throw new InvalidOperationException("not started");

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _source = await SignedSource.StartAsync();
        await CreateSecretAsync(_source.Forge);
        await _source.CreatePolicyAsync(
            InSecret,
            "Always",
            spec =>
                spec["origin"]!["keys"] = new JsonArray(
                    Sandbox.Parse(
                        $$"""{"name": "forge", "role": "SourceReview", "secretRef": {"name": "{{InSecret}}", "key": "cosign.pub"} }"""
                    )
                )
        );
        await _source.CreatePolicyAsync(Away, "Always");
    }

    [OneTimeTearDown]
    public void Stop() => _source?.Dispose();

    [Test]
    public async Task Threat69_AKeyEndsWithItsSecretAndASuccessorOfTheSameNameProvesNothingForIt()
    {
        var sandbox = await Source.WithProvenCommitAsync(InSecret);
        var image = await Source.ImageAsync("by the key of the Secret");
        await Source.AttestAsync(image, Change('b', 'c'));
        await Source.PassesAsync(sandbox, image);

        var successor = NewKey();
        await TestCluster.Rig.Plane.Api.MergeAsync(
            $"{Secrets}/{InSecret}",
            $$"""{"stringData": {"cosign.pub": {{Json(successor.Public.Pem)}} } }"""
        );
        await Source.IsRefusedAsync(sandbox, image, "StatementKey", "ApprovalMissing");

        // The former key said of which commit the running image is.
        var next = await Source.ImageAsync("by the successor");
        await Source.AttestAsync(next, Change('b', 'c'), successor);
        await Source.IsRefusedAsync(sandbox, next, "is not known, so that nobody can say what changed since then", "ApprovalMissing");

        (await TestCluster.Rig.Plane.KubectlAsync("admin", "delete", "secret", InSecret, "-n", "deployguard-system")).OrFail();
        await Source.IsRefusedAsync(sandbox, image, "OriginUnavailable", InSecret, "ApprovalMissing");

        await CreateSecretAsync(Source.Forge);
        await Source.PassesAsync(sandbox, image);
    }

    /// <summary>The registry speaks TLS alone. Approvals of people count in both cases.</summary>
    [Test]
    public async Task ARegistryThatCannotBeAskedIsTreatedAsThePolicySays()
    {
        var sandbox = await Source.WithProvenCommitAsync(Away);
        var image = await Source.ImageAsync("cannot be read");
        await Source.AttestAsync(image, Change('b', 'c'));

        await EditOriginAsync(Away, $$"""{"registries": [{"host": "{{Source.Host}}", "plainHttp": true}]}""");
        await Source.IsRefusedAsync(sandbox, image, "OriginUnavailable", "ApprovalMissing");

        await EditOriginAsync(Away, """{"onUnavailable": "TreatAsUnknown"}""");
        var refused = await Wait.UntilAsync(
            () => Source.SetImageAsync(sandbox, image),
            run => !run.Output.Contains("OriginUnavailable", StringComparison.Ordinal),
            "the replicas to know the policy"
        );
        Assert.That(refused.Output, Does.Contain("ApprovalMissing").And.Contain("Signed evidence could not be read, so that none counts"));

        await NewerServer.ApproveAsync(sandbox, refused.Output);
        await Source.PassesAsync(sandbox, image);
    }

    private static Task CreateSecretAsync(SigningKey key) =>
        TestCluster.Rig.Plane.Api.CreateAsync(
            Secrets,
            new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "Secret",
                ["metadata"] = new JsonObject { ["name"] = InSecret },
                ["stringData"] = new JsonObject { ["cosign.pub"] = key.Public.Pem },
            }.ToJsonString()
        );
}
