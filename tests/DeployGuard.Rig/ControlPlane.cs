using System.Security.Cryptography;
using System.Text.Json;

namespace DeployGuard.Rig;

/// <summary>A throw-away real control plane on loopback: etcd, kube-apiserver, kube-controller-manager.</summary>
public sealed class ControlPlane : IAsyncDisposable
{
    private static readonly TimeSpan s_startUp = TimeSpan.FromSeconds(180);

    /// <summary>The users, with their groups.</summary>
    private static readonly Dictionary<string, string> s_users = new()
    {
        ["admin"] = "system:masters",
        ["dana"] = "developers",
        ["erin"] = "developers",
        ["alice"] = "senior-engineers",
        ["bob"] = "directors",
        ["carol"] = "senior-engineers,directors",
        ["olga"] = "on-call",
        ["pete"] = "platform",
    };

    private readonly Toolbox _tools;
    private readonly List<Daemon> _daemons = [];
    private readonly int _port = Ports.Free();
    private readonly IReadOnlyList<string> _gates;

    private IReadOnlyList<string> _apiServerArguments = [];
    private Daemon? _apiServer;
    private string _etcd = "";

    private ControlPlane(Toolbox tools, string folder, string gates)
    {
        (_tools, Folder) = (tools, folder);
        _gates = gates.Length == 0 ? [] : [$"--feature-gates={gates}"];
        Api = new JsonApiClient(Server, TokenOf("admin"));
        Kubelet = new JsonApiClient(Server, TokenOf("kubelet"));
    }

    /// <summary>Data, keys, kubeconfigs and logs.</summary>
    public string Folder { get; }

    /// <summary>A line of JSON for every request of DeployGuard's own service account.</summary>
    public string AuditLog => Path.Combine(Folder, "audit.log");

    public string Server => $"https://127.0.0.1:{_port}";

    /// <summary>As admin.</summary>
    public JsonApiClient Api { get; }

    /// <summary>As the kubelet of a node, and not as a person.</summary>
    internal JsonApiClient Kubelet { get; }

    public static async Task<ControlPlane> StartAsync(Toolbox tools, string folder, string gates)
    {
        var plane = new ControlPlane(tools, folder, gates);
        try
        {
            await plane.StartAsync();
            return plane;
        }
        catch
        {
            await plane.DisposeAsync();
            throw;
        }
    }

    /// <summary>The path of a user's kubeconfig.</summary>
    public string Kubeconfig(string user) => Path.Combine(Folder, $"{user}.kubeconfig");

    public Task<Run> KubectlAsync(string user, params IEnumerable<string> arguments) => KubectlAsync(user, null, arguments);

    public Task<Run> KubectlAsync(string user, string? input, IEnumerable<string> arguments) =>
        Run.OfAsync(_tools["kubectl"], arguments, Environment(user), input);

    public Task<Run> HelmAsync(string user, params IEnumerable<string> arguments) =>
        Run.OfAsync(_tools["helm"], arguments, Environment(user));

    /// <summary>The environment of this user's shell: the kubeconfig, and the DeployGuard CLI on the path.</summary>
    public IReadOnlyDictionary<string, string> Environment(string user) =>
        new Dictionary<string, string>
        {
            ["KUBECONFIG"] = Kubeconfig(user),
            ["PATH"] = $"{Toolbox.Cli}:{_tools.Bin}:{System.Environment.GetEnvironmentVariable("PATH")}",
            // kubectl caches discovery below HOME; a new CRD must be known at once.
            ["KUBECACHEDIR"] = Path.Combine(Folder, "kube-cache"),
            // Kubectl and helm are short-lived: less garbage collection saves CPU.
            ["GOGC"] = "400",
            ["HELM_CACHE_HOME"] = Path.Combine(Folder, "helm"),
        };

