using System.Buffers.Text;

namespace DeployGuard.Core.Attestations;

/// <summary>
/// Base64 as DSSE allows it: the standard and the URL-safe alphabet, with or without padding; not both alphabets in one text. Each value
/// has one spelling in each form, so that no character of a signed file can be changed without effect.
/// </summary>
internal static class Base64Text
{
    /// <exception cref="AttestationException">It is neither.</exception>
    public static byte[] Decode(string text, string path)
    {
        try
        {
            var value = text.AsSpan().ContainsAny('-', '_') ? Base64Url.DecodeFromChars(text) : FromStandard(text);
            return IsSpelling(text, value) ? value : throw new AttestationException($"{path}: is not base64 as it is written by any tool");
        }
        catch (FormatException wrong)
        {
            throw new AttestationException($"{path}: is not base64", wrong);
        }
    }

    private static byte[] FromStandard(string text) =>
        Convert.FromBase64String(text.Length % 4 is 0 ? text : text.PadRight((text.Length + 3) / 4 * 4, '='));

    /// <summary>Decoders ignore blanks and the last bits of the last character.</summary>
    private static bool IsSpelling(string text, byte[] value)
    {
        var standard = Convert.ToBase64String(value);
        return text == standard || text == standard.TrimEnd('=') || text.TrimEnd('=') == Base64Url.EncodeToString(value);
    }
}
