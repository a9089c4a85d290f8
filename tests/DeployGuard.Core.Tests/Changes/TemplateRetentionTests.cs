using DeployGuard.Core.Changes;

namespace DeployGuard.Core.Tests;

/// <summary>Which whole templates are evicted when a namespace has no more room.</summary>
public class TemplateRetentionTests
{
    private static readonly DateTimeOffset s_now = DateTimeOffset.UnixEpoch;

    [Test]
    public void WithEnoughRoomNothingIsEvicted() =>
        Assert.That(TemplateRetention.Evictions(Many(10, "erin", superseded: true), One("new", "dana")), Is.Empty);

    [Test]
    public void OnlyTheOldestSupersededTemplateIsEvicted() =>
        Assert.That(
            TemplateRetention.Evictions(
                [
                    .. Many(249, "erin", superseded: false),
                    .. Many(150, "frank", superseded: true),
                    .. Many(101, "grace", superseded: true, age: 5),
                ],
                One("new", "dana")
            ),
            Is.EqualTo(new[] { "grace-0" })
        );

    [Test]
    public void OwnTemplatesAreEvictedBeforeThoseOfOthers() =>
        Assert.That(
            TemplateRetention.Evictions(
                [
                    .. Many(249, "erin", superseded: false),
                    .. Many(250, "frank", superseded: true, age: 5),
                    One("mine", "dana", superseded: true),
                ],
                One("new", "dana")
            ),
            Is.EqualTo(new[] { "mine" })
        );

    [Test]
    public void APendingOrRunningTemplateIsNeverEvicted() =>
        Assert.That(
            TemplateRetention.Evictions(
                [.. Many(250, "erin", superseded: false), .. Many(250, "frank", superseded: false)],
                One("new", "dana")
            ),
            Is.Null
        );

    [Test]
    public void FloodOfOneRequesterLeavesRoomForOthers()
    {
        var flood = Many(250, "mallory", superseded: false);

        Assert.That(TemplateRetention.Evictions(flood, One("new", "mallory")), Is.Null);
        Assert.That(TemplateRetention.Evictions(flood, One("new", "dana")), Is.Empty);
    }

    [Test]
    public void LargeTemplatesTakeMoreRoom()
    {
        var half = TemplateRetention.MaxBytes / 2;

        Assert.That(
            TemplateRetention.Evictions([One("a", "dana", half, superseded: true)], One("new", "dana", 1)),
            Is.EqualTo(new[] { "a" })
        );
        Assert.That(TemplateRetention.Evictions([], One("new", "dana", half + 1)), Is.Null);
    }

    [Test]
    public void SameTemplateAgainTakesNoMoreRoom() =>
        Assert.That(TemplateRetention.Evictions(Many(250, "dana", superseded: false), One("dana-7", "dana")), Is.Empty);

    private static KeptTemplate[] Many(int count, string requester, bool superseded, int age = 0) =>
        [
            .. Enumerable
                .Range(0, count)
                .Select(i => new KeptTemplate(
                    $"{requester}-{i}",
                    requester,
                    1000,
                    s_now + TimeSpan.FromMinutes(i) - TimeSpan.FromDays(age),
                    superseded
                )),
        ];

    private static KeptTemplate One(string name, string requester, long bytes = 1000, bool superseded = false) =>
        new(name, requester, bytes, s_now, superseded);
}
