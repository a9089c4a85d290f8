using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Net;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Webhook.Hosting;

/// <summary>
/// The flags of the program. Each has an environment variable: <c>DEPLOYGUARD_METRICS_LISTEN</c> for <c>--metrics-listen</c>.
/// </summary>
internal static class CommandLine
{
    private static readonly Option<IPEndPoint> s_listen = EndPoint(
        "--listen",
        "0.0.0.0:8443",
        "Address and port for the API server's calls, over TLS."
    );
    private static readonly Option<IPEndPoint> s_metrics = EndPoint(
        "--metrics-listen",
        "0.0.0.0:9090",
        "Address and port for /metrics, without TLS."
    );
    private static readonly Option<FileInfo?> s_certificate = Path(
        "--tls-cert",
        "PEM file of the server certificate with its chain. Requires --tls-key and --tls-ca; without the three, DeployGuard "
            + "creates and renews its own certificate."
    );
    private static readonly Option<FileInfo?> s_key = Path("--tls-key", "PEM file of the certificate's private key.");
    private static readonly Option<FileInfo?> s_ca = Path(
        "--tls-ca",
        "PEM file of the CA that signed the certificate; DeployGuard writes it into the webhook configurations."
    );
    private static readonly Option<FileInfo?> s_clientCa = Path(
        "--client-ca",
        "PEM file of the CA that signs the client certificate of the API server; without it, every caller is answered. Read "
            + "once, at the start."
    );
    private static readonly Option<FileInfo?> s_kubeconfig = Path(
        "--kubeconfig",
        "Kubeconfig file. Default: the service account of the pod."
    );
    private static readonly Option<string> s_namespace = Text("--namespace", "deployguard-system", "Namespace that DeployGuard runs in.");
    private static readonly Option<string> s_account = Text(
        "--service-account",
        "deployguard",
        "Service account that DeployGuard runs as."
    );
    private static readonly Option<string> s_service = Text("--service", "deployguard", "Service that the API server calls.");
    private static readonly Option<string> s_secret = Text("--secret", "deployguard-tls", "Secret with the certificate of DeployGuard.");
    private static readonly Option<string> s_configuration = Text(
        "--webhook-configuration",
        "deployguard",
        "Name of the validating and the mutating webhook configuration that DeployGuard maintains."
    );
    private static readonly Option<string> s_lease = Text("--lease", "deployguard-leader", "Lease for the election of a leader.");
    private static readonly Option<bool> s_standalone = new("--standalone")
    {
        Description = "Run without an API server, for trials and benchmarks: no approvals, no records, every namespace matches.",
        DefaultValueFactory = result =>
            FromEnvironment("--standalone") switch
            {
                null or "" or "false" => false,
                "true" => true,
                var other => Refuse(result, $"DEPLOYGUARD_STANDALONE: \"{other}\" is neither true nor false", false),
            },
    };

    private static readonly Option<string> s_policies = Text(
        "--policies",
        "",
        "Folder of SafeguardPolicy YAML files for --standalone; reloaded when they change."
    );
    private static readonly Option<string[]> s_trusted = new("--trusted-controller")
    {
        Description =
            "USER=KIND[,KIND...]: a controller whose writes of these kinds pass, because they were evaluated before. May be "
            + "repeated; separated by spaces in the environment.",
        DefaultValueFactory = _ => FromEnvironment("--trusted-controller")?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [],
    };

    private static readonly Option<string[]> s_presets = Repeated(
        "--trusted-preset",
        "NAME or NAME@NAMESPACE: a well-known controller, such as argo-rollouts, whose writes pass if they were evaluated before."
    );
    private static readonly Option<string[]> s_restarts = Repeated(
        "--restart-annotation",
        "KEY: an annotation of pod templates that only restarts pods and that no program reads. The template hash leaves it out."
    );
    private static readonly Option<string[]> s_namingLabels = Repeated(
        "--naming-label",
        "KEY: a label of pod templates that only names a release and that no selector uses. The template hash leaves it out."
    );

