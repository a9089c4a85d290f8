using System.Security.Cryptography;

namespace DeployGuard.Core.Attestations;

/// <summary>The private half of a pair.</summary>
public sealed class SigningKey
{
    private readonly KeyType _type;
    private readonly byte[] _pkcs8;

    private SigningKey(byte[] pkcs8, IMoreAlgorithms? more)
    {
        (_type, _pkcs8) = (KeyType.OfPrivate(pkcs8, more), pkcs8);
        Public = new PublicKey(_type);
    }

    public PublicKey Public { get; }

    /// <param name="pem">PKCS#8, encrypted or not, or as openssl (<c>EC PRIVATE KEY</c>, <c>RSA PRIVATE KEY</c>) and cosign write it.</param>
    /// <param name="password">For an encrypted key.</param>
    /// <param name="more">Without it, Ed25519 and the keys of cosign are refused.</param>
    /// <exception cref="AttestationException">The text holds no such key, or not with this password.</exception>
    public static SigningKey Parse(string pem, string? password = null, IMoreAlgorithms? more = null) =>
        new(PrivateKeyText.Pkcs8Of(pem, password, more), more);

    /// <summary>The signature of a message.</summary>
    public byte[] Sign(ReadOnlySpan<byte> message)
    {
        try
        {
            return _type.Sign(_pkcs8, message);
        }
        catch (CryptographicException wrong)
        {
            throw new AttestationException($"cannot sign: {wrong.Message}", wrong);
        }
    }
}
