using System.Diagnostics;

namespace DeployGuard.Rig;

/// <summary>The programs that the rig runs. Installs what is missing, and says so while it takes long.</summary>
public sealed record Toolbox(string Repository, string Bin)
{
    public string Webhook => Environment.GetEnvironmentVariable("DEPLOYGUARD_WEBHOOK") ?? Path.Combine(Repository, "artifacts", "webhook", "deployguard-webhook");

    /// <summary>Holds <c>deployguard</c> and <c>kubectl-deployguard</c>.</summary>
    public string Cli => Path.Combine(Repository, "artifacts", "cli");

    public string Chart => Path.Combine(Repository, "charts", "deployguard");

    /// <summary>Evaluates CEL; run by node.</summary>
    public string Cel => Path.Combine(Bin, "..", "cel", "evaluate.mjs");

    public string this[string program] => Path.Combine(Bin, program);

    public static async Task<Toolbox> InstallAsync()
    {
        var repository = FindRepository();
        var start = new ProcessStartInfo(Path.Combine(repository, "tests", "DeployGuard.Rig", "install.sh")) { RedirectStandardOutput = true };
        using var install = Process.Start(start) ?? throw new InvalidOperationException("install.sh did not start");
        var output = await install.StandardOutput.ReadToEndAsync();
        await install.WaitForExitAsync();
        var toolbox = install.ExitCode == 0
            ? new Toolbox(repository, output.Trim().Split('\n')[^1])
            : throw new InvalidOperationException($"install.sh failed with {install.ExitCode}; what it said stands above");
        return File.Exists(toolbox.Webhook) ? toolbox : throw new InvalidOperationException($"{toolbox.Webhook} is not there: run make publish first");
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
