using System.Security.Cryptography;
using Org.BouncyCastle.Crypto.Engines;
using Org.BouncyCastle.Crypto.Macs;
using Org.BouncyCastle.Crypto.Parameters;

namespace DeployGuard.Cryptography;

/// <summary>
/// NaCl's secretbox: XSalsa20, whose first 32 bytes are the key of Poly1305 over the ciphertext. The tag comes before the ciphertext.
/// </summary>
internal static class SecretBox
{
    private const int KeyLength = 32;
    private const int NonceLength = 24;
    private const int TagLength = 16;

    /// <summary>Null if it was not closed with this key and nonce.</summary>
    public static byte[]? Open(byte[] key, byte[] nonce, byte[] box)
    {
        if (key.Length != KeyLength || nonce.Length != NonceLength || box.Length < TagLength)
        {
            return null;
        }

        var cipher = new XSalsa20Engine();
        cipher.Init(forEncryption: false, new ParametersWithIV(new KeyParameter(key), nonce));
        var authenticationKey = new byte[KeyLength];
        cipher.ProcessBytes(authenticationKey, 0, KeyLength, authenticationKey, 0);
        if (!CryptographicOperations.FixedTimeEquals(Tag(authenticationKey, box), box.AsSpan(0, TagLength)))
        {
            return null;
        }

        var opened = new byte[box.Length - TagLength];
        cipher.ProcessBytes(box, TagLength, opened.Length, opened, 0);
        return opened;
    }

    private static byte[] Tag(byte[] authenticationKey, byte[] box)
    {
        var mac = new Poly1305();
        mac.Init(new KeyParameter(authenticationKey));
        mac.BlockUpdate(box, TagLength, box.Length - TagLength);
        var tag = new byte[TagLength];
        mac.DoFinal(tag, 0);
        return tag;
    }
}
