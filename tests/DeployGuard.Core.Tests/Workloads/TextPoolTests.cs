using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

/// <summary>Shared texts are equal to those that they replace.</summary>
public class TextPoolTests
{
    [Test]
    public void EqualTextsBecomeOneString()
    {
        var pool = new TextPool();
        var (one, other) = (new string("shop"), new string("shop"));
        Assert.That(one, Is.Not.SameAs(other));
        Assert.That(pool.Same(other), Is.SameAs(pool.Same(one)));
    }

    [Test]
    public void NoTextIsTakenForAnother()
    {
        var pool = new TextPool();
        for (var i = 0; i < 100_000; i++)
        {
            Assert.That(pool.Same($"web-{i}"), Is.EqualTo($"web-{i}"));
        }
    }

    [TestCase(0)]
    [TestCase(3)]
    [TestCase(40)]
    public void AMapStaysEqual(int count)
    {
        var map = Enumerable.Range(0, count).ToDictionary(i => $"key-{i}", i => $"value-{i}");
        var same = new TextPool().Same(map);
        Assert.That(same, Is.EquivalentTo(map));
        Assert.That(same.Keys.Select(k => same[k]), Is.EqualTo(map.Values));
        Assert.That((same.ContainsKey("absent"), same.TryGetValue("absent", out _)), Is.EqualTo((false, false)));
        Assert.Throws<KeyNotFoundException>(() => _ = same["absent"]);
    }

    [Test]
    public void AWorkloadDecidesAlikeWithSharedTexts()
    {
        var read = Some.Deployment().Read();
        var (plain, shared) = (read.WithoutDocument(), read.WithoutDocument(new TextPool()));
        Assert.Multiple(() =>
        {
            Assert.That(shared.Ref, Is.EqualTo(plain.Ref));
            Assert.That(shared.Template.Hash, Is.EqualTo(plain.Template.Hash));
            Assert.That(shared.Template.LegacyHash, Is.EqualTo(plain.Template.LegacyHash));
            Assert.That(shared.Template.ImageNames, Is.EqualTo(plain.Template.ImageNames));
            Assert.That(shared.Template.Labels, Is.EquivalentTo(plain.Template.Labels));
            Assert.That(shared.Labels, Is.EquivalentTo(plain.Labels));
            Assert.That(shared.OwnerReferences, Is.EqualTo(plain.OwnerReferences));
            Assert.That(shared.Strategy, Is.EqualTo(plain.Strategy));
            Assert.That(shared.Selector?.Matches(shared.Template.Labels), Is.EqualTo(plain.Selector?.Matches(plain.Template.Labels)));
        });
    }
}