    private static readonly Option<LogLevel> s_logLevel = new("--log-level")
    {
        Description =
            "Lowest level of log lines on standard error: Debug, Information, Warning or Error. The decision log on standard "
            + "output is not affected.",
        DefaultValueFactory = result =>
            Enum.TryParse<LogLevel>(FromEnvironment("--log-level") ?? "Information", ignoreCase: true, out var level)
                ? level
                : Refuse(
                    result,
                    $"DEPLOYGUARD_LOG_LEVEL: \"{FromEnvironment("--log-level")}\" is none of Debug, Information, Warning, Error",
                    LogLevel.Information
                ),
    };

    private static readonly Option<LogFormat> s_logFormat = new("--log-format")
    {
        Description = "Format of the log on standard error: json (one line each) or text.",
        DefaultValueFactory = result =>
            Enum.TryParse<LogFormat>(FromEnvironment("--log-format") ?? "json", ignoreCase: true, out var format)
                ? format
                : Refuse(result, $"DEPLOYGUARD_LOG_FORMAT: \"{FromEnvironment("--log-format")}\" is neither json nor text", LogFormat.Json),
    };

    private static readonly Option<Uri?> s_otlp = new("--otlp-endpoint")
    {
        Description =
            "OTLP endpoint for traces and metrics, in addition to /metrics: http://collector:4317 for gRPC, "
            + "http://collector:4318/ for HTTP. Default: none.",
        HelpName = "URL",
        DefaultValueFactory = result =>
            FromEnvironment("--otlp-endpoint") is { Length: > 0 } url ? ParseUrl("DEPLOYGUARD_OTLP_ENDPOINT", url, result) : null,
        CustomParser = result => ParseUrl("--otlp-endpoint", result.Tokens.Count == 1 ? result.Tokens[0].Value : "", result),
    };

    private static readonly Option<string[]> s_kinds = new("--workload-kind")
    {
        Description =
            "RESOURCE.GROUP/KIND=PATH, such as rollouts.argoproj.io/Rollout=spec.template: a custom resource with a pod "
            + "template. May be repeated; separated by spaces in the environment.",
        DefaultValueFactory = _ => FromEnvironment("--workload-kind")?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [],
    };

    private static readonly Option<string[]> s_injections = new("--injection-annotation")
    {
        Description =
            "FORM=KEY: an annotation of pods with which the manifest author chooses an injector's image, in addition to the "
            + "built-in ones. FORM is image (a reference), version (a tag), document (JSON with images), "
            + "other (an unreadable form) or never (no image, though it looks like one); one * in KEY matches any text. May be "
            + "repeated; separated by spaces in the environment.",
        DefaultValueFactory = _ => FromEnvironment("--injection-annotation")?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [],
    };

    /// <summary>Parses, and runs <paramref name="run"/> with the options. Exit code 2 for a bad command line.</summary>
    public static async Task<int> RunAsync(string[] args, Func<WebhookOptions, CancellationToken, Task<int>> run)
    {
        var root = new RootCommand(
            "DeployGuard's admission webhook. Every flag has an environment variable, such as DEPLOYGUARD_METRICS_LISTEN for "
                + "--metrics-listen."
        )
        {
            s_listen,
            s_metrics,
            s_certificate,
            s_key,
            s_ca,
            s_clientCa,
            s_kubeconfig,
            s_namespace,
            s_account,
            s_service,
            s_secret,
            s_configuration,
            s_lease,
            s_standalone,
            s_policies,
            s_trusted,
            s_presets,
            s_kinds,
            s_injections,
            s_restarts,
            s_namingLabels,
            s_logLevel,
            s_logFormat,
            s_otlp,
            RegistryProxyFlags.s_url,
            RegistryProxyFlags.s_without,
            ProbeCommand.Create(s_kubeconfig),
        };
        root.Validators.Add(Validate);
        root.SetAction((parsed, cancel) => run(Read(parsed), cancel));
        var parsed = root.Parse(args);
        if (parsed.Action is ParseErrorAction mistake)
        {
            // The error names the flag. Thirty lines of help would hide it in the log of a pod.
            mistake.ShowHelp = false;
        }

        // Program writes the messages of exceptions; the host handles signals.
        var invocation = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
        var exitCode = await parsed.InvokeAsync(invocation);
        return parsed.Errors.Count > 0 ? 2 : exitCode;
    }

