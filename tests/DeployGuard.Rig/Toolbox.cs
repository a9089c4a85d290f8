using System.Diagnostics;

namespace DeployGuard.Rig;

/// <summary>The programs that the rig runs. Installs missing ones, and reports progress.</summary>
/// <param name="Kubernetes">The version of the API server and its controllers.</param>
public sealed record Toolbox(string Bin, Version Kubernetes)
{
    /// <summary>The folder of this repository.</summary>
    public static string Repository { get; } = FindRepository();

    private static readonly Lazy<Task<Toolbox>> s_installed = new(InstallOnceAsync);

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

    private static async Task<Toolbox> InstallOnceAsync()
    {
        var start = new ProcessStartInfo(Path.Combine(Repository, "tests", "DeployGuard.Rig", "install.sh"))
        {
            RedirectStandardOutput = true,
        };
        using var install = Process.Start(start) ?? throw new InvalidOperationException("install.sh did not start");
        var output = await install.StandardOutput.ReadToEndAsync();
        await install.WaitForExitAsync();
        var bin =
            install.ExitCode == 0
                ? output.Trim().Split('\n')[^1]
                : throw new InvalidOperationException($"install.sh failed with {install.ExitCode}; see its output above");
        return new Toolbox(bin, await VersionAsync(Path.Combine(bin, "kube-apiserver")));
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
