using DeployGuard.Core.Approvals;
using DeployGuard.Core.Policies;

namespace DeployGuard.Core.Tests;

public class QuorumTests
{
    [Test]
    public void SeatsAreFilledAsByBruteForce()
    {
        var random = new Random(20261123);
        for (var round = 0; round < 3000; round++)
        {
            QuorumLine[] lines =
            [
                .. Enumerable.Range(0, random.Next(1, 4)).Select(_ => new QuorumLine(Groups(random, 1), random.Next(1, 3))),
            ];
            List<IReadOnlyList<string>> people = [.. Enumerable.Range(0, random.Next(0, 6)).Select(_ => Groups(random, 0))];

            var quorum = Quorum.Seat(lines, people);

            Assert.That(
                quorum.Filled,
                Is.EqualTo(Best([.. lines.SelectMany(l => Enumerable.Repeat(l, l.Count))], people, 0, new bool[people.Count]))
            );
        }
    }

    [Test]
    public void QuorumLinesSayHowFarTheyAreFilled()
    {
        var quorum = Quorum.Seat(
            [new QuorumLine(["a"], 2), new QuorumLine(["b"], 1)],
            [
                ["a"],
                ["b"],
            ]
        );

        Assert.That(quorum.Lines.Select(l => l.Filled), Is.EqualTo(new[] { 1, 1 }));
        Assert.That((quorum.Filled, quorum.Wanted), Is.EqualTo((2, 3)));
    }

    private static string[] Groups(Random random, int least)
    {
        string[] all = ["a", "b", "c", "d"];
        random.Shuffle(all);
        return all[..random.Next(least, 4)];
    }

    private static int Best(IReadOnlyList<QuorumLine> seats, List<IReadOnlyList<string>> people, int seat, bool[] seated)
    {
        if (seat == seats.Count)
        {
            return 0;
        }

        var best = Best(seats, people, seat + 1, seated);
        for (var person = 0; person < people.Count; person++)
        {
            if (!seated[person] && seats[seat].Groups.Intersect(people[person]).Any())
            {
                seated[person] = true;
                best = Math.Max(best, 1 + Best(seats, people, seat + 1, seated));
                seated[person] = false;
            }
        }

        return best;
    }
}
