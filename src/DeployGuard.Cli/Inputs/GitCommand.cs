using System.ComponentModel;
using System.Diagnostics;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Inputs;

/// <summary>Runs git in a folder.</summary>
/// <param name="option">The option that needs it, for messages.</param>
internal sealed class GitCommand(string option)
{
    /// <exception cref="ManifestException">git is missing.</exception>
    public (bool Succeeded, string Output, string Error) Run(
        string folder,
        IReadOnlyList<string> arguments,
        string? indexFile = null,
        string standardInput = ""
    )
    {
        var start = new ProcessStartInfo("git", arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["LC_ALL"] = "C";
        if (indexFile is not null)
        {
            start.Environment["GIT_INDEX_FILE"] = indexFile;
        }

        using var git = Start(start);
        var error = git.StandardError.ReadToEndAsync();
        var output = git.StandardOutput.ReadToEndAsync();
        Write(git, standardInput);
        git.WaitForExit();
        return (git.ExitCode == 0, output.GetAwaiter().GetResult(), error.GetAwaiter().GetResult().ReplaceLineEndings(" ").Trim());
    }

    /// <exception cref="ManifestException">git is missing, or it failed; its own words are in the message.</exception>
    public string Output(string folder, IReadOnlyList<string> arguments, string? indexFile = null, string standardInput = "")
    {
        var (succeeded, output, error) = Run(folder, arguments, indexFile, standardInput);
        return succeeded ? output : throw new ManifestException($"{option}: git {arguments[0]} in {folder} failed: {error}");
    }

    /// <summary>git may end before it has read all.</summary>
    private static void Write(Process git, string standardInput)
    {
        try
        {
            git.StandardInput.Write(standardInput);
            git.StandardInput.Close();
        }
        catch (IOException)
        {
            // Its exit code and its error say why.
        }
    }

    private Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start) ?? throw new ManifestException($"{option}: git cannot be started here");
        }
        catch (Win32Exception missing)
        {
            throw new ManifestException(
                $"{option}: git cannot be started here ({missing.Message}); install it, or give the former files with --before",
                missing
            );
        }
    }
}
