using System.Text;
using System.Text.Json;

namespace DeployGuard.Core.Attestations;

/// <summary>
/// cosign's own encryption of a private key: JSON that names scrypt and a secretbox of NaCl. No other algorithms are read, and scrypt may
/// not take more memory than the strongest form that cosign writes.
/// </summary>
internal static class CosignKey
{
    private const int MaxBytes = 16 * 1024;
    private const int MaxCost = 1 << 20;

    /// <summary>The PKCS#8 structure of the key.</summary>
    /// <exception cref="AttestationException">It cannot be read, or not with this password.</exception>
    public static byte[] Decrypt(byte[] json, string password, IMoreAlgorithms? more)
    {
        if (more is null)
        {
            throw new AttestationException("is encrypted by cosign, which is not supported here; use a key in PKCS#8");
        }

        var root = StrictJson.ReadObject(json, MaxBytes, "the encrypted key");
        var kdf = Named(root, "kdf", "scrypt");
        var cipher = Named(root, "cipher", "nacl/secretbox");
        var key = more.Scrypt(Encoding.UTF8.GetBytes(password), Bytes(kdf, "salt", "kdf."), Cost(kdf), blockSize: 8, parallelization: 1);
        var nonce = Bytes(cipher, "nonce", "cipher.");
        return more.OpenSecretBox(key, nonce, Bytes(root, "ciphertext", ""))
            ?? throw new AttestationException("cannot be decrypted: the password is wrong");
    }

    private static JsonElement Named(JsonElement root, string field, string algorithm) =>
        root.TryGetProperty(field, out var part)
        && part.ValueKind is JsonValueKind.Object
        && StrictJson.TextOrNull(part, "name", $"{field}.") == algorithm
            ? part
            : throw new AttestationException($"{field}: is not {algorithm}");

    private static int Cost(JsonElement kdf) =>
        kdf.TryGetProperty("params", out var p)
        && p.ValueKind is JsonValueKind.Object
        && Number(p, "N") is (> 1 and <= MaxCost) and var cost
        && int.IsPow2(cost)
        && (Number(p, "r"), Number(p, "p")) is (8, 1)
            ? cost
            : throw new AttestationException("kdf.params: are not those that cosign writes");

    private static int Number(JsonElement owner, string name) =>
        owner.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.Number && value.TryGetInt32(out var number)
            ? number
            : 0;

    private static byte[] Bytes(JsonElement owner, string name, string path) =>
        Base64Text.Decode(StrictJson.Text(owner, name, path), $"{path}{name}");
}
