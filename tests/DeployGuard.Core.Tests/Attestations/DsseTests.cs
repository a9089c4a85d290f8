using System.Security.Cryptography;
using System.Text;
using DeployGuard.Core.Attestations;

namespace DeployGuard.Core.Tests;

/// <summary>Envelopes and statements: which signatures are valid, and which must not be.</summary>
public class DsseTests
{
    private const string HelloType = "http://example.com/HelloWorld";

    /// <summary>Of the DSSE specification: its key, and its signature over <c>hello world</c>, as r and s.</summary>
    private const string SpecificationSignature =
        "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA==";

    private static readonly string s_statement = """
        {"_type": "https://in-toto.io/Statement/v1", "subject": [{"name": "web", "digest": {"sha256": "DIGEST"}}], "predicateType": "https://example.com/p", "predicate": {"a": 1}}
        """.Replace("DIGEST", new string('a', 64), StringComparison.Ordinal);

    private ECDsa _pair = ECDsa.Create();

    [SetUp]
    public void MakeKeys() => _pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    [TearDown]
    public void DropKeys() => _pair.Dispose();

    [Test]
    public void EncodingMatchesTheSpecification() =>
        Assert.That(
            Encoding.UTF8.GetString(Dsse.Pae(HelloType, "hello world"u8)),
            Is.EqualTo("DSSEv1 29 http://example.com/HelloWorld 11 hello world")
        );

    [Test]
    public void LengthsCountBytesNotCharacters() =>
        Assert.That(Encoding.UTF8.GetString(Dsse.Pae("ä", "ö€"u8)), Is.EqualTo("DSSEv1 2 ä 5 ö€"));

    [Test]
    public void SignatureOfTheSpecificationIsValidInBothAlphabets([Values] bool urlSafe)
    {
        var key = PublicKey.Parse(SpecificationKey());
        var signature = urlSafe ? SpecificationSignature.Replace('+', '-').Replace('/', '_') : SpecificationSignature;
        var envelope = Read(
            $$"""{"payload": "aGVsbG8gd29ybGQ=", "payloadType": "{{HelloType}}", "signatures": [{"sig": "{{signature}}"}]}"""
        );

        Assert.That(Dsse.Verify(envelope, HelloType, [key]), Is.EqualTo("hello world"u8.ToArray()));
    }

    [Test]
    public void OwnSignatureIsVerifiedInBothForms(
        [Values(DSASignatureFormat.Rfc3279DerSequence, DSASignatureFormat.IeeeP1363FixedFieldConcatenation)] DSASignatureFormat form
    )
    {
        var key = Public();
        var payload = Encoding.UTF8.GetBytes(s_statement);
        var signature = _pair.SignData(Dsse.Pae(Statement.PayloadType, payload), HashAlgorithmName.SHA256, form);
        var envelope = new DsseEnvelope(Statement.PayloadType, payload, [new DsseSignature("", signature)]);

        Assert.That(
            Statement.Parse(Dsse.Verify(envelope, Statement.PayloadType, [key])).Find(new string('a', 64))?.Name,
            Is.EqualTo("web")
        );
    }

    [Test]
    public void ASignedEnvelopeIsWrittenAndReadBack()
    {
        var signing = SigningKey.Parse(_pair.ExportPkcs8PrivateKeyPem());
        var verifying = Public();
        var written = Dsse.Sign(Statement.PayloadType, Statement.Parse(Encoding.UTF8.GetBytes(s_statement)).ToJson(), signing).ToJson();
        var envelope = DsseEnvelope.Parse(written);
        var statement = Statement.Parse(Dsse.Verify(envelope, Statement.PayloadType, [verifying]));

        Assert.Multiple(() =>
        {
            Assert.That(envelope.Signatures.Single().KeyId, Is.EqualTo(verifying.KeyId));
            Assert.That(envelope.Signatures.Single().Value[0], Is.EqualTo(0x30), "ASN.1 DER, as cosign makes it");
            Assert.That((statement.PredicateType, statement.Predicate.GetRawText()), Is.EqualTo(("https://example.com/p", """{"a":1}""")));
        });
    }

