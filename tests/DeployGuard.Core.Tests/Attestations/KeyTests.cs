using System.Security.Cryptography;
using DeployGuard.Core.Attestations;

namespace DeployGuard.Core.Tests;

/// <summary>Keys of every supported type sign and verify; others are refused where they are written.</summary>
public class KeyTests
{
    private static readonly byte[] s_message = "a message"u8.ToArray();

    private static IEnumerable<TestCaseData<Func<AsymmetricAlgorithm>, string>> Supported() =>
        [
            new(() => ECDsa.Create(ECCurve.NamedCurves.nistP256), "ECDSA P-256"),
            new(() => ECDsa.Create(ECCurve.NamedCurves.nistP384), "ECDSA P-384"),
            new(() => RSA.Create(2048), "RSA 2048"),
            new(() => RSA.Create(3072), "RSA 3072"),
        ];

    [TestCaseSource(nameof(Supported))]
    public void AKeyVerifiesWhatItsOtherHalfSigned(Func<AsymmetricAlgorithm> create, string name)
    {
        using var pair = create();
        var signing = SigningKey.Parse(pair.ExportPkcs8PrivateKeyPem());
        var key = PublicKey.Parse(pair.ExportSubjectPublicKeyInfoPem());
        var signature = signing.Sign(s_message);

        Assert.Multiple(() =>
        {
            Assert.That((key.Algorithm, signing.Public.KeyId), Is.EqualTo((name, key.KeyId)));
            Assert.That(key.Verifies(s_message, signature));
            Assert.That(key.Verifies("another message"u8, signature), Is.False);
            Assert.That(key.Verifies(s_message, []), Is.False);
            Assert.That(PublicKey.Parse(key.Pem).KeyId, Is.EqualTo(key.KeyId));
        });
    }

    [TestCaseSource(nameof(Supported))]
    public void AnEncryptedKeyIsReadWithItsPasswordAlone(Func<AsymmetricAlgorithm> create, string name)
    {
        using var pair = create();
        var pem = pair.ExportEncryptedPkcs8PrivateKeyPem(
            "secret",
            new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000)
        );

        Assert.Multiple(() =>
        {
            Assert.That(SigningKey.Parse(pem, "secret").Public.Algorithm, Is.EqualTo(name));
            Assert.That(() => SigningKey.Parse(pem, "wrong"), Refuses("cannot be decrypted: the password is wrong"));
            Assert.That(() => SigningKey.Parse(pem), Refuses("is encrypted, and no password was given for it"));
        });
    }

    [Test]
    public void RsaVerifiesBothPaddings()
    {
        using var pair = RSA.Create(2048);
        var key = PublicKey.Parse(pair.ExportSubjectPublicKeyInfoPem());

        Assert.Multiple(() =>
        {
            Assert.That(key.Verifies(s_message, pair.SignData(s_message, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)));
            Assert.That(key.Verifies(s_message, pair.SignData(s_message, HashAlgorithmName.SHA256, RSASignaturePadding.Pss)));
            Assert.That(key.Verifies(s_message, pair.SignData(s_message, HashAlgorithmName.SHA1, RSASignaturePadding.Pkcs1)), Is.False);
        });
    }

    [Test]
    public void P384VerifiesBothHashesAndBothForms(
        [Values("SHA256", "SHA384")] string hash,
        [Values(DSASignatureFormat.Rfc3279DerSequence, DSASignatureFormat.IeeeP1363FixedFieldConcatenation)] DSASignatureFormat form
    )
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        var key = PublicKey.Parse(pair.ExportSubjectPublicKeyInfoPem());
        Assert.That(key.Verifies(s_message, pair.SignData(s_message, new HashAlgorithmName(hash), form)));
    }

    [Test]
    public void KeysThatOpensslWritesAreRead()
    {
        using var ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var rsa = RSA.Create(2048);
        // "openssl ecparam -genkey" writes the parameters before the key.
        var withParameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + ec.ExportECPrivateKeyPem();

        Assert.Multiple(() =>
        {
            Assert.That(SigningKey.Parse(withParameters).Public.Algorithm, Is.EqualTo("ECDSA P-256"));
            Assert.That(SigningKey.Parse(rsa.ExportRSAPrivateKeyPem()).Public.Algorithm, Is.EqualTo("RSA 2048"));
        });
    }

    [Test]
    public void AKeyOfAnotherTypeIsRefusedByName()
    {
        using var weak = RSA.Create(1024);
        using var larger = ECDsa.Create(ECCurve.NamedCurves.nistP521);
        var named = ECCurve.NamedCurves.nistP256;
        using var pair = ECDsa.Create(named);
        var spelledOut = pair.ExportExplicitParameters(includePrivateParameters: false);
        using var ownCurve = ECDsa.Create(spelledOut);
        const string Ed25519 =
            "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";

        Assert.Multiple(() =>
        {
            Assert.That(() => PublicKey.Parse(weak.ExportSubjectPublicKeyInfoPem()), Refuses("is an unsupported key: RSA with 1024 bits"));
            Assert.That(() => PublicKey.Parse(larger.ExportSubjectPublicKeyInfoPem()), Refuses("is an unsupported key, on the curve"));
            Assert.That(
                () => PublicKey.Parse(ownCurve.ExportSubjectPublicKeyInfoPem()),
                Refuses("is an unsupported key, on the curve of its own")
            );
            Assert.That(() => PublicKey.Parse(Ed25519), Refuses("is an unsupported key here: Ed25519"));
        });
    }

    [Test]
    public void ATextThatIsNoKeyIsRefusedWithWhatToDo()
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var (secret, open) = (pair.ExportPkcs8PrivateKeyPem(), pair.ExportSubjectPublicKeyInfoPem());

        Assert.Multiple(() =>
        {
            Assert.That(() => PublicKey.Parse("hello"), Refuses("holds no public key in PEM"));
            Assert.That(() => PublicKey.Parse(secret), Refuses("holds a private key, which everybody who may read it here can sign with"));
            Assert.That(() => PublicKey.Parse(open + "\n" + open), Refuses("holds more than one block of PEM"));
            Assert.That(
                () => PublicKey.Parse("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"),
                Refuses("holds no key that could be read")
            );
            Assert.That(
                () => PublicKey.Parse("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
                Refuses("holds a certificate")
            );
            Assert.That(() => SigningKey.Parse(open), Refuses("holds no private key in PEM"));
            Assert.That(
                () =>
                    SigningKey.Parse(
                        "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n",
                        "x"
                    ),
                Refuses("is encrypted by cosign, which is not supported here")
            );
        });
    }

    [Test]
    public void TheIdOfAKeyDoesNotDependOnItsText()
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var pem = pair.ExportSubjectPublicKeyInfoPem();
        Assert.That(PublicKey.Parse("# our key\n" + pem.ReplaceLineEndings("\r\n") + "\n").KeyId, Is.EqualTo(PublicKey.Parse(pem).KeyId));
    }

    private static NUnit.Framework.Constraints.StartsWithConstraint Refuses(string message) =>
        Throws.TypeOf<AttestationException>().With.Message.StartsWith(message);
}
