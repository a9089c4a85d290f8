using System.Security.Cryptography;
using System.Text;
using DeployGuard.Core.Attestations;

namespace DeployGuard.Cryptography.Tests;

/// <summary>Ed25519 and encrypted keys, against vectors of the specifications and keys that other programs wrote.</summary>
public class MoreAlgorithmsTests
{
    private static readonly MoreAlgorithms s_more = new();

    /// <summary>RFC 8032, section 7.1, test 2.</summary>
    [Test]
    public void Ed25519MatchesTheVectorOfItsSpecification()
    {
        var seed = Convert.FromHexString("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
        var key = Convert.FromHexString("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
        var signature = Convert.FromHexString(
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        );

        Assert.Multiple(() =>
        {
            Assert.That(s_more.PublicEd25519(seed), Is.EqualTo(key));
            Assert.That(s_more.SignEd25519(seed, [0x72]), Is.EqualTo(signature));
            Assert.That(s_more.VerifyEd25519(key, [0x72], signature));
            Assert.That(s_more.VerifyEd25519(key, [0x73], signature), Is.False);
            Assert.That(s_more.VerifyEd25519(key, [0x72], signature.AsSpan(1)), Is.False);
        });
    }

    /// <summary>RFC 8032, section 7.3.</summary>
    [Test]
    public void Ed25519OfAHashMatchesTheVectorOfItsSpecification()
    {
        var key = Convert.FromHexString("ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf");
        var signature = Convert.FromHexString(
            "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae4131f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406"
        );

        Assert.That(s_more.VerifyEd25519(key, "abc"u8, signature));
        Assert.That(s_more.VerifyEd25519(key, "abd"u8, signature), Is.False);
        Assert.That(s_more.VerifyEd25519(key, SHA512.HashData("abc"u8), signature), Is.False, "the hash itself was not signed");
    }

    /// <summary>RFC 7914, section 12: the first bytes of its vector with N = 1024, r = 8, p = 16.</summary>
    [Test]
    public void ScryptMatchesTheVectorOfItsSpecification() =>
        Assert.That(
            Convert.ToHexStringLower(s_more.Scrypt("password"u8.ToArray(), "NaCl"u8.ToArray(), 1024, 8, 16)),
            Is.EqualTo("fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162")
        );

    /// <summary>The vector of the NaCl library's own test of secretbox.</summary>
    [Test]
    public void SecretBoxMatchesTheVectorOfItsLibrary()
    {
        var key = Convert.FromHexString("1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389");
        var nonce = Convert.FromHexString("69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37");
        var box = Convert.FromHexString(
            "f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74e355a5"
        );

        var opened = s_more.OpenSecretBox(key, nonce, box);
        Assert.That(Convert.ToHexStringLower(opened ?? []), Does.StartWith("be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd4"));
        box[^1] ^= 1;
        Assert.That(s_more.OpenSecretBox(key, nonce, box), Is.Null);
        Assert.That(s_more.OpenSecretBox(key, nonce, [1, 2, 3]), Is.Null);
    }

    [Test]
    public void AnEd25519KeyOfOpensslSignsAndVerifies([Values] bool isEncrypted)
    {
        var signing = isEncrypted
            ? SigningKey.Parse(TestKeys.Ed25519Encrypted, "pw", s_more)
            : SigningKey.Parse(TestKeys.Ed25519, more: s_more);
        var key = PublicKey.Parse(TestKeys.Ed25519Public, s_more);
        var signature = signing.Sign("m"u8);

        Assert.That((key.Algorithm, signing.Public.KeyId), Is.EqualTo(("Ed25519", key.KeyId)));
        Assert.That((key.Verifies("m"u8, signature), key.Verifies("n"u8, signature)), Is.EqualTo((true, false)));
    }

    [Test]
    public void AnEncryptedKeyOfAnotherTypeIsReadToo()
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        var pem = pair.ExportEncryptedPkcs8PrivateKeyPem(
            "pw",
            new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000)
        );
        Assert.That(SigningKey.Parse(pem, "pw", s_more).Public.Algorithm, Is.EqualTo("ECDSA P-384"));
        Assert.That(() => SigningKey.Parse(pem, "wrong", s_more), Refuses("cannot be decrypted: the password is wrong"));
    }

    [Test]
    public void AKeyOfCosignIsReadWithItsPassword()
    {
        var signing = SigningKey.Parse(TestKeys.Cosign, "pw", s_more);
        Assert.That(signing.Public.KeyId, Is.EqualTo(PublicKey.Parse(TestKeys.CosignPublic).KeyId));
        Assert.That(() => SigningKey.Parse(TestKeys.Cosign, "wrong", s_more), Refuses("cannot be decrypted: the password is wrong"));
        Assert.That(() => SigningKey.Parse(TestKeys.Cosign, more: s_more), Refuses("is encrypted, and no password was given for it"));
    }

    [TestCase("\"N\":65536", "\"N\":1073741824", "kdf.params: are not those that cosign writes")]
    [TestCase("\"r\":8", "\"r\":9", "kdf.params: are not those that cosign writes")]
    [TestCase("\"scrypt\"", "\"argon\"", "kdf: is not scrypt")]
    [TestCase("nacl/secretbox", "none", "cipher: is not nacl/secretbox")]
    public void AKeyThatIsEncryptedInAnotherWayIsRefused(string text, string instead, string message)
    {
        var box = PemEncoding.Find(TestKeys.Cosign);
        var json = Encoding.UTF8.GetString(Convert.FromBase64String(TestKeys.Cosign[box.Base64Data]));
        Assert.That(json, Does.Contain(text));
        var altered = PemEncoding.WriteString(
            "ENCRYPTED SIGSTORE PRIVATE KEY",
            Encoding.UTF8.GetBytes(json.Replace(text, instead, StringComparison.Ordinal))
        );
        Assert.That(() => SigningKey.Parse(altered, "pw", s_more), Refuses(message));
    }

    private static NUnit.Framework.Constraints.StartsWithConstraint Refuses(string message) =>
        Throws.TypeOf<AttestationException>().With.Message.StartsWith(message);
}
