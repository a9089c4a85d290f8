using DeployGuard.Core.Provenance;

namespace DeployGuard.Cli.Attest;

/// <summary>
/// The trailers of a commit message, such as <c>Co-authored-by: Name &lt;email&gt;</c>. A squash joins the messages of several commits,
/// indented or as a list, so trailers count in every paragraph and behind such marks, and not only in the last one.
/// </summary>
internal static class Trailers
{
    public static IEnumerable<(string Key, string Value)> In(string message)
    {
        (string Key, string Value, int Depth)? open = null;
        foreach (var line in MessageLine.In(message))
        {
            var trailer = line.Trailer;
            if (open is { } folded && line is { IsListed: false, Text.Length: > 0 } && line.Depth > folded.Depth)
            {
                if (trailer is null)
                {
                    if (IsWhole(folded.Value))
                    {
                        yield return (folded.Key, folded.Value);
                    }

                    open = (folded.Key, $"{folded.Value} {line.Text}".Trim(), folded.Depth);
                    continue;
                }

                // A trailer in the place of a folded value is both: neither may hide the other.
                yield return (folded.Key, $"{folded.Value} {line.Text}".Trim());
            }

            if (open is { } done)
            {
                yield return (done.Key, done.Value);
            }

            open = trailer is { } next ? (next.Key, next.Value, line.Depth) : null;
        }

        if (open is { } last)
        {
            yield return (last.Key, last.Value);
        }
    }

    /// <summary>Whether it ends with an address: what follows, folded, must not take its place.</summary>
    private static bool IsWhole(string value) => value.EndsWith('>');
}
