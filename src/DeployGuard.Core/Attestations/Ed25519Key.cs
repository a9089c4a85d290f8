using System.Formats.Asn1;

namespace DeployGuard.Core.Attestations;

/// <summary>Ed25519, which the base class library does not have.</summary>
internal sealed record Ed25519Key(byte[] Spki, byte[] Point, IMoreAlgorithms More) : KeyType("Ed25519", Spki)
{
    public const string Algorithm = "1.3.101.112";

    private const int Length = 32;
    private const int SignatureLength = 64;

    /// <summary>SubjectPublicKeyInfo has one form in DER: this, and the 32 bytes of the key.</summary>
    private static readonly byte[] s_head = [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00];

    public static IMoreAlgorithms Need(IMoreAlgorithms? more) =>
        more ?? throw new AttestationException("is an unsupported key here: Ed25519; use ECDSA P-256");

    public static Ed25519Key FromSpki(byte[] spki, IMoreAlgorithms more) =>
        spki.Length == s_head.Length + Length && spki.AsSpan().StartsWith(s_head)
            ? new Ed25519Key(spki, spki[s_head.Length..], more)
            : throw new AttestationException("holds no Ed25519 key that could be read: its encoding is not DER");

    public static Ed25519Key FromPkcs8(byte[] pkcs8, IMoreAlgorithms more)
    {
        var point = more.PublicEd25519(Seed(pkcs8));
        return new Ed25519Key([.. s_head, .. point], point, more);
    }

    public override bool Verifies(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) =>
        signature.Length == SignatureLength && More.VerifyEd25519(Point, message, signature);

    public override byte[] Sign(byte[] pkcs8, ReadOnlySpan<byte> message) => More.SignEd25519(Seed(pkcs8), message);

    /// <summary>PKCS#8 holds the seed as an octet string in an octet string (RFC 8410).</summary>
    private static byte[] Seed(byte[] pkcs8)
    {
        var key = new AsnReader(pkcs8, AsnEncodingRules.BER).ReadSequence();
        key.ReadInteger();
        key.ReadSequence();
        var seed = new AsnReader(key.ReadOctetString(), AsnEncodingRules.BER).ReadOctetString();
        return seed.Length == Length ? seed : throw new AttestationException($"holds an Ed25519 key of {seed.Length} bytes, not {Length}");
    }
}
