using System.Text.Json;
using System.Text.Json.Serialization;

namespace DeployGuard.Benchmarks.Results;

/// <summary>What was measured, by section. A run of one section replaces only that one in the file.</summary>
internal sealed record BenchResults(IReadOnlyList<Section> Sections)
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter() },
    };

    public static BenchResults None { get; } = new([]);

    /// <exception cref="InvalidDataException">The file is not there, or does not hold results.</exception>
    public static BenchResults Read(string file)
    {
        try
        {
            return JsonSerializer.Deserialize<BenchResults>(File.ReadAllText(file), s_json) is { Sections: not null } read
                ? read
                : throw new InvalidDataException($"{file}: there are no sections in it");
        }
        catch (Exception wrong) when (wrong is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new InvalidDataException($"{file}: {wrong.Message}", wrong);
        }
    }

    public void WriteTo(string file)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file)) ?? ".");
        File.WriteAllText(file, $"{JsonSerializer.Serialize(this, s_json)}\n");
    }

    /// <summary>With this section in place of an older one of the same name.</summary>
    public BenchResults With(Section section) => new([.. Sections.Where(s => s.Name != section.Name), section]);
}

/// <summary>A table: what one command measures.</summary>
/// <param name="Name">Of the command: <c>growth</c>.</param>
/// <param name="Measured">What is measured, and how, in a sentence.</param>
internal sealed record Section(string Name, string Measured, DateTimeOffset At, MachineFacts Machine, IReadOnlyList<Row> Rows);

/// <param name="Name">What was measured: <c>1,000 policies, of which 10 match</c>.</param>
/// <param name="Figures">By the head of their column. Rows of one table may lack columns.</param>
internal sealed record Row(string Name, IReadOnlyDictionary<string, Figure> Figures);

/// <summary>What figures depend on, without the name of the machine.</summary>
/// <param name="LoadAverage">Before the run: how many programs wanted a processor.</param>
internal sealed record MachineFacts(string Processor, int Cores, double MemoryGigabytes, string System, string Runtime, double LoadAverage);
