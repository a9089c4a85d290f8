using System.Buffers.Text;

namespace DeployGuard.Core.Provenance.Attestations;

/// <summary>Base64 as DSSE allows it: the standard and the URL-safe alphabet, with padding; not both alphabets in one text.</summary>
internal static class LenientBase64
{
    /// <exception cref="AttestationException">It is neither.</exception>
    public static byte[] Decode(string text, string path)
    {
        try
        {
            return text.AsSpan().ContainsAny('-', '_') ? Base64Url.DecodeFromChars(text) : Convert.FromBase64String(text);
        }
        catch (FormatException wrong)
        {
            throw new AttestationException($"{path}: is not base64", wrong);
        }
    }
}
