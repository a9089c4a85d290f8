using System.Security.Cryptography;
using System.Text;
using DeployGuard.Core.Attestations;

namespace DeployGuard.Core.Tests;

/// <summary>Envelopes, statements and keys that cannot be used: each refused in words that name the place.</summary>
public class MalformedInputTests
{
    [TestCase("", "envelope: is not strict JSON")]
    [TestCase("[]", "envelope: is not a JSON object")]
    [TestCase("{} {}", "envelope: is not strict JSON")]
    [TestCase("""{"payload": "YQ==", "payload": "Yg=="}""", "envelope: is not strict JSON: Duplicate")]
    [TestCase("""{"payload": "YQ==", "pay\u006coad": "Yg=="}""", "envelope: is not strict JSON: Duplicate")]
    [TestCase("""{"payload": 1}""", "payload: is missing, or not a string")]
    [TestCase("""{"payload": "Y$=="}""", "payload: is not base64")]
    [TestCase("""{"payload": "Y-+="}""", "payload: is not base64")]
    [TestCase("""{"payload": "YR=="}""", "payload: is not base64 as it is written by any tool")]
    [TestCase("""{"payload": "YQ ="}""", "payload: is not base64")]
    [TestCase("""{"payload": "\ud800"}""", "payload: is not text")]
    [TestCase("""{"\ud800": 1, "payload": "YQ=="}""", "envelope: is not text: half of a surrogate pair")]
    [TestCase("""{"signatures": [{"\ud800": 1}], "payload": "YQ=="}""", "envelope: is not text: half of a surrogate pair")]
    [TestCase("""{"payload": "YQ=="}""", "payloadType: is missing, or not a string")]
    [TestCase("""{"payload": "YQ==", "payloadType": "t"}""", "signatures: is missing, or not a list")]
    [TestCase(
        """{"payload": "YQ==", "payloadType": "t", "signatures": []}""",
        "signatures: is missing, or not a list with at least one item"
    )]
    [TestCase("""{"payload": "YQ==", "payloadType": "t", "signatures": ["YQ=="]}""", "signatures[0]: is not an object")]
    [TestCase(
        """{"payload": "YQ==", "payloadType": "t", "signatures": [{"sig": "YQ=="}, {"keyid": "k"}]}""",
        "signatures[1].sig: is missing, or not a string"
    )]
    [TestCase("""{"payload": "YQ==", "payloadType": "t", "signatures": [{"sig": "*"}]}""", "signatures[0].sig: is not base64")]
    public void InvalidEnvelopeIsRefused(string json, string message) =>
        Assert.That(() => DsseEnvelope.Parse(Encoding.UTF8.GetBytes(json)), Refuses(message));

    [TestCase("""{"subject": []}""", "_type: is missing, or not a string")]
    [TestCase("""{"_type": "https://in-toto.io/Statement/v2"}""", "_type: \"https://in-toto.io/Statement/v2\" is neither")]
    [TestCase("""{"_type": "https://in-toto.io/Statement/v1"}""", "subject: is missing, or not a list")]
    [TestCase(
        """{"_type": "https://in-toto.io/Statement/v1", "subject": [{"name": "x"}], "predicateType": "p"}""",
        "subject[0].digest: is missing, or not an object"
    )]
    [TestCase(
        """{"_type": "https://in-toto.io/Statement/v1", "subject": [{"digest": {"sha256": "AA"}}], "predicateType": "p"}""",
        "subject[0].digest.sha256: is not 64 lower-case hex digits"
    )]
    [TestCase(
        """{"_type": "https://in-toto.io/Statement/v1", "subject": [{"digest": {"sha256": 1}}], "predicateType": "p"}""",
        "subject[0].digest.sha256: is missing, or not a string"
    )]
    [TestCase(
        """{"_type": "https://in-toto.io/Statement/v1", "subject": [{"digest": {"gitCommit": "aa"}}]}""",
        "predicateType: is missing, or not a string"
    )]
    public void InvalidStatementIsRefused(string json, string message) =>
        Assert.That(() => Statement.Parse(Encoding.UTF8.GetBytes(json)), Refuses(message));

    [Test]
    public void OlderStatementIsReadAndASubjectWithAnotherDigestMatchesNothing()
    {
        var statement = Statement.Parse(
            """{"_type": "https://in-toto.io/Statement/v0.1", "subject": [{"name": "x", "digest": {"gitCommit": "aa"}}], "predicateType": "p"}"""u8.ToArray()
        );
        Assert.That(
            (statement.Subjects.Single().Sha256, statement.Find(new string('0', 64))),
            Is.EqualTo(((string?)null, (StatementSubject?)null))
        );
    }

    [Test]
    public void DepthOver64IsRefusedAnd64IsRead()
    {
        static byte[] Deep(int depth) =>
            Encoding.UTF8.GetBytes($$"""{"a": {{new string('[', depth - 1)}}{{new string(']', depth - 1)}}}""");
        Assert.That(() => StrictJson.ReadObject(Deep(64), 1000, "it"), Throws.Nothing);
        Assert.That(() => StrictJson.ReadObject(Deep(65), 1000, "it"), Refuses("it: is not strict JSON"));
    }

    [Test]
    public void APayloadOverOneMebibyteIsRefusedOnBothSides()
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var key = SigningKey.Parse(pair.ExportPkcs8PrivateKeyPem());
        var payload = new byte[(1 << 20) + 1];
        var envelope = new DsseEnvelope("t", payload, [new DsseSignature("", [1])]).ToJson();

        Assert.That(() => Dsse.Sign("t", payload, key), Refuses("payload: has 1048577 bytes; the limit is 1048576"));
        Assert.That(() => DsseEnvelope.Parse(envelope), Refuses("payload: has 1048577 bytes; the limit is 1048576"));
        Assert.That(() => DsseEnvelope.Parse(new byte[(2 << 20) + 1]), Refuses("envelope: has 2097153 bytes"));
    }

    [Test]
    public void InvalidUtf8IsRefused() =>
        Assert.That(
            () => DsseEnvelope.Parse(new byte[] { (byte)'{', (byte)'"', 0xC3, 0x28, (byte)'"', (byte)':', (byte)'1', (byte)'}' }),
            Refuses("envelope: is not")
        );

    private static NUnit.Framework.Constraints.StartsWithConstraint Refuses(string message) =>
        Throws.TypeOf<AttestationException>().With.Message.StartsWith(message);
}
