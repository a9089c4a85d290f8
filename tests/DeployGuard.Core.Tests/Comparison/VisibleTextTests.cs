using DeployGuard.Core.Comparison;

namespace DeployGuard.Core.Tests.Comparison;

public class VisibleTextTests
{
    [TestCase("a\tb", "a<TAB>b")]
    [TestCase("a<TAB>b", "a<U+003C>TAB>b")]
    [TestCase("<U+202E>", "<U+003C>U+202E>")]
    [TestCase("<3 spaces>", "<U+003C>3 spaces>")]
    [TestCase("<contains right-to-left text>", "<U+003C>contains right-to-left text>")]
    [TestCase("a<b && c<<EOF", "a<b && c<<EOF")]
    public void ATextThatLooksLikeAnEscapeIsNotTakenForOne(string text, string shown) =>
        Assert.That(VisibleText.Line(text), Is.EqualTo(shown));

    [TestCase("\U0001D159", "<U+1D159>")]
    [TestCase("\U00013441", "<U+13441>")]
    [TestCase("\u202e", "<U+202E>")]
    [TestCase("\u2800", "<U+2800>")]
    [TestCase("\ufe0f", "<U+FE0F>")]
    [TestCase("\ufffc", "<U+FFFC>")]
    [TestCase("\U000E0041", "<U+E0041>")]
    public void AGlyphThatIsDrawnAsNothingIsShownByName(string glyph, string shown)
    {
        Assert.That(VisibleText.Line($"a{glyph}b"), Is.EqualTo($"a{shown}b"));
        Assert.That(VisibleText.Inline($"a{glyph}b"), Is.EqualTo($"a{shown}b"));
    }

    [TestCase("rm \u05d0\u05d1 /", "rm \u05d0\u05d1 / <contains right-to-left text>")]
    [TestCase("rm \u0627 /", "rm \u0627 / <contains right-to-left text>")]
    [TestCase("p\u0430ypal.com", "p\u0430ypal.com <contains a word of mixed scripts: Cyrillic, Latin>")]
    [TestCase("\u03bfracle", "\u03bfracle <contains a word of mixed scripts: Greek, Latin>")]
    [TestCase("web \u043f\u0440\u0438\u0432\u0435\u0442 caf\u00e9", "web \u043f\u0440\u0438\u0432\u0435\u0442 caf\u00e9")]
    public void ALineThatMayDeceiveItsReaderSaysSo(string line, string shown) => Assert.That(VisibleText.Line(line), Is.EqualTo(shown));

    [TestCase("r\n  Approvals:\n    Approver: alice", "r<LF>  Approvals:<LF>    Approver: alice")]
    [TestCase("\u001b[2Jx", "<ESC>[2Jx")]
    [TestCase("see <name>, 1 < 2", "see <name>, 1 < 2")]
    public void TextInAMessageStaysOnItsLine(string text, string shown)
    {
        Assert.That(VisibleText.Inline(text), Is.EqualTo(shown));
        Assert.That(VisibleText.Inline(shown), Is.EqualTo(shown), "what is visible already must not change");
    }
}
