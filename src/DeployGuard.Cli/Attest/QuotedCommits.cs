using System.Text.RegularExpressions;
using DeployGuard.Core.Provenance;

namespace DeployGuard.Cli.Attest;

/// <summary>
/// Other commits in the message of a commit: <c>git merge --squash</c> writes the log of what it joins there, and people paste logs and
/// mails. Their authors made the change too, and are named in no other place.
/// </summary>
internal static partial class QuotedCommits
{
    /// <summary>The author or committer that a line of a log or mail names; null for any other line.</summary>
    public static Person? PersonIn(string key, string value) =>
        s_people.Contains(key) && Person.Parse(value) is { Email.Length: > 0 } person ? person : null;

    /// <summary>
    /// Whether it names or announces commits without saying who made them, or without their messages: what they were marked with is not
    /// known.
    /// </summary>
    public static bool AreUnreadIn(string message)
    {
        var (isAnnounced, header) = (false, (Header?)null);
        foreach (var line in MessageLine.In(message))
        {
            if (Shortened().IsMatch(line.Text))
            {
                return true;
            }

            if (line.Text.Equals("Squashed commit of the following:", StringComparison.OrdinalIgnoreCase))
            {
                isAnnounced = true;
                continue;
            }

            var begins = Beginning().IsMatch(line.Text);
            if (header is { IsWhole: false } && (begins || line.Text.Length == 0))
            {
                return true;
            }

            (header, isAnnounced) =
                begins ? (new Header(false, false), false)
                : line.Text.Length == 0 ? (null, isAnnounced)
                : (header?.With(line.Trailer), isAnnounced);
        }

        return isAnnounced || header is { IsWhole: false };
    }

    private static readonly HashSet<string> s_people = new(["Author", "Committer", "Commit", "From"], StringComparer.OrdinalIgnoreCase);

    /// <summary>Beside the author, the forms of git's log that have whole messages name a date or the committer.</summary>
    private static readonly HashSet<string> s_more = new(
        ["Date", "AuthorDate", "CommitDate", "Committer", "Commit"],
        StringComparer.OrdinalIgnoreCase
    );

    /// <summary>What was read of the lines between the name of a commit and its message.</summary>
    private sealed record Header(bool HasPerson, bool HasMore)
    {
        public bool IsWhole => HasPerson && HasMore;

        public Header With((string Key, string Value)? line) =>
            line is not var (key, value)
                ? this
                : new Header(HasPerson || PersonIn(key, value) is not null, HasMore || s_more.Contains(key));
    }

    /// <summary>
    /// A line of a log or of a mail with a patch that begins a commit, and each line of a log with one line for a commit.
    /// </summary>
    [GeneratedRegex(@"\A(?:(?:commit |From )?[0-9a-f]{40}(?:[0-9a-f]{24})?(?:\z|\s)|commit [0-9a-f]{7,64}\z)", RegexOptions.IgnoreCase)]
    private static partial Regex Beginning();

    /// <summary>
    /// What <c>git rebase</c> writes before messages without their authors, and <c>git subtree</c> before a list of subjects.
    /// </summary>
    [GeneratedRegex(
        @"\A(?:This is a combination of [0-9]+ commits|Squashed '.+' (?:content from commit|changes from) )",
        RegexOptions.IgnoreCase
    )]
    private static partial Regex Shortened();
}