    private static void Validate(CommandResult result)
    {
        var given = new[] { s_certificate, s_key, s_ca }.Count(o => result.GetValue(o) is not null);
        if (given is not (0 or 3))
        {
            result.AddError("set --tls-cert, --tls-key and --tls-ca together, or none of them");
        }

        var standalone = result.GetValue(s_standalone);
        var policies = result.GetValue(s_policies);
        if (standalone != !string.IsNullOrEmpty(policies))
        {
            result.AddError("set --standalone and --policies DIR together, or neither of them");
        }
        else if (standalone && !Directory.Exists(policies))
        {
            result.AddError($"--policies {policies}: no such folder");
        }

        foreach (var annotation in (result.GetValue(s_injections) ?? []).Where(a => InjectionAnnotation.ParseOrNull(a) is null))
        {
            result.AddError($"--injection-annotation {annotation}: {InjectionAnnotation.Expected}");
        }

        var injections = InjectionTable.WithFlags(result.GetValue(s_injections) ?? []);
        foreach (
            var problem in (IEnumerable<string>)
                [
                    .. NoiseKey.ProblemsOfAnnotations(s_restarts.Name, result.GetValue(s_restarts) ?? [], injections),
                    .. NoiseKey.ProblemsOfLabels(s_namingLabels.Name, result.GetValue(s_namingLabels) ?? []),
                ]
        )
        {
            result.AddError(problem);
        }

        RegistryProxyFlags.Validate(result);
        var custom = (result.GetValue(s_kinds) ?? []).Select(CustomKind.ParseOrNull).OfType<CustomKind>().ToList();
        ValidateTrusted(result, custom);
        foreach (var preset in result.GetValue(s_presets) ?? [])
        {
            if (ControllerPreset.ProblemOf(preset, custom) is { } problem)
            {
                result.AddError($"--trusted-preset {preset}: {problem}");
            }
        }

        foreach (var kind in (result.GetValue(s_kinds) ?? []).Where(k => CustomKind.ParseOrNull(k) is null))
        {
            result.AddError($"--workload-kind {kind}: {CustomKind.Expected}");
        }
    }

    /// <summary>A misspelled kind would trust no controller, without a message.</summary>
    private static void ValidateTrusted(CommandResult result, IReadOnlyList<CustomKind> custom)
    {
        string[] known =
        [
            .. WorkloadKinds.With(custom).Names.Concat(BuiltInKinds.All.Select(k => k.Name)).Distinct().Order(StringComparer.Ordinal),
            TrustedControllers.Scale,
            TrustedControllers.Suspend,
        ];
        foreach (var trusted in result.GetValue(s_trusted) ?? [])
        {
            if (trusted.Split('=') is not [{ Length: > 0 }, { Length: > 0 } kinds])
            {
                result.AddError($"--trusted-controller {trusted}: expected USER=KIND[,KIND...]");
                continue;
            }

            foreach (var kind in kinds.Split(',').Where(k => !known.Contains(k)))
            {
                result.AddError(
                    $"--trusted-controller {trusted}: \"{kind}\" is none of {string.Join(", ", known)}. Add a custom kind to "
                        + "--workload-kind (workloadKinds of the chart) as well"
                );
            }
        }
    }

    private static IReadOnlyList<CustomKind> CustomKinds(ParseResult parsed) =>
        [.. parsed.GetRequiredValue(s_kinds).Select(CustomKind.ParseOrNull).OfType<CustomKind>()];

