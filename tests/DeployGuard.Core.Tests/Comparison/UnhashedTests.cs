using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

/// <summary>Approvers see the fields that their approval does not cover.</summary>
public class UnhashedTests
{
    [Test]
    public void UnhashedFieldsAreListedWithTheirValues()
    {
        var canonical = Some.Deployment()
            .With("spec/template/metadata/annotations", """{"deployguard.io/ai-tool": "x", "prometheus.io/scrape": "true"}""")
            .With("spec/template/metadata/labels", """{"app": "web", "helm.sh/chart": "web-1"}""")
            .Read()
            .Template.Canonical;

        Assert.That(
            canonical?.Unhashed,
            Is.EqualTo(new[] { ("metadata.annotations.deployguard.io/ai-tool", "x"), ("metadata.labels.helm.sh/chart", "web-1") })
        );
    }

    [Test]
    public void EveryUnhashedDifferenceIsListed()
    {
        CanonicalTemplate? Labelled(string labels) =>
            Some.Deployment().With("spec/template/metadata/labels", labels).Read().Template.Canonical;
        var (before, after) = (
            Labelled("""{"helm.sh/chart": "web-1", "app.kubernetes.io/version": "1"}"""),
            Labelled("""{"helm.sh/chart": "web-2", "app.kubernetes.io/version": "1"}""")
        );

        Assert.That(UnhashedDiff.Between(before, after), Is.EqualTo(new[] { "not hashed: metadata.labels.helm.sh/chart: web-1 -> web-2" }));
        Assert.That(UnhashedDiff.Between(null, after), Has.Count.EqualTo(2));
        Assert.That(UnhashedDiff.Between(before, null), Is.Empty);
    }
}