    [Test]
    public void AnAlteredPayloadTypeOrSignatureIsNotVerified()
    {
        var key = Public();
        var envelope = Signed(s_statement);
        var payload = (byte[])envelope.Payload.Clone();
        payload[^1] ^= 1;
        var signature = (byte[])envelope.Signatures[0].Value.Clone();
        signature[^1] ^= 1;

        foreach (
            var touched in (DsseEnvelope[])
                [
                    envelope with
                    {
                        Payload = payload,
                    },
                    envelope with
                    {
                        PayloadType = "application/x",
                    },
                    envelope with
                    {
                        Signatures = [new DsseSignature("", signature)],
                    },
                ]
        )
        {
            Assert.That(
                () => Dsse.Verify(touched, Statement.PayloadType, [key]),
                Refuses("signatures: none of 1 is by the given key over this payload")
            );
        }
    }

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(63)]
    [TestCase(64)]
    [TestCase(65)]
    [TestCase(4096)]
    public void ASignatureOfAnyOtherLengthIsNotVerified(int length)
    {
        var key = Public();
        var envelope = Signed(s_statement) with { Signatures = [new DsseSignature("", new byte[length])] };
        Assert.That(() => Dsse.Verify(envelope, Statement.PayloadType, [key]), Refuses("signatures: none of 1"));
    }

    [Test]
    public void KeyIdHasNoEffect()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var key = Public();
        var stranger = PublicKey.Parse(other.ExportSubjectPublicKeyInfoPem());
        var envelope = Signed(s_statement);
        var renamed = envelope with { Signatures = [envelope.Signatures[0] with { KeyId = stranger.KeyId }] };

        Assert.That(() => Dsse.Verify(renamed, Statement.PayloadType, [key]), Throws.Nothing);
        Assert.That(() => Dsse.Verify(renamed, Statement.PayloadType, [stranger]), Refuses("signatures: none of 1"));
    }

    [Test]
    public void TwoSignaturesOfOneKeyCountOnce()
    {
        var key = Public();
        var again = Public();
        var envelope = Signed(s_statement);
        var twice = envelope with { Signatures = [.. envelope.Signatures, .. Signed(s_statement).Signatures] };

        Assert.That(
            () => Dsse.Verify(twice, Statement.PayloadType, [key, again], threshold: 2),
            Refuses("signatures: 1 of 2 required keys")
        );
    }

    [Test]
    public void UnexpectedTypeIsRefusedEvenIfSigned()
    {
        var key = Public();
        Assert.That(
            () => Dsse.Verify(Signed(s_statement), HelloType, [key]),
            Refuses($"payloadType: \"{Statement.PayloadType}\" is not {HelloType}")
        );
    }

    private PublicKey Public() => PublicKey.Parse(_pair.ExportSubjectPublicKeyInfoPem());

    private DsseEnvelope Signed(string payload)
    {
        var key = SigningKey.Parse(_pair.ExportECPrivateKeyPem());
        return Dsse.Sign(Statement.PayloadType, Encoding.UTF8.GetBytes(payload), key);
    }

    private static DsseEnvelope Read(string json) => DsseEnvelope.Parse(Encoding.UTF8.GetBytes(json));

    private static string SpecificationKey()
    {
        using var key = ECDsa.Create(
            new ECParameters
            {
                Curve = ECCurve.NamedCurves.nistP256,
                Q = new ECPoint
                {
                    X = Convert.FromHexString("67cd390f77aa359cb08c2235f652270493a9ed832b0abcc01f70954c0390d238"),
                    Y = Convert.FromHexString("0c782bd54e269125a44f4433aff1432ce94e12bca73aa67ac80cea12608ddf74"),
                },
            }
        );
        return key.ExportSubjectPublicKeyInfoPem();
    }

    private static NUnit.Framework.Constraints.StartsWithConstraint Refuses(string message) =>
        Throws.TypeOf<AttestationException>().With.Message.StartsWith(message);
}
