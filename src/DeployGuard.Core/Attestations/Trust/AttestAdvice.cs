namespace DeployGuard.Core.Attestations.Trust;

/// <summary>Placeholders in the commands of remedies. They are replaced where the image or the commit is known.</summary>
public static class AttestAdvice
{
    /// <summary>Where the statement is put, without its being about the image.</summary>
    public const string Beside = "--beside IMAGE";

    /// <summary>Where the statement is put that is about the image.</summary>
    public const string About = "--image IMAGE";

    /// <summary>The commit of what runs.</summary>
    public const string ThatRuns = "COMMIT-THAT-RUNS";

    /// <summary>The ref of the head commit: a commit alone does not say of which branch it is.</summary>
    public const string Ref = "--ref refs/heads/BRANCH";

    /// <summary>The same where the ref is known. A name that a shell would read is not put into a command.</summary>
    public static string RefOf(string name) => name.All(c => char.IsAsciiLetterOrDigit(c) || "-_./".Contains(c)) ? $"--ref {name}" : Ref;

    /// <summary>Git's name for no commit.</summary>
    public static string NoCommit { get; } = new('0', 40);
}
