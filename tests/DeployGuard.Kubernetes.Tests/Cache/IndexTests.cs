using DeployGuard.Kubernetes.Cache;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>Groups of one object and of many behave alike.</summary>
public class IndexTests
{
    [TestCase(1)]
    [TestCase(8)]
    [TestCase(9)]
    [TestCase(100)]
    public void AGroupKeepsWhatWasPutAndForgetsWhatWasRemoved(int count)
    {
        var index = new Index<string>(_ => ["group"]);
        for (var i = 0; i < count; i++)
        {
            index.Put($"key-{i}", $"old-{i}");
            index.Put($"key-{i}", $"new-{i}");
        }

        Assert.That(index.Under("group"), Is.EquivalentTo(Enumerable.Range(0, count).Select(i => $"new-{i}")));
        Assert.That(index.Under("group"), Is.SameAs(index.Under("group")), "nothing changed");

        for (var i = 1; i < count; i++)
        {
            index.Put($"key-{i}", null);
        }

        Assert.That(index.Under("group"), Is.EqualTo(new[] { "new-0" }));
        index.Put("key-0", null);
        Assert.That(index.Groups(), Is.Empty);
    }

    /// <summary>What is found out about a list is kept as long as the list, so one that was handed out must stay as it was.</summary>
    [TestCase(1)]
    [TestCase(8)]
    [TestCase(9)]
    public void AListThatWasHandedOutNeverChanges(int count)
    {
        var index = new Index<string>(_ => ["group"]);
        for (var i = 0; i < count; i++)
        {
            index.Put($"key-{i}", $"old-{i}");
        }

        IReadOnlyList<IReadOnlyList<string>> handedOut = [index.Under("group"), index.All(), .. index.Groups()];
        index.Put("key-0", "new-0");
        index.Put("one-more", "one-more");
        index.Put($"key-{count - 1}", null);

        Assert.Multiple(() =>
        {
            Assert.That(handedOut, Is.All.EquivalentTo(Enumerable.Range(0, count).Select(i => $"old-{i}")));
            Assert.That(index.Under("group"), Is.Not.SameAs(handedOut[0]));
            Assert.That(index.All(), Is.Not.SameAs(handedOut[1]));
            Assert.That(index.Groups()[0], Is.EquivalentTo(index.Under("group")));
        });
    }
}
