using System.Text;

namespace DeployGuard.Cli.Attest;

/// <summary>The notes of git-ai on the commits of a range. A clone has them only if they were fetched.</summary>
internal static class GitAiNotes
{
    private const string Ref = "refs/notes/ai";

    /// <param name="found">Gets each note with its commit.</param>
    /// <param name="notice">Gets a sentence for each note that cannot be read.</param>
    public static void Read(Repository repository, IReadOnlySet<string> commits, Action<string, GitAiNote> found, Action<string> notice)
    {
        if (!repository.Run("rev-parse", "--verify", "--quiet", Ref).Succeeded)
        {
            return;
        }

        var noted = new List<(string Blob, string Commit)>();
        repository.Stream(
            ["notes", $"--ref={Ref}", "list"],
            output =>
            {
                using var lines = new StreamReader(output, Encoding.ASCII);
                while (lines.ReadLine() is { } line)
                {
                    if (line.Split(' ') is [var blob, var commit] && commits.Contains(commit))
                    {
                        noted.Add((blob, commit));
                    }
                }
            }
        );
        var next = 0;
        Blobs.Read(
            repository,
            [.. noted.Select(n => n.Blob)],
            (_, content) =>
            {
                var commit = noted[next++].Commit;
                if (content is null)
                {
                    notice(
                        $"the note of commit {commit} in {Ref} is missing or too long, and was not read; run: git fetch origin {Ref}:{Ref}"
                    );
                    return;
                }

                found(commit, GitAiNote.Read(content));
            }
        );
    }
}
