using System.Diagnostics;

namespace DeployGuard.Cli.Tests;

/// <summary>A git repository in a temporary folder.</summary>
internal sealed class GitRepository : IDisposable
{
    public GitRepository(params string[] options) => Git(["init", "--quiet", "--initial-branch=main", .. options]);

    public string Folder { get; } = Directory.CreateTempSubdirectory("deployguard-test-").FullName;

    public string At(string file) => Path.Combine(Folder, file);

    public void Write(string file, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(file)) ?? Folder);
        File.WriteAllText(At(file), content);
    }

    public void Commit()
    {
        Git("add", "--all");
        Git("-c", "user.name=dana", "-c", "user.email=dana@example.com", "commit", "--quiet", "--message=a change");
    }

    /// <summary>A commit that changes no file, and its hash.</summary>
    public string Commit(string message, string name = "Dana", string email = "dana@example.com")
    {
        string[] person = ["-c", $"user.name={name}", "-c", $"user.email={email}"];
        Git([.. person, "commit", "--quiet", "--allow-empty", "--cleanup=verbatim", "--file=-"], message);
        return Git("rev-parse", "HEAD");
    }

    public string Git(params string[] arguments) => Git(arguments, "");

    public string Git(string[] arguments, string standardInput)
    {
        var start = new ProcessStartInfo("git", arguments)
        {
            WorkingDirectory = Folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        using var git = Process.Start(start) ?? throw new InvalidOperationException("git does not start");
        git.StandardInput.Write(standardInput);
        git.StandardInput.Close();
        var output = git.StandardOutput.ReadToEnd();
        git.WaitForExit();
        Assert.That(git.ExitCode, Is.Zero, $"git {string.Join(' ', arguments)}");
        return output.Trim();
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
