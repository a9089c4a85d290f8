using System.Diagnostics;

namespace DeployGuard.Cli.Tests;

/// <summary>A git repository in a temporary folder.</summary>
internal sealed class GitRepository : IDisposable
{
    public GitRepository() => Git("init", "--quiet", "--initial-branch=main");

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

    public string Git(params string[] arguments)
    {
        using var git =
            Process.Start(new ProcessStartInfo("git", arguments) { WorkingDirectory = Folder, RedirectStandardOutput = true })
            ?? throw new InvalidOperationException("git does not start");
        var output = git.StandardOutput.ReadToEnd();
        git.WaitForExit();
        Assert.That(git.ExitCode, Is.Zero, $"git {string.Join(' ', arguments)}");
        return output.Trim();
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
