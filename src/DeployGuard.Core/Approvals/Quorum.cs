using DeployGuard.Core.Policies;

namespace DeployGuard.Core.Approvals;

/// <summary>
/// Assigns people to the seats of a quorum's lines. Each person takes one seat, and as many seats as possible are filled (a maximum
/// bipartite matching by augmenting paths), so the order of approvals never decides whether a quorum is filled.
/// </summary>
public sealed class Quorum
{
    private readonly IReadOnlyList<QuorumLine> _lines;
    private readonly List<(int Line, int? Person)> _seats;

    private Quorum(IReadOnlyList<QuorumLine> lines)
    {
        _lines = lines;
        _seats = [.. lines.SelectMany((line, i) => Enumerable.Repeat((i, (int?)null), line.Count))];
    }

    /// <summary>Every line with its filled seats, in the order of the policy.</summary>
    public IEnumerable<(QuorumLine Line, int Filled)> Lines =>
        _lines.Select((line, i) => (line, _seats.Count(s => s.Line == i && s.Person is not null)));

    public int Filled => _seats.Count(s => s.Person is not null);

    public int Wanted => _seats.Count;

    /// <summary>The line of which a person has a seat; null if none was left.</summary>
    /// <param name="person">Index in the list that was seated.</param>
    public QuorumLine? LineOf(int person) =>
        _seats.FindIndex(s => s.Person == person) is >= 0 and var seat ? _lines[_seats[seat].Line] : null;

    /// <param name="people">The groups of each distinct person.</param>
    public static Quorum Seat(IReadOnlyList<QuorumLine> lines, IReadOnlyList<IReadOnlyList<string>> people)
    {
        var quorum = new Quorum(lines);
        for (var person = 0; person < people.Count; person++)
        {
            quorum.TrySeat(person, people, []);
        }

        return quorum;
    }

    /// <summary>Whether a person of these groups could take any seat.</summary>
    public static bool IsEligible(IReadOnlyList<QuorumLine> lines, IReadOnlyList<string> groups) =>
        lines.Any(line => line.Groups.Intersect(groups).Any());

    /// <summary>Takes a free seat, or one whose holder can move to another.</summary>
    private bool TrySeat(int person, IReadOnlyList<IReadOnlyList<string>> people, HashSet<int> tried)
    {
        for (var seat = 0; seat < _seats.Count; seat++)
        {
            var (line, holder) = _seats[seat];
            if (!_lines[line].Groups.Intersect(people[person]).Any() || !tried.Add(seat))
            {
                continue;
            }

            if (holder is null || TrySeat(holder.Value, people, tried))
            {
                _seats[seat] = (line, person);
                return true;
            }
        }

        return false;
    }
}
