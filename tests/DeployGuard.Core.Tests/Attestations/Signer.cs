using System.Security.Cryptography;
using System.Text;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;

namespace DeployGuard.Core.Tests;

/// <summary>A pair of keys with a role, and what its holder writes.</summary>
internal sealed class Signer
{
    public Signer(string name, KeyRole role, string? verifierId = null)
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Key = SigningKey.Parse(pair.ExportPkcs8PrivateKeyPem());
        Trusted = new TrustedKey(name, role, Key.Public, verifierId);
    }

    public SigningKey Key { get; }

    public TrustedKey Trusted { get; }

    public DsseEnvelope Envelope(Statement statement) => Dsse.Sign(Statement.PayloadType, statement.ToJson(), Key);

    public byte[] Bundle(Statement statement) => SigstoreBundle.Of(Envelope(statement), Key.Public).ToJson();

    public FoundAttestation Says(Statement statement, string place = "here") => new(place, AttestationFormat.Bundle, Bundle(statement));

    public FoundAttestation Says(ChangeStatement change, string place = "here") => Says(change.About(Stated.Image()), place);

    public (byte[] Payload, string Signature) SimpleSigning(string digest)
    {
        var payload = Encoding.UTF8.GetBytes(
            $$$"""{"critical":{"identity":{"docker-reference":"registry.example.com/shop/web"},"image":{"docker-manifest-digest":"sha256:{{{digest}}}"},"type":"cosign container image signature"},"optional":null}"""
        );
        return (payload, Convert.ToBase64String(Key.Sign(payload)));
    }
}
