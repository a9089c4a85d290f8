using System.Text.Json;

namespace DeployGuard.Rig;

/// <summary>
/// A real Prometheus with the chart's alerts unchanged, and a real Alertmanager, on loopback. They evaluate every second, so that a
/// test need not wait a minute.
/// </summary>
public sealed class Monitoring : IDisposable
{
    private readonly HttpClient _http = new();
    private readonly List<Daemon> _daemons = [];
    private readonly Uri _prometheus = new($"http://127.0.0.1:{Ports.Free()}");
    private readonly Uri _alertmanager = new($"http://127.0.0.1:{Ports.Free()}");
    private readonly string _folder;

    private Monitoring(string folder) => _folder = folder;

    /// <param name="receiver">The URL to which Alertmanager posts alerts.</param>
    public static async Task<Monitoring> StartAsync(Toolbox tools, ControlPlane plane, IReadOnlyList<Replica> replicas, Uri receiver)
    {
        var monitoring = new Monitoring(Directory.CreateDirectory(Path.Combine(plane.Folder, "monitoring")).FullName);
        try
        {
            await monitoring.StartAlertmanagerAsync(tools, receiver);
            await monitoring.StartPrometheusAsync(tools, plane, replicas);
            return monitoring;
        }
        catch
        {
            monitoring.Dispose();
            throw;
        }
    }

    /// <summary>Evaluates a query now, and returns the <c>result</c> of Prometheus' answer.</summary>
    /// <exception cref="InvalidOperationException">Prometheus refused the query; the message says why.</exception>
    public Task<JsonElement> QueryAsync(string query) => PostAsync("query", new() { ["query"] = query });

    /// <summary>Evaluates a query over the last seconds, in steps of two seconds, as a dashboard does.</summary>
    public Task<JsonElement> QueryRangeAsync(string query, int seconds)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        return PostAsync(
            "query_range",
            new()
            {
                ["query"] = query,
                ["start"] = $"{now - seconds}",
                ["end"] = $"{now}",
                ["step"] = "2",
            }
        );
    }

    /// <summary>The rules as Prometheus has loaded them, each with its health and last error.</summary>
    public async Task<IReadOnlyList<JsonElement>> RulesAsync()
    {
        var answer = JsonDocument.Parse(await _http.GetStringAsync(new Uri(_prometheus, "/api/v1/rules"))).RootElement;
        return
        [
            .. answer.GetProperty("data").GetProperty("groups").EnumerateArray().SelectMany(g => g.GetProperty("rules").EnumerateArray()),
        ];
    }

    public void Dispose()
    {
        _daemons.ForEach(d => d.Dispose());
        _http.Dispose();
    }

    private Task StartAlertmanagerAsync(Toolbox tools, Uri receiver)
    {
        var configuration = Write(
            "alertmanager.yaml",
            $$"""
            route: {receiver: test, group_by: [alertname, namespace], group_wait: 0s, group_interval: 1s}
            receivers:
              - name: test
                webhook_configs: [{url: "{{receiver}}"}]
            """
        );
        return StartAsync(
            tools,
            "prometheus-alertmanager",
            _alertmanager,
            $"--config.file={configuration}",
            $"--storage.path={Path.Combine(_folder, "alertmanager")}",
            "--cluster.listen-address="
        );
    }

    private Task StartPrometheusAsync(Toolbox tools, ControlPlane plane, IReadOnlyList<Replica> replicas)
    {
        var configuration = Write(
            "prometheus.yaml",
            $$"""
            global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
            rule_files: ["{{Path.Combine(Toolbox.Chart, "files", "rules.yaml")}}"]
            alerting: {alertmanagers: [{static_configs: [{targets: ["{{_alertmanager.Authority}}"]}]}]}
            scrape_configs:
              - job_name: deployguard-metrics
                honor_labels: true
                static_configs: [{targets: [{{string.Join(", ", replicas.Select(r => $"\"127.0.0.1:{r.MetricsPort}\""))}}]}]
              - job_name: apiserver
                scheme: https
                tls_config: {ca_file: "{{Path.Combine(plane.Folder, "certs", "apiserver.crt")}}"}
                authorization: {credentials: token-of-admin}
                static_configs: [{targets: ["{{new Uri(plane.Server).Authority}}"]}]
                metric_relabel_configs: [{source_labels: [__name__], regex: "apiserver_admission_webhook_.+", action: keep}]
            """
        );
        return StartAsync(
            tools,
            "prometheus",
            _prometheus,
            $"--config.file={configuration}",
            $"--storage.tsdb.path={Path.Combine(_folder, "prometheus")}"
        );
    }

    private async Task StartAsync(Toolbox tools, string program, Uri listen, params IEnumerable<string> arguments)
    {
        var daemon = Daemon.Start(program, _folder, tools[program], [.. arguments, $"--web.listen-address={listen.Authority}"]);
        _daemons.Insert(0, daemon);
        await daemon.WaitUntilAsync(() => IsReadyAsync(new Uri(listen, "/-/ready")), TimeSpan.FromSeconds(120));
    }

    private async Task<bool> IsReadyAsync(Uri url)
    {
        try
        {
            using var response = await _http.GetAsync(url);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private string Write(string name, string content)
    {
        var file = Path.Combine(_folder, name);
        File.WriteAllText(file, content);
        return file;
    }

    private async Task<JsonElement> PostAsync(string what, Dictionary<string, string> form)
    {
        using var body = new FormUrlEncodedContent(form);
        using var response = await _http.PostAsync(new Uri(_prometheus, $"/api/v1/{what}"), body);
        var answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        return answer.GetProperty("status").GetString() == "success"
            ? answer.GetProperty("data").GetProperty("result")
            : throw new InvalidOperationException($"{form["query"]}: {answer.GetProperty("error").GetString()}");
    }
}