    /// <summary>Writes a kubeconfig that authenticates by a bearer token, and returns its path.</summary>
    public string WriteKubeconfig(string name, string token)
    {
        File.WriteAllText(
            Kubeconfig(name),
            $$$"""
            {"apiVersion": "v1", "kind": "Config", "current-context": "rig",
             "clusters": [{"name": "rig", "cluster": {"server": "{{{Server}}}", "certificate-authority": "{{{Path.Combine(
                Folder,
                "certs",
                "apiserver.crt"
            )}}}"}}],
             "users": [{"name": "{{{name}}}", "user": {"token": "{{{token}}}"}}],
             "contexts": [{"name": "rig", "context": {"cluster": "rig", "user": "{{{name}}}"}}]}
            """
        );
        return Kubeconfig(name);
    }

    /// <summary>Kills the API server and starts it again, with the same data, keys and port.</summary>
    public async Task RestartApiServerAsync()
    {
        StopApiServer();
        await StartApiServerAsync();
    }

    public void StopApiServer()
    {
        if (_apiServer is { } old)
        {
            _daemons.Remove(old);
            old.Dispose();
            _apiServer = null;
        }
    }

    public async Task StartApiServerAsync()
    {
        _apiServer = Start("kube-apiserver", _apiServerArguments);
        await WaitForApiServerAsync();
    }

    /// <summary>Restarts processes that ended unexpectedly, with the same data, keys and ports.</summary>
    /// <returns>Each ended process, with its last output.</returns>
    internal async Task<IReadOnlyList<string>> RepairAsync()
    {
        var ended = _daemons.Where(d => d.HasEndedUnexpectedly).ToList();
        var exitReports = ended.Select(d => d.ExitReport).ToList();
        ended.ForEach(d => d.Restart());
        if (ended.Count > 0 && _apiServer is not null)
        {
            await WaitForApiServerAsync();
        }

        return exitReports;
    }

    /// <summary>Compacts the history of etcd: no earlier watch can be resumed.</summary>
    public async Task CompactAsync()
    {
        using var http = new HttpClient { BaseAddress = new Uri(_etcd) };
        using var status = await http.PostAsync(new Uri("v3/maintenance/status", UriKind.Relative), new StringContent("{}"));
        var revision = JsonDocument
            .Parse(await status.EnsureSuccessStatusCode().Content.ReadAsStringAsync())
            .RootElement.GetProperty("header")
            .GetProperty("revision")
            .GetString();
        using var compacted = await http.PostAsync(
            new Uri("v3/kv/compaction", UriKind.Relative),
            new StringContent($"{{\"revision\": \"{revision}\", \"physical\": true}}")
        );
        compacted.EnsureSuccessStatusCode();
    }

    public ValueTask DisposeAsync()
    {
        // Dependents first.
        _daemons.Reverse();
        _daemons.ForEach(d => d.Dispose());
        Api.Dispose();
        Kubelet.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task StartAsync()
    {
        Directory.CreateDirectory(Path.Combine(Folder, "certs"));
        WriteKeys();
        _etcd = await StartEtcdAsync();
        _apiServerArguments = [.. ApiServerArguments(_etcd)];
        _apiServer = Start("kube-apiserver", _apiServerArguments);
        foreach (var user in s_users.Keys)
        {
            WriteKubeconfig(user, TokenOf(user));
        }

        await WaitForApiServerAsync();
        Start("kube-controller-manager", [.. ControllerManagerArguments()]);
    }

    private IEnumerable<string> ControllerManagerArguments() =>
        [
            $"--kubeconfig={Kubeconfig("admin")}",
            "--use-service-account-credentials=true",
            "--leader-elect=false",
            "--bind-address=127.0.0.1",
            $"--secure-port={Ports.Free()}",
            $"--cert-dir={Path.Combine(Folder, "certs")}",
            $"--service-account-private-key-file={Path.Combine(Folder, "sa.key")}",
            $"--root-ca-file={Path.Combine(Folder, "certs", "apiserver.crt")}",
            "--controllers=deployment,replicaset,statefulset,daemonset,job,cronjob,replicationcontroller,namespace,garbagecollector,serviceaccount,"
                + "serviceaccount-token,clusterrole-aggregation,endpoint,disruption,root-ca-cert-publisher,resourcequota,horizontalpodautoscaling",
            // Before 1.24 it would listen on a second port as well, the same one in every cluster.
            .. _tools.Kubernetes < new Version(1, 24) ? (string[])["--port=0"] : [],
            .. _gates,
        ];

    private Task WaitForApiServerAsync() =>
        (_apiServer ?? throw new InvalidOperationException("no API server was started")).WaitUntilAsync(Api.IsReadyAsync, s_startUp);

    private async Task<string> StartEtcdAsync()
    {
        var (client, peer) = ($"http://127.0.0.1:{Ports.Free()}", $"http://127.0.0.1:{Ports.Free()}");
        var etcd = Start(
            "etcd",
            $"--data-dir={Path.Combine(Folder, "etcd")}",
            "--unsafe-no-fsync",
            $"--listen-client-urls={client}",
            $"--advertise-client-urls={client}",
            $"--listen-peer-urls={peer}",
            $"--initial-advertise-peer-urls={peer}",
            $"--initial-cluster=default={peer}"
        );
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(2) };
        await etcd.WaitUntilAsync(() => AnswersAsync(http, new Uri($"{client}/health")), s_startUp);
        return client;
    }

