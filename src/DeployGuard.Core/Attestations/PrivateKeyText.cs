using System.Security.Cryptography;

namespace DeployGuard.Core.Attestations;

/// <summary>The forms in which private keys are kept: all become PKCS#8, unencrypted.</summary>
internal static class PrivateKeyText
{
    /// <exception cref="AttestationException">None of them, or not with this password.</exception>
    public static byte[] Pkcs8Of(string pem, string? password, IMoreAlgorithms? more) =>
        PemText.Only(pem) switch
        {
            { Label: "PRIVATE KEY", Bytes: var pkcs8 } => pkcs8,
            { Label: "ENCRYPTED PRIVATE KEY", Bytes: var encrypted } => Decrypted(encrypted, Need(password), more),
            { Label: "ENCRYPTED SIGSTORE PRIVATE KEY" or "ENCRYPTED COSIGN PRIVATE KEY", Bytes: var box } => CosignKey.Decrypt(
                box,
                Need(password),
                more
            ),
            { Label: "EC PRIVATE KEY" } => Exported(ECDsa.Create, pem),
            { Label: "RSA PRIVATE KEY" } => Exported(RSA.Create, pem),
            _ => throw new AttestationException(
                "holds no private key in PEM; create one with: openssl ecparam -name prime256v1 -genkey -noout"
            ),
        };

    private static string Need(string? password) =>
        password ?? throw new AttestationException("is encrypted, and no password was given for it");

    private static byte[] Decrypted(byte[] encrypted, string password, IMoreAlgorithms? more)
    {
        try
        {
            return more is null ? WithoutMore(encrypted, password) : more.DecryptPkcs8(encrypted, password);
        }
        catch (CryptographicException wrong)
        {
            throw new AttestationException("cannot be decrypted: the password is wrong, or the type of its key is not supported", wrong);
        }
    }

    /// <summary>The base class library decrypts only what it can import.</summary>
    private static byte[] WithoutMore(byte[] encrypted, string password)
    {
        try
        {
            using var key = ECDsa.Create();
            key.ImportEncryptedPkcs8PrivateKey(password, encrypted, out _);
            return key.ExportPkcs8PrivateKey();
        }
        catch (CryptographicException)
        {
            using var key = RSA.Create();
            key.ImportEncryptedPkcs8PrivateKey(password, encrypted, out _);
            return key.ExportPkcs8PrivateKey();
        }
    }

    private static byte[] Exported(Func<AsymmetricAlgorithm> create, string pem)
    {
        using var key = create();
        try
        {
            key.ImportFromPem(pem);
            return key.ExportPkcs8PrivateKey();
        }
        catch (Exception wrong) when (wrong is CryptographicException or ArgumentException)
        {
            throw new AttestationException($"holds no private key that could be read: {wrong.Message}", wrong);
        }
    }
}
