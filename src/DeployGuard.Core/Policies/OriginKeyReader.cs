using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;

namespace DeployGuard.Core.Policies;

/// <summary>Reads <c>origin.keys</c>.</summary>
internal static class OriginKeyReader
{
    public static OriginKey Read(StrictObject key)
    {
        if (!key.Has("role"))
        {
            key.Error("role", $"is missing; one of {string.Join(", ", Enum.GetNames<KeyRole>())}");
        }

        var read = new OriginKey(
            key.Text("name") ?? "",
            key.Enum("role", KeyRole.Build),
            key.Text("pem"),
            key.Block("secretRef", ReadSecret)
        )
        {
            VerifierId = key.Text("verifierId"),
            NotBefore = key.Time("notBefore"),
            NotAfter = key.Time("notAfter"),
        };
        CheckName(key, read.Name);
        CheckMaterial(key, read);
        if (key.Has("role") && (read.Role is KeyRole.Vsa) != (read.VerifierId is { Length: > 0 }))
        {
            key.Error(
                "verifierId",
                read.Role is KeyRole.Vsa
                    ? "is missing; a key of the role Vsa signs for one verifier.id"
                    : "only a key of the role Vsa has one"
            );
        }

        if (read.NotAfter <= read.NotBefore)
        {
            key.Error("notAfter", "must be later than notBefore");
        }

        return read;
    }

    /// <summary>A key with two roles would sign its own approvals as a builder; under two names it could pass for two signers.</summary>
    public static void Compare(StrictObject origin, IReadOnlyList<OriginKey> keys)
    {
        foreach (var (key, i) in keys.Select((key, i) => (key, i)))
        {
            var former = keys.Take(i).ToList();
            if (key.Name.Length > 0 && former.FindIndex(k => k.Name == key.Name) is >= 0 and var named)
            {
                origin.Error($"keys[{i}].name", $"\"{key.Name}\" is the name of keys[{named}] too");
            }

            if (IdOf(key) is { } id && former.FindIndex(k => IdOf(k) == id) is >= 0 and var same)
            {
                origin.Error(
                    $"keys[{i}].{(key.Pem is null ? "secretRef" : "pem")}",
                    $"is the same key as keys[{same}]; give each role a key of its own"
                );
            }
        }
    }

    private static void CheckName(StrictObject key, string name)
    {
        if (name.Length is 0 or > 63 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
        {
            key.Error("name", $"\"{name}\" is no name of letters, digits, dots and dashes, of at most 63 characters");
        }
    }

    private static void CheckMaterial(StrictObject key, OriginKey read)
    {
        if ((read.Pem is null) == (read.Secret is null))
        {
            key.Error(
                "pem",
                $"{(read.Pem is null ? "is missing" : "and secretRef exclude each other")}: give the public key as pem, or "
                    + $"secretRef: {{name, key}}"
            );
        }
        else if (read.Pem is { } pem && ProblemWith(pem) is { } problem)
        {
            key.Error("pem", problem);
        }
    }

    private static string? ProblemWith(string pem)
    {
        try
        {
            PublicKey.Parse(pem, FormOnly.Instance);
            return null;
        }
        catch (AttestationException wrong)
        {
            return wrong.Message;
        }
    }

    private static string? IdOf(OriginKey key)
    {
        try
        {
            return key.Pem is { } pem ? PublicKey.Parse(pem, FormOnly.Instance).KeyId
                : key.Secret is { } secret ? $"secret {secret.Name} {secret.Key}"
                : null;
        }
        catch (AttestationException)
        {
            // It is reported by itself.
            return null;
        }
    }

    private static SecretReference ReadSecret(StrictObject secret)
    {
        var read = new SecretReference(secret.Text("name") ?? "", secret.Text("key") ?? "");
        if (!SecretName.IsValid(read.Name))
        {
            secret.Error("name", $"\"{read.Name}\" is no name of a Secret in DeployGuard's namespace");
        }

        if (read.Key.Length == 0 || !read.Key.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
        {
            secret.Error("key", $"\"{read.Key}\" is no key of a Secret, such as cosign.pub");
        }

        return read;
    }

    /// <summary>
    /// To see whether a text holds a key at all. Nothing is verified here, so the algorithms that the base class library lacks are not
    /// needed.
    /// </summary>
    private sealed class FormOnly : IMoreAlgorithms
    {
        public static readonly FormOnly Instance = new();

        public bool VerifyEd25519(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) =>
            throw NotHere();

        public byte[] SignEd25519(ReadOnlySpan<byte> seed, ReadOnlySpan<byte> message) => throw NotHere();

        public byte[] PublicEd25519(ReadOnlySpan<byte> seed) => throw NotHere();

        public byte[] DecryptPkcs8(byte[] encrypted, string password) => throw NotHere();

        public byte[] Scrypt(byte[] password, byte[] salt, int cost, int blockSize, int parallelization) => throw NotHere();

        public byte[]? OpenSecretBox(byte[] key, byte[] nonce, byte[] box) => throw NotHere();

        private static InvalidOperationException NotHere() => new("a policy is read without using its keys");
    }
}

/// <summary>Names of Secrets: those of DNS subdomains.</summary>
internal static class SecretName
{
    public static bool IsValid(string name) =>
        name.Length is > 0 and <= 253
        && name.All(c => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-' or '.')
        && char.IsAsciiLetterOrDigit(name[0])
        && char.IsAsciiLetterOrDigit(name[^1]);
}