    private IEnumerable<string> ApiServerArguments(string etcd) =>
        [
            $"--etcd-servers={etcd}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            $"--secure-port={_port}",
            $"--cert-dir={Path.Combine(Folder, "certs")}",
            $"--service-account-key-file={Path.Combine(Folder, "sa.key")}",
            $"--service-account-signing-key-file={Path.Combine(Folder, "sa.key")}",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--api-audiences=https://kubernetes.default.svc",
            "--authorization-mode=RBAC",
            $"--token-auth-file={Path.Combine(Folder, "tokens.csv")}",
            "--allow-privileged=true",
            // Cluster IPs are loopback addresses: the listener on such an address is the Service. A range of its own lets rigs run side by
            // side.
            $"--service-cluster-ip-range=127.{Random.Shared.Next(20, 250)}.{Random.Shared.Next(0, 255)}.0/24",
            // The rig needs no in-cluster address of the API server, and a loopback address would be rejected every second.
            "--endpoint-reconciler-type=none",
            // The audit log shows which permissions DeployGuard uses.
            $"--audit-policy-file={Path.Combine(Folder, "audit-policy.yaml")}",
            $"--audit-log-path={AuditLog}",
            // Many tests send requests at the same time.
            "--max-requests-inflight=800",
            "--max-mutating-requests-inflight=400",
            .. _gates,
        ];

    private void WriteKeys()
    {
        using var key = RSA.Create(2048);
        File.WriteAllText(Path.Combine(Folder, "sa.key"), key.ExportRSAPrivateKeyPem());
        File.WriteAllText(
            Path.Combine(Folder, "audit-policy.yaml"),
            """
            apiVersion: audit.k8s.io/v1
            kind: Policy
            omitStages: [RequestReceived]
            rules:
              - {level: Metadata, users: ["system:serviceaccount:deployguard-system:deployguard"]}
              - {level: None}
            """
        );
        File.WriteAllLines(
            Path.Combine(Folder, "tokens.csv"),
            [
                .. s_users.Select(u => $"{TokenOf(u.Key)},{u.Key},{u.Key},\"{u.Value}\""),
                $"{TokenOf("kubelet")},system:node:node-1,kubelet,\"system:nodes,system:masters\"",
            ]
        );
    }

    private static string TokenOf(string user) => $"token-of-{user}";

    private Daemon Start(string program, params IEnumerable<string> arguments)
    {
        var daemon = Daemon.Start(program, Folder, _tools[program], arguments);
        _daemons.Add(daemon);
        return daemon;
    }

    private static async Task<bool> AnswersAsync(HttpClient http, Uri url)
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
        catch (TaskCanceledException)
        {
            return false;
        }
    }
}
