using System.Text;

namespace DeployGuard.Core.Provenance.Attestations;

/// <summary>
/// DSSE's pre-authentication encoding: the type is signed with the body, so that bytes signed as one thing cannot pass as another.
/// </summary>
public static class PreAuthentication
{
    /// <summary><c>DSSEv1 LEN(type) type LEN(body) body</c>; lengths count bytes, in ASCII decimal.</summary>
    public static byte[] Encode(string payloadType, ReadOnlySpan<byte> body)
    {
        var head = Encoding.UTF8.GetBytes($"DSSEv1 {Encoding.UTF8.GetByteCount(payloadType)} {payloadType} {body.Length} ");
        return [.. head, .. body];
    }
}
