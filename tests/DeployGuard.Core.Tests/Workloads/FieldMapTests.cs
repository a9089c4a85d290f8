using System.Text.Json;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

/// <summary>Maps of a few texts and of many are read alike; one that was read before is not made again.</summary>
public class FieldMapTests
{
    [TestCase(1)]
    [TestCase(SmallMap.MaxCount)]
    [TestCase(SmallMap.MaxCount + 1)]
    public void AMapHasTheEntriesOfItsObjectInTheirOrder(int count)
    {
        var entries = Enumerable.Range(0, count).Select(i => KeyValuePair.Create($"key-{i}", $"value-{i}")).ToList();
        var map = Read(new Dictionary<string, string>(entries));
        Assert.Multiple(() =>
        {
            Assert.That(map, Is.EqualTo(entries));
            Assert.That(map.GetValueOrDefault($"key-{count - 1}"), Is.EqualTo($"value-{count - 1}"));
            Assert.That(map.ContainsKey("Key-0"), Is.False);
        });
    }

    [Test]
    public void OfTwoValuesForAKeyTheLastOneCounts() =>
        Assert.That(
            Read("""{"a": "1", "b": "2", "a": "3"}"""),
            Is.EqualTo(new[] { KeyValuePair.Create("a", "3"), KeyValuePair.Create("b", "2") })
        );

    [TestCase("""{"a": "1", "b": "2"}""", true)]
    [TestCase("""{"a": "1", "left-out": "other", "\u0062": "2"}""", true)]
    [TestCase("""{"a": "1", "b": "3"}""", false)]
    [TestCase("""{"a": "1", "c": "2"}""", false)]
    [TestCase("""{"a": "1"}""", false)]
    [TestCase("""{"a": "1", "b": "2", "c": "3"}""", false)]
    [TestCase("""{"a": "1", "b": "2", "b": "3"}""", false)]
    [TestCase("""{}""", false)]
    public void AMapThatWasReadIsTheSameOneOnlyForTheSameEntries(string other, bool isSame)
    {
        var known = Read("""{"a": "1", "b": "2"}""");
        var read = Read(other, known);
        Assert.That(ReferenceEquals(read, known), Is.EqualTo(isSame));
        Assert.That(read, Is.EqualTo(Read(other)), "what was read before must not change what is read");
    }

    [TestCase("""{"a": 1}""", "map.a: expected a string, found a number")]
    [TestCase("""{"left-out": 1}""", "map.left-out: expected a string, found a number")]
    [TestCase("""["a"]""", "map: expected an object, found a list")]
    public void AMapOfAnotherFormIsRefusedWhateverWasReadBefore(string json, string problem)
    {
        var known = Read("""{"a": "1"}""");
        Assert.That(() => Read(json), Throws.TypeOf<MalformedObjectException>().With.Message.EqualTo(problem));
        Assert.That(() => Read(json, known), Throws.TypeOf<MalformedObjectException>().With.Message.EqualTo(problem));
    }

    private static IReadOnlyDictionary<string, string> Read(Dictionary<string, string> entries) => Read(JsonSerializer.Serialize(entries));

    private static IReadOnlyDictionary<string, string> Read(string json, IReadOnlyDictionary<string, string>? known = null)
    {
        using var document = JsonDocument.Parse($$"""{"map": {{json}}}""");
        return Field.Root(document.RootElement).Map("map", "left-out", known);
    }
}