    private static WebhookOptions Read(ParseResult parsed) =>
        new()
        {
            Listen = parsed.GetRequiredValue(s_listen),
            MetricsListen = parsed.GetRequiredValue(s_metrics),
            Tls =
                parsed.GetValue(s_certificate) is { } certificate && parsed.GetValue(s_key) is { } key && parsed.GetValue(s_ca) is { } ca
                    ? new TlsFiles(certificate, key, ca)
                    : null,
            ClientCa = parsed.GetValue(s_clientCa),
            Kubeconfig = parsed.GetValue(s_kubeconfig),
            Namespace = parsed.GetRequiredValue(s_namespace),
            ServiceAccount = parsed.GetRequiredValue(s_account),
            Service = parsed.GetRequiredValue(s_service),
            Secret = parsed.GetRequiredValue(s_secret),
            WebhookConfiguration = parsed.GetRequiredValue(s_configuration),
            Lease = parsed.GetRequiredValue(s_lease),
            CustomKinds = CustomKinds(parsed),
            Injections = InjectionTable.WithFlags(parsed.GetRequiredValue(s_injections)),
            Log = new LogOptions(parsed.GetRequiredValue(s_logLevel), parsed.GetRequiredValue(s_logFormat)),
            Otlp = parsed.GetValue(s_otlp),
            RegistryProxy = RegistryProxyFlags.Read(parsed),
            StandalonePolicies = parsed.GetValue(s_standalone) ? new DirectoryInfo(parsed.GetRequiredValue(s_policies)) : null,
            TrustedControllers =
            [
                .. from trusted in parsed.GetRequiredValue(s_trusted)
                let parts = trusted.Split('=')
                select KeyValuePair.Create(parts[0], parts[1].Split(',')),
            ],
            TrustedPresets = [.. parsed.GetRequiredValue(s_presets).Select(ControllerPreset.Trusted)],
            Noise = new TemplateNoise(parsed.GetRequiredValue(s_restarts), parsed.GetRequiredValue(s_namingLabels)),
        };

    private static Option<IPEndPoint> EndPoint(string name, string absent, string description) =>
        new(name)
        {
            Description = description,
            HelpName = "ADDRESS:PORT",
            DefaultValueFactory = result => Parse(name, FromEnvironment(name) ?? absent, result),
            CustomParser = result => Parse(name, result.Tokens.Count == 1 ? result.Tokens[0].Value : "", result),
        };

    private static IPEndPoint Parse(string name, string text, ArgumentResult result) =>
        IPEndPoint.TryParse(text, out var endPoint) && text.Contains(':', StringComparison.Ordinal)
            ? endPoint
            : Refuse(result, $"{name}: \"{text}\" is not an address and port such as 0.0.0.0:8443", new IPEndPoint(IPAddress.None, 0));

    private static Uri? ParseUrl(string name, string text, ArgumentResult result) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? url
            : Refuse<Uri?>(result, $"{name}: \"{text}\" is not a URL such as http://collector:4317", null);

    private static Option<FileInfo?> Path(string name, string description) =>
        new(name)
        {
            Description = description,
            HelpName = "FILE",
            DefaultValueFactory = _ => FromEnvironment(name) is { Length: > 0 } path ? new FileInfo(path) : null,
        };

    internal static Option<string[]> Repeated(string name, string description) =>
        new(name)
        {
            Description = $"{description} May be repeated; separated by spaces in the environment.",
            DefaultValueFactory = _ => FromEnvironment(name)?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [],
        };

    private static Option<string> Text(string name, string absent, string description) =>
        new(name) { Description = description, DefaultValueFactory = _ => FromEnvironment(name) ?? absent };

    internal static string? FromEnvironment(string name) =>
        Environment.GetEnvironmentVariable($"DEPLOYGUARD_{name[2..].ToUpperInvariant().Replace('-', '_')}");

    /// <summary>The error stops the program before the fallback value is used.</summary>
    internal static T Refuse<T>(ArgumentResult result, string error, T fallback)
    {
        result.AddError(error);
        return fallback;
    }
}
