using System.Text;
using System.Text.Json;

namespace DeployGuard.Rig;

/// <summary>
/// DeployGuard as the chart installs it: its objects from <c>helm install</c>, its replicas as published binaries with the chart's own
/// arguments and environment, and its ServiceAccount's token, behind the chart's Service, whose address haproxy listens on.
/// </summary>
public sealed class Installation : IDisposable
{
    private const string Namespace = "deployguard-system";

    private static readonly TimeSpan s_startUp = TimeSpan.FromSeconds(180);

    private readonly Toolbox _tools;
    private readonly ControlPlane _plane;
    private readonly string _kubeconfig;
    private readonly IReadOnlyList<string> _arguments;
    private readonly IReadOnlyList<JsonElement> _environment;
    private readonly string _clusterIp;
    private readonly List<Replica> _replicas = [];
    private Daemon? _proxy;

    private Installation(Toolbox tools, ControlPlane plane, string kubeconfig, JsonElement container, string clusterIp)
    {
        (_tools, _plane, _kubeconfig, _clusterIp) = (tools, plane, kubeconfig, clusterIp);
        _arguments = [.. container.GetProperty("args").EnumerateArray().Select(a => a.GetString() ?? "")];
        _environment = [.. container.GetProperty("env").EnumerateArray()];
    }

    public IReadOnlyList<Replica> Replicas => _replicas;

    /// <summary>The arguments of <c>helm install</c>.</summary>
    public static string[] HelmArguments(string chart) => ["install", "deployguard", chart, "--namespace", Namespace, "--create-namespace"];

    /// <summary>Reads the objects that <c>helm install</c> created, and prepares to run the replicas.</summary>
    public static async Task<Installation> ReadAsync(Toolbox tools, ControlPlane plane)
    {
        var deployment = await GetAsync(plane, "deployment", "deployguard");
        var container = deployment.GetProperty("spec").GetProperty("template").GetProperty("spec").GetProperty("containers")[0];
        var service = await GetAsync(plane, "service", "deployguard");
        var token = (
            await plane.KubectlAsync(
                "admin",
                TokenRequest,
                ["create", "--raw", $"/api/v1/namespaces/{Namespace}/serviceaccounts/deployguard/token", "-f", "-"]
            )
        )
            .OrFail()
            .Output;
        var kubeconfig = plane.WriteKubeconfig(
            "deployguard",
            JsonDocument.Parse(token).RootElement.GetProperty("status").GetProperty("token").GetString() ?? ""
        );
        return new Installation(
            tools,
            plane,
            kubeconfig,
            container,
            service.GetProperty("spec").GetProperty("clusterIP").GetString() ?? ""
        );
    }

    private const string TokenRequest =
        """{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 86400}}""";

    /// <summary>Starts replicas and the proxy before them, and waits until the leader has filled the webhook configurations.</summary>
    public async Task StartAsync(int replicas)
    {
        for (var i = 0; i < replicas; i++)
        {
            _replicas.Add(await StartReplicaAsync(i));
        }

        _proxy = StartProxy();
        await WaitUntilInForceAsync();
    }

    /// <summary>
    /// Waits until the leader has filled the webhook configurations, and a replica answers where the API server calls it.
    /// </summary>
    public async Task WaitUntilInForceAsync()
    {
        var proxy = _proxy ?? throw new InvalidOperationException("not started");
        await proxy.WaitUntilAsync(RegistrationIsFilledAsync, s_startUp);
        // A replica that leads while the others still start may have filled it before the proxy listened.
        await proxy.WaitUntilAsync(IsReachedAsync, s_startUp);
    }

    /// <summary>Restarts processes that ended unexpectedly.</summary>
    /// <returns>Each ended process, with its last output.</returns>
    internal async Task<IReadOnlyList<string>> RepairAsync()
    {
        var ended = _replicas.Select(r => r.Daemon).Append(_proxy).OfType<Daemon>().Where(d => d.HasEndedUnexpectedly).ToList();
        var exitReports = ended.Select(d => d.ExitReport).ToList();
        ended.ForEach(d => d.Restart());
        foreach (var replica in _replicas.Where(r => ended.Contains(r.Daemon)))
        {
            await IsReadyAsync(replica.Daemon, replica.Port);
        }

        if (ended.Count > 0 && _proxy is not null)
        {
            await _proxy.WaitUntilAsync(IsReachedAsync, s_startUp);
        }

        return exitReports;
    }

    /// <summary>
    /// Stops the Service during an action, like a network failure: the replicas run, and the API server cannot reach them.
    /// </summary>
    public async Task WhileCutOffAsync(Func<Task> act)
    {
        _proxy?.Dispose();
        try
        {
            await act();
        }
        finally
        {
            _proxy = StartProxy();
            await _proxy.WaitUntilAsync(IsReachedAsync, s_startUp);
        }
    }

    /// <summary>Starts a replica to replace one that was killed.</summary>
    public async Task RestartAsync(int index)
    {
        _replicas[index].Daemon.Dispose();
        _replicas[index] = await StartReplicaAsync(index, _replicas[index]);
        if (_proxy is not null)
        {
            // The proxy finds the new replica by its health checks.
            await _proxy.WaitUntilAsync(IsReachedAsync, s_startUp);
        }
    }

    /// <summary>Replaces a replica as a rolling update does: SIGTERM, a graceful end, a new replica.</summary>
    public async Task ReplaceAsync(int index)
    {
        await _replicas[index].Daemon.EndAsync();
        await RestartAsync(index);
    }

    public void Dispose()
    {
        _proxy?.Dispose();
        _replicas.ForEach(r => r.Daemon.Dispose());
    }

