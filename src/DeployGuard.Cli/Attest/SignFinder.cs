using DeployGuard.Core.Provenance;

namespace DeployGuard.Cli.Attest;

/// <summary>
/// Finds signs of AI in what a commit says of itself. That there are none proves nothing: each can be switched off or removed.
/// </summary>
internal sealed class SignFinder(Detectors detectors)
{
    public IEnumerable<Sign> In(Commit commit)
    {
        foreach (var person in (IEnumerable<Person>)[.. new[] { commit.Author, commit.Committer }.Distinct()])
        {
            if (detectors.ToolOf(person) is { } tool)
            {
                yield return Sign.Of(commit.Hash, "author", tool, person.ToString());
            }
        }

        foreach (var (key, value) in Trailers.In(commit.Message))
        {
            if (detectors.ToolOfTrailer(key, value) is { } tool)
            {
                yield return Sign.Of(commit.Hash, "trailer", tool, $"{key}: {value}");
            }

            if (QuotedCommits.PersonIn(key, value) is { } quoted && detectors.ToolOf(quoted) is { } author)
            {
                yield return Sign.Of(commit.Hash, "author", author, $"{key}: {value}");
            }
        }

        foreach (var line in MessageLine.In(commit.Message))
        {
            if (detectors.ToolOfLine(line.Text) is { } tool)
            {
                yield return Sign.Of(commit.Hash, "trailer", tool, line.Text);
            }
        }
    }
}
