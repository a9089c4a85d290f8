using System.Globalization;
using System.Text;

namespace DeployGuard.Cli.Attest;

/// <summary>Reads the contents of many objects with one process.</summary>
internal static class Blobs
{
    /// <summary>No note or trace file is this long. A longer one is not read into memory.</summary>
    private const int MaxBytes = 64 << 20;

    /// <param name="found">Gets the hash and the content of each; null where the object is missing or too long.</param>
    public static void Read(Repository repository, IReadOnlyCollection<string> hashes, Action<string, byte[]?> found)
    {
        if (hashes.Count == 0)
        {
            return;
        }

        repository.Stream(
            ["cat-file", "--batch"],
            output =>
            {
                using var buffered = new BufferedStream(output, 1 << 16);
                foreach (var hash in hashes)
                {
                    found(hash, Next(buffered));
                }
            },
            string.Concat(hashes.Select(h => $"{h}\n"))
        );
    }

    /// <summary>git answers in the order of the questions: <c>HASH blob SIZE</c> with the content, or <c>HASH missing</c>.</summary>
    private static byte[]? Next(Stream output)
    {
        if (Line(output).Split(' ') is not [_, var type, var length])
        {
            return null;
        }

        var size = long.Parse(length, NumberStyles.None, CultureInfo.InvariantCulture);
        var content = new byte[size <= MaxBytes ? size : 0];
        output.ReadExactly(content);
        for (var left = size - content.Length + 1; left > 0; left--)
        {
            output.ReadByte();
        }

        return type == "blob" && content.Length == size ? content : null;
    }

    private static string Line(Stream output)
    {
        var line = new StringBuilder();
        for (var next = output.ReadByte(); next is not ('\n' or -1); next = output.ReadByte())
        {
            line.Append((char)next);
        }

        return line.ToString();
    }
}
