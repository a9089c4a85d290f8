using System.Security.Cryptography;

namespace DeployGuard.Core.Attestations;

/// <summary>A block of PEM. A key's text must hold exactly one key, so that nobody reads another than was verified.</summary>
internal sealed record PemText(string Label, byte[] Bytes)
{
    /// <summary>openssl writes it before a key; the key repeats its content.</summary>
    private const string Parameters = "EC PARAMETERS";

    public bool IsPrivate => Label.EndsWith("PRIVATE KEY", StringComparison.Ordinal);

    /// <summary>The only key of a text; null if there is none.</summary>
    /// <exception cref="AttestationException">There are several, or one is not base64.</exception>
    public static PemText? Only(string text)
    {
        var blocks = All(text).Where(b => b.Label != Parameters).Take(2).ToList();
        return blocks.Count < 2
            ? blocks.FirstOrDefault()
            : throw new AttestationException("holds more than one block of PEM; leave the key alone in it");
    }

    private static IEnumerable<PemText> All(string text)
    {
        var rest = text;
        while (PemEncoding.TryFind(rest, out var fields))
        {
            yield return new PemText(rest[fields.Label], Convert.FromBase64String(rest[fields.Base64Data]));
            rest = rest[fields.Location.End..];
        }
    }
}