    /// <summary>The message of a replica's readiness endpoint; empty if it does not answer.</summary>
    public async Task<string> ReadinessMessageAsync(int index)
    {
        using var http = AnyCertificate();
        try
        {
            return await (await http.GetAsync(new Uri($"https://127.0.0.1:{_replicas[index].Port}/readyz"))).Content.ReadAsStringAsync();
        }
        catch (HttpRequestException)
        {
            return "";
        }
    }

    private static HttpClient AnyCertificate() =>
        new(
            new HttpClientHandler
            {
                ServerCertificateCustomValidationCallback = HttpClientHandler.DangerousAcceptAnyServerCertificateValidator,
            }
        );

    private Daemon StartProxy() => Daemon.Start("haproxy", _plane.Folder, _tools["haproxy"], "-db", "-f", WriteProxyConfiguration());

    private async Task<Replica> StartReplicaAsync(int index, Replica? former = null)
    {
        var (port, metrics) = former is null ? (Ports.Free(), Ports.Free()) : (former.Port, former.MetricsPort);
        var daemon = Daemon.Start(
            $"webhook-{index}",
            _plane.Folder,
            await EnvironmentAsync(),
            Toolbox.Webhook,
            [
                .. _arguments.Where(a =>
                    !a.StartsWith("--listen=", StringComparison.Ordinal) && !a.StartsWith("--metrics-listen=", StringComparison.Ordinal)
                ),
                $"--listen=127.0.0.1:{port}",
                $"--metrics-listen=127.0.0.1:{metrics}",
                $"--kubeconfig={_kubeconfig}",
            ]
        );
        await IsReadyAsync(daemon, port);
        return new Replica(daemon, port, metrics);
    }

    /// <summary>As a kubelet would set it now: Secrets are read each time that a container starts.</summary>
    private async Task<Dictionary<string, string>> EnvironmentAsync()
    {
        var all = new Dictionary<string, string>();
        foreach (var variable in _environment)
        {
            all[variable.GetProperty("name").GetString() ?? ""] =
                variable.TryGetProperty("valueFrom", out var source) ? await FieldAsync(source.GetProperty("secretKeyRef"))
                : variable.TryGetProperty("value", out var value) ? value.GetString() ?? ""
                : "";
        }

        return all;
    }

    private async Task<string> FieldAsync(JsonElement reference)
    {
        var secret = await GetAsync(_plane, "secret", reference.GetProperty("name").GetString() ?? "");
        return Encoding.UTF8.GetString(
            secret.GetProperty("data").GetProperty(reference.GetProperty("key").GetString() ?? "").GetBytesFromBase64()
        );
    }

    private static async Task IsReadyAsync(Daemon replica, int port)
    {
        using var http = AnyCertificate();
        await replica.WaitUntilAsync(() => IsReadyAsync(http, new Uri($"https://127.0.0.1:{port}/readyz")), s_startUp);
    }

    private static async Task<bool> IsReadyAsync(HttpClient http, Uri url)
    {
        try
        {
            using var response = await http.GetAsync(url);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    /// <summary>Whether a replica answers where the API server calls it.</summary>
    private async Task<bool> IsReachedAsync()
    {
        using var http = AnyCertificate();
        return await IsReadyAsync(http, new Uri($"https://{_clusterIp}/readyz"));
    }

    private async Task<bool> RegistrationIsFilledAsync()
    {
        foreach (var kind in (string[])["validatingwebhookconfigurations", "mutatingwebhookconfigurations"])
        {
            var registered = await _plane.Api.FindAsync($"apis/admissionregistration.k8s.io/v1/{kind}/deployguard");
            if (registered is not { } found || !found.TryGetProperty("webhooks", out var entries) || entries.GetArrayLength() == 0)
            {
                return false;
            }
        }

        return true;
    }

    private string WriteProxyConfiguration()
    {
        var file = Path.Combine(_plane.Folder, "haproxy.cfg");
        File.WriteAllText(
            file,
            $"""
            defaults
              mode tcp
              timeout connect 500ms
              timeout client 60s
              timeout server 60s
              # Without it a check may take no longer than the interval, and a busy machine has no replica at all.
              timeout check 1s
              option redispatch
              retries 3
            frontend service
              bind {_clusterIp}:443
              default_backend replicas
            backend replicas
              balance roundrobin
              option httpchk GET /readyz
              default-server check check-ssl verify none inter 500ms fastinter 200ms downinter 200ms fall 2 rise 1
            {string.Join('\n', _replicas.Select((r, i) => $"  server replica{i} 127.0.0.1:{r.Port}"))}

            """
        );
        return file;
    }

    private static async Task<JsonElement> GetAsync(ControlPlane plane, string kind, string name) =>
        JsonDocument
            .Parse((await plane.KubectlAsync("admin", "get", kind, name, "-n", Namespace, "-o", "json")).OrFail().Output)
            .RootElement;
}

/// <summary>A running replica of the webhook.</summary>
public sealed record Replica(Daemon Daemon, int Port, int MetricsPort)
{
    public async Task<string> ScrapeAsync()
    {
        using var http = new HttpClient();
        return await http.GetStringAsync(new Uri($"http://127.0.0.1:{MetricsPort}/metrics"));
    }

    /// <summary>The values of a metric's series that have all of these labels, written as <c>name="value"</c>.</summary>
    public async Task<IReadOnlyList<double>> ReadAsync(string metric, params IEnumerable<string> labels) =>
        [
            .. (await ScrapeAsync())
                .Split('\n')
                .Where(l =>
                    (l.StartsWith($"{metric}{{", StringComparison.Ordinal) || l.StartsWith($"{metric} ", StringComparison.Ordinal))
                    && labels.All(label => l.Contains(label, StringComparison.Ordinal))
                )
                .Select(l => double.Parse(l.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture)),
        ];
}
