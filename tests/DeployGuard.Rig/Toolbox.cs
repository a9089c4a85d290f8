using System.Diagnostics;

namespace DeployGuard.Rig;

/// <summary>The programs that the rig runs. Installs missing ones, and reports progress.</summary>
/// <param name="Kubernetes">The version of the API server and its controllers.</param>
public sealed record Toolbox(string Bin, Version Kubernetes)
{
    /// <summary>The folder of this repository.</summary>
    public static string Repository { get; } = FindRepository();

    private static readonly Lazy<Task<Toolbox>> s_installed = new(InstallOnceAsync);
    private static readonly Lazy<Task<string>> s_signing = new(() => RunAsync("signing-tools.sh"));

    public static string Webhook =>
        Environment.GetEnvironmentVariable("DEPLOYGUARD_WEBHOOK")
        ?? Path.Combine(Repository, "artifacts", "webhook", "deployguard-webhook");

    /// <summary>Holds <c>deployguard</c> and <c>kubectl-deployguard</c>.</summary>
    public static string Cli => Path.Combine(Repository, "artifacts", "cli");

    public static string Chart => Path.Combine(Repository, "charts", "deployguard");

    /// <summary>Evaluates CEL; run by node.</summary>
    public string Cel => Path.Combine(Bin, "..", "cel", "evaluate.mjs");

    public string this[string program] => Path.Combine(Bin, program);

    public static Task<Toolbox> InstallAsync() => s_installed.Value;

    /// <summary>The folder of the tools that sign images: cosign-2, cosign-3, oras and skopeo.</summary>
    public static Task<string> InstallSigningAsync() => s_signing.Value;

    private static async Task<Toolbox> InstallOnceAsync()
    {
        var bin = await RunAsync("install.sh");
        return new Toolbox(bin, await VersionAsync(Path.Combine(bin, "kube-apiserver")));
    }

    /// <returns>The last line that it printed.</returns>
    private static async Task<string> RunAsync(string script)
    {
        var start = new ProcessStartInfo(Path.Combine(Repository, "tests", "DeployGuard.Rig", script)) { RedirectStandardOutput = true };
        using var install = Process.Start(start) ?? throw new InvalidOperationException($"{script} did not start");
        var output = await install.StandardOutput.ReadToEndAsync();
        await install.WaitForExitAsync();
        return install.ExitCode == 0
            ? output.Trim().Split('\n')[^1]
            : throw new InvalidOperationException($"{script} failed with {install.ExitCode}; see its output above");
    }

    /// <summary>Prints <c>Kubernetes v1.36.2</c>.</summary>
    private static async Task<Version> VersionAsync(string apiServer)
    {
        var printed = (await Run.OfAsync(apiServer, ["--version"], Run.SameEnvironment)).OrFail().Output;
        return Version.TryParse(printed.Split(' ', '-', '+')[1].TrimStart('v'), out var version)
            ? version
            : throw new InvalidOperationException($"{apiServer} --version printed: {printed}");
    }

    private static string FindRepository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "DeployGuard.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"no DeployGuard.sln above {AppContext.BaseDirectory}");
    }
}
