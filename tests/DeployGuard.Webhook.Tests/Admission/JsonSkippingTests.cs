using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using DeployGuard.Webhook.Reviews;

namespace DeployGuard.Webhook.Tests;

/// <summary>The end of a value, which is searched for in blocks of 64 bytes, is where the parser finds it.</summary>
public class JsonSkippingTests
{
    private static readonly string[] s_texts = ["", "a", "}", "]", "{", "[", "\"", "\\", "\\\"", "\\\\", "\\\\\"}", "\u00fc", ",:"];

    private static readonly JsonSerializerOptions s_unescaped = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [Test]
    public void AValueEndsWhereTheParserEndsIt()
    {
        var random = new Random(64);
        for (var i = 0; i < 5_000; i++)
        {
            // Something before and behind it moves the value against the blocks.
            var before = new string(' ', random.Next(70));
            var value = Value(random, levels: 5);
            var json = Encoding.UTF8.GetBytes($"{before}{value}{(random.Next(2) == 0 ? " " : ",\"}]\\")}");
            var reader = new Utf8JsonReader(json);
            reader.Read();
            reader.Skip();

            Assert.That(JsonSkipping.EndOfValue(json, before.Length), Is.EqualTo((int)reader.BytesConsumed), () => $"{before}{value}");
        }
    }

    [TestCase("{")]
    [TestCase("[{}")]
    [TestCase("{\"a\":\"}")]
    [TestCase("{\"a\":\"\\\"}")]
    [TestCase("[\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\\\"]")]
    public void AContainerWithoutAnEndHasNone(string json) =>
        Assert.That(JsonSkipping.EndOfValue(Encoding.UTF8.GetBytes(json), 0), Is.EqualTo(JsonSkipping.None));

    private static string Value(Random random, int levels) =>
        (levels == 0 ? 2 : random.Next(6)) switch
        {
            0 or 1 => $"[{string.Join(", ", Items(random, levels))}]",
            2 => Text(random),
            3 => "-1.5e3",
            _ => $"{{{string.Join(",", Items(random, levels).Select((item, number) => $"\"{number}\": {item}"))}}}",
        };

    private static List<string> Items(Random random, int levels) =>
        [.. Enumerable.Range(0, random.Next(5)).Select(_ => Value(random, levels - 1))];

    private static string Text(Random random) =>
        JsonSerializer.Serialize(
            string.Concat(Enumerable.Range(0, random.Next(8)).Select(_ => s_texts[random.Next(s_texts.Length)])),
            s_unescaped
        );
}
