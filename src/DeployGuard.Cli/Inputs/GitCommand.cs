using System.ComponentModel;
using System.Diagnostics;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Inputs;

/// <summary>Runs git in a folder.</summary>
/// <param name="option">The option that needs it, for messages.</param>
/// <param name="remedy">What to do where git is missing, for messages.</param>
/// <param name="environment">Variables that git gets besides those of this process.</param>
internal sealed class GitCommand(
    string option,
    string remedy = "install it, or give the former files with --before",
    IReadOnlyDictionary<string, string>? environment = null
)
{
    /// <exception cref="ManifestException">git is missing.</exception>
    public (bool Succeeded, string Output, string Error) Run(
        string folder,
        IReadOnlyList<string> arguments,
        string? indexFile = null,
        string standardInput = ""
    )
    {
        var start = InFolder(folder, arguments);
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

    /// <summary>Hands over the output while git writes it, however long it is.</summary>
    /// <exception cref="ManifestException">git is missing, or it failed; its own words are in the message.</exception>
    public void Stream(string folder, IReadOnlyList<string> arguments, Action<Stream> read, string standardInput = "")
    {
        using var git = Start(InFolder(folder, arguments));
        var error = git.StandardError.ReadToEndAsync();
        // Beside the reading: git may write before it has read all.
        var writing = Task.Run(() => Write(git, standardInput));
        try
        {
            read(git.StandardOutput.BaseStream);
            git.WaitForExit();
        }
        finally
        {
            if (!git.HasExited)
            {
                git.Kill();
            }
        }

        writing.GetAwaiter().GetResult();
        if (git.ExitCode != 0)
        {
            throw new ManifestException(
                $"{option}: git {arguments[0]} in {folder} failed: {error.GetAwaiter().GetResult().ReplaceLineEndings(" ").Trim()}"
            );
        }
    }

    private ProcessStartInfo InFolder(string folder, IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo("git", arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["LC_ALL"] = "C";
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return start;
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
            throw new ManifestException($"{option}: git cannot be started here ({missing.Message}); {remedy}", missing);
        }
    }
}
