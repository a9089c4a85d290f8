using System.Text;
using DeployGuard.Cli.Inputs;
using DeployGuard.Core.Attestations;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Attest;

/// <summary>
/// The policy of the repository as it was at the commit that the change began at. What the change itself says of it does not count: nobody
/// vouches for their own commits.
/// </summary>
internal sealed class BasePolicy(Repository repository, GitRange range, AttestInputs given, Action<string> notice)
{
    public const string File = ".deployguard/policy.json";
    public const string SignatureFile = $"{File}.sig";
    public const string NotNone = "the status cannot be none";

    private const string NotesRef = "refs/notes/ai";

    /// <summary>Null if none was asked for, or if there was none yet.</summary>
    /// <exception cref="ManifestException">It is not signed by a given key, has expired, or is of another repository.</exception>
    public RepositoryPolicy? Read(DateTimeOffset now)
    {
        if (given.PolicyKeys.Count == 0)
        {
            return null;
        }

        if (range.BeginsWithFirstCommit)
        {
            notice($"{NotNone}: before the first commit there is no {File}");
            return null;
        }

        var (content, signature) = (Content(File), Content(SignatureFile));
        if (content is null)
        {
            notice($"{NotNone}: commit {range.Base} has no {File}");
            return null;
        }

        var name = $"{File} of commit {range.Base}";
        return Checked(
            name,
            InputFiles.Naming(
                name,
                () =>
                    RepositoryPolicy.Read(
                        content,
                        signature is null
                            ? throw new AttestationException($"has no signature beside it ({SignatureFile})")
                            : Encoding.ASCII.GetString(signature),
                        given.PolicyKeys
                    )
            ),
            now
        );
    }

    private RepositoryPolicy Checked(string name, RepositoryPolicy policy, DateTimeOffset now) =>
        !policy.IsOf(given.Repository)
            ? throw new ManifestException(
                $"{name}: is of the repository {policy.Repository}, and the statement is about {given.Repository}"
            )
        : policy.ExpiresAt <= now
            ? throw new ManifestException(
                $"{name}: expired at {policy.ExpiresAt:yyyy-MM-dd HH:mm} UTC; sign it with a later expiresAt, and merge that first"
            )
        : policy.HasNotes && !repository.Run("rev-parse", "--verify", "--quiet", NotesRef).Succeeded
            ? throw new ManifestException(
                $"{name}: has notes: true, and this clone has no {NotesRef}: git fetch origin {NotesRef}:{NotesRef}"
            )
        : policy;

    /// <summary>Null if the commit has no such file.</summary>
    private byte[]? Content(string file)
    {
        byte[]? found = null;
        Blobs.Read(repository, [$"{range.Base}:{file}"], (_, content) => found = content);
        return found;
    }
}
