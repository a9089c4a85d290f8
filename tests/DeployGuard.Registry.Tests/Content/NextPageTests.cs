using DeployGuard.Registry.Content;

namespace DeployGuard.Registry.Tests.Content;

public class NextPageTests
{
    private const string Page = "https://r.example.com/v2/a/referrers/sha256:1?n=2";

    [TestCase("""</v2/a/referrers/sha256:1?last=x>; rel="next" """, "https://r.example.com/v2/a/referrers/sha256:1?last=x")]
    [TestCase("""</v2/a/referrers/sha256%3A1?last=x%2Cy>; rel="next" """, "https://r.example.com/v2/a/referrers/sha256%3A1?last=x%2Cy")]
    [TestCase("""<https://r.example.com/v2/a?last=x>; rel=next""", "https://r.example.com/v2/a?last=x")]
    [TestCase("""<?last=x>; rel="next" """, "https://r.example.com/v2/a/referrers/sha256:1?last=x")]
    [TestCase("""<%2Fv2%2Fa%3Flast%3Dx>; rel="next" """, "https://r.example.com/v2/a?last=x")]
    [TestCase("""<https%3A%2F%2Fr.example.com%2Fv2%2Fa%3Flast%3Dx>;rel="next" """, "https://r.example.com/v2/a?last=x")]
    [TestCase("""</a,b>; rel="prev", </c,d>; title="x"; rel="next" """, "https://r.example.com/c,d")]
    public void Case37_TheNextPageIsFoundHoweverItIsWritten(string link, string next) =>
        Assert.That(NextPage.Of(link, new Uri(Page))?.AbsoluteUri, Is.EqualTo(next));

    [TestCase("""<https://evil.example/v2/a?last=x>; rel="next" """)]
    [TestCase("""<//evil.example/v2/a>; rel="next" """)]
    [TestCase("""<http://r.example.com/v2/a>; rel="next" """)]
    [TestCase("""<https://user:pass@r.example.com/v2/a>; rel="next" """)]
    public void APageOnAnotherHostIsNamedAndNotFollowed(string link)
    {
        Assert.That(NextPage.IsNamed(link), Is.True);
        Assert.That(NextPage.Of(link, new Uri(Page)), Is.Null);
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase("</a")]
    [TestCase("""</a>; rel="prev" """)]
    [TestCase("""</a>; title="next" """)]
    public void WithoutANextPageThereIsNone(string? link) => Assert.That(NextPage.IsNamed(link), Is.False);
}
