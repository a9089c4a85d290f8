using DeployGuard.Rig;
using static DeployGuard.EndToEnd.SignedSource;

namespace DeployGuard.EndToEnd;

/// <summary>Registries behind an HTTP proxy that asks for a password, as the chart's value <c>registryProxy</c> names it.</summary>
public class RegistryProxyTests : OwnCluster
{
    private const string Policy = "proxied";
    private const string WithoutProxy = "not-proxied";
    private const string Namespace = "deployguard-system";
    private const string Secret = "registry-proxy";
    private const string User = "lookup";
    private const string Password = "not-to-be-shown";
    private const string WrongPassword = "wrong-and-not-to-be-shown";

    private ForwardProxy? _proxy;
    private SignedSource? _source;
    private SignedSource? _direct;

    private ForwardProxy Proxy => _proxy ?? throw new InvalidOperationException("not started");

    private SignedSource Source => _source ?? throw new InvalidOperationException("not started");

    private SignedSource Direct => _direct ?? throw new InvalidOperationException("not started");

    protected override int Replicas => 0;

    protected override async Task PrepareAsync()
    {
        _proxy = await ForwardProxy.StartAsync(TestCluster.Rig.Tools, User, Password);
        _source = await SignedSource.StartAsync();
        _direct = await SignedSource.StartAsync();
        await KubectlAsync("create", "namespace", Namespace);
        await KubectlAsync("create", "secret", "generic", Secret, "-n", Namespace, $"--from-literal=url={_proxy.Url(User, Password)}");
        var values = $$"""registryProxy={"secretRef": {"name": "{{Secret}}", "key": "url"}, "noProxy": ["{{_direct.Host}}"]}""";
        (await Plane.HelmAsync("admin", [.. Installation.HelmArguments(Toolbox.Chart), "--set-json", values])).OrFail();
        await KubectlAsync("apply", "-f", TestCluster.Manifest("people.yaml"));
        await TestCluster.Rig.RunInstalledAsync(replicas: 1);
        await TestCluster.Rig.WaitForPermissionAsync("dana", "create", "deployments", "default");
        await _source.CreatePolicyAsync(Policy, "Always");
        await _direct.CreatePolicyAsync(WithoutProxy, "Always");
    }

    protected override Task CleanUpAsync()
    {
        _direct?.Dispose();
        _source?.Dispose();
        _proxy?.Dispose();
        return Task.CompletedTask;
    }

    [Test]
    public async Task LookupsGoThroughTheProxyAloneAndNobodyReadsItsPassword()
    {
        var sandbox = await Source.WithProvenCommitAsync(Policy);
        var direct = await Direct.WithProvenCommitAsync(WithoutProxy);
        await Source.PassesAsync(sandbox, await AttestedAsync(Source, "through the proxy"));
        await Direct.PassesAsync(direct, await AttestedAsync(Direct, "beside the proxy"));
        Assert.That(Proxy.Asked, Is.EqualTo([Source.Host]));

        var next = await AttestedAsync(Source, "while the proxy is away");
        await Proxy.WhileStoppedAsync(async () =>
        {
            var refused = await Source.IsRefusedAsync(sandbox, next, "OriginUnavailable", "ApprovalMissing");
            Assert.That(refused.Output, Does.Not.Contain(Password));
            await Direct.PassesAsync(direct, await AttestedAsync(Direct, "reached without it"));
        });
        await Source.PassesAsync(sandbox, next);

        await SetUrlAsync(Proxy.Url(User, WrongPassword));
        var last = await AttestedAsync(Source, "by a wrong password");
        var denied = await Source.IsRefusedAsync(sandbox, last, "OriginUnavailable", "status code '401'");
        Assert.That(denied.Output, Does.Not.Contain(WrongPassword));
        await SetUrlAsync(Proxy.Url(User, Password));
        await Source.PassesAsync(sandbox, last);

        var seen = await Plane.KubectlAsync("admin", "get", "deployments,safeguardpolicies,changes,events", "-A", "-o", "yaml");
        Assert.That(seen.OrFail().Output, Does.Contain("--registry-no-proxy").And.Not.Contain(Password));
        Assert.That(Installation.Replicas.Select(r => File.ReadAllText(r.Daemon.Log)), Has.None.Contains(Password));
    }

    private static async Task<Registry.References.Digest> AttestedAsync(SignedSource source, string seed)
    {
        var image = await source.ImageAsync(seed);
        await source.AttestAsync(image, Change('b', 'c'));
        return image;
    }

    /// <summary>The URL counts once the replica is restarted.</summary>
    private static async Task SetUrlAsync(Uri url)
    {
        await Plane.Api.MergeAsync($"api/v1/namespaces/{Namespace}/secrets/{Secret}", $$"""{"stringData": {"url": "{{url}}"} }""");
        await Installation.ReplaceAsync(0);
    }

    private static async Task KubectlAsync(params string[] arguments) => (await Plane.KubectlAsync("admin", arguments)).OrFail();
}
