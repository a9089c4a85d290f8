using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Cli.Doctor;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;
using static DeployGuard.Cli.Tests.DoctorTests;

namespace DeployGuard.Cli.Tests;

/// <summary>The results of doctor for signed evidence: keys, pull secrets, registries.</summary>
public class DoctorEvidenceTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 25, 0, 0, 0, TimeSpan.Zero);
    private static readonly string s_pem = Pem();

    [Test]
    public void AKeyWithoutAnEndIsFine() => Assert.That(Keys(InPolicy()), Is.Empty);

    [TestCase("2026-11-24T00:00:00Z", "Failed", "p: the last key of the role SourceReview expired at 2026-11-24T00:00:00Z")]
    [TestCase("2026-12-05T00:00:00Z", "Warning", "p: the last key of the role SourceReview expires in 10 days, at 2026-12-05T00:00:00Z")]
    public void AnExpiringKeyIsTold(string end, string health, string message) =>
        Expect(Keys(InPolicy(end)).Single(), Enum.Parse<Health>(health), message);

    [Test]
    public void ANewKeyBesideTheOldOneIsEnough()
    {
        var next = $$"""{"name": "next", "role": "SourceReview", "pem": {{Json(Pem())}} }""";

        Assert.That(Keys($"{InPolicy("2026-12-05T00:00:00Z")}, {next}"), Is.Empty);
    }

    [Test]
    public void WithoutAKeyOfTheForgeNothingStandsInForAnApproval() =>
        Expect(
            Keys(InPolicy(role: "Build")).Single(),
            Health.Warning,
            "p trusts no key of the role SourceReview: signed evidence stands in for no approval"
        );

    [Test]
    public void WhereNobodyIsNamedNoReviewFillsASeat() =>
        Expect(
            KeyDiagnosis.Of(Policy(InPolicy(), ""), Known(null), "dg", s_now).Single(),
            Health.Warning,
            "p: spec.identities puts nobody into a group of approval.quorum, so that no signed review fills a seat."
        );

    [Test]
    public void WhereTagsCountAsHumanTheirEvidenceIsNeverLookedUp() =>
        Expect(
            KeyDiagnosis.Of(Policy(InPolicy()) with { UnknownOrigin = OriginKind.Human }, Known(null), "dg", s_now).Single(),
            Health.Warning,
            "p: spec.origin.unknown is Human, and images need no digest: what an image named by a tag says of AI is never looked up"
        );

    [Test]
    public void APolicyThatOnlyReadsLabelsNeedsNoKey()
    {
        var policy = Policy(InPolicy());
        var labels = policy with { SignedOrigin = policy.SignedOrigin is { } signed ? signed with { Keys = [] } : null };

        Assert.That(KeyDiagnosis.Of(labels, new KnownSecrets(new Dictionary<string, JsonNode?>()), "dg", s_now), Is.Empty);
    }

    [TestCase(null, "because Secret keys does not exist")]
    [TestCase("""{"type": "kubernetes.io/tls", "data": {} }""", "because Secret keys has the type kubernetes.io/tls, which is not read")]
    [TestCase("""{"type": "Opaque", "data": {"other": "eA=="} }""", "because Secret keys has no field cosign.pub")]
    public void AKeyThatIsMissingFromItsSecretIsTold(string? secret, string message) =>
        Expect(Keys(InSecret, secret).Single(), Health.Failed, $"p: the key forge is missing, {message}");

    [Test]
    public void AKeyInASecretIsParsed()
    {
        Assert.That(Keys(InSecret, Secret("Opaque", "cosign.pub", s_pem)), Is.Empty);
        Expect(Keys(InSecret, Secret("Opaque", "cosign.pub", "no key")).Single(), Health.Failed, "p: the key forge in Secret keys ");
    }

    [Test]
    public void TheSameKeyUnderTwoRolesIsToldWithItsPlaces()
    {
        var build = """{"name": "build", "role": "Build", "secretRef": {"name": "keys", "key": "cosign.pub"} }""";

        Expect(
            Keys($"{InPolicy()}, {build}", Secret("Opaque", "cosign.pub", s_pem)).Single(),
            Health.Failed,
            "p: forge (pem) and build (Secret keys, field cosign.pub) are the same key, so that no evidence counts"
        );
    }

    [Test]
    public void ASecretThatTheUserMayNotReadIsNotJudged() =>
        Assert.That(KeyDiagnosis.Of(Policy(InSecret), new KnownSecrets(new Dictionary<string, JsonNode?>()), "dg", s_now), Is.Empty);

    [TestCase("https://registry.example.com/v2/", true)]
    [TestCase("registry.example.com", true)]
    [TestCase("other.example.com", false)]
    public void APullSecretMustNameItsRegistry(string entry, bool isFine)
    {
        var found = PullSecrets(
            Secret("kubernetes.io/dockerconfigjson", ".dockerconfigjson", $$"""{"auths": {"{{entry}}": {"auth": "eDp5"} } }""")
        );

        Assert.That(found.Count == 0, Is.EqualTo(isFine));
        Assert.That(
            found.Select(f => f.Message),
            Has.All.EqualTo("p: the pull secret keys has no credentials for registry.example.com; it has some for other.example.com")
        );
    }

    [TestCase(null, "p: the pull secret keys of registry.example.com does not exist")]
    [TestCase("""{"type": "Opaque", "data": {} }""", "p: the pull secret keys of registry.example.com has no field .dockerconfigjson")]
    [TestCase(
        """{"type": "Opaque", "data": {".dockerconfigjson": "eA=="} }""",
        "p: the pull secret keys of registry.example.com cannot be read"
    )]
    public void APullSecretThatCannotBeUsedIsTold(string? secret, string message) =>
        Expect(PullSecrets(secret).Single(), Health.Failed, message);

    [TestCase("found 8, not-found 2", "Ok", "the replicas reached registry.example.com in all 10 lookups")]
    [TestCase("", "Ok", "registry.example.com: the replicas looked nothing up there yet")]
    [TestCase("found 98, timeout 2", "Ok", "2 of 100 lookups in registry.example.com failed since the replicas started (timeout 2)")]
    [TestCase("found 6, denied 4", "Warning", "4 of 10 lookups in registry.example.com failed since the replicas started (denied 4)")]
    [TestCase(
        "tls 3",
        "Failed",
        "3 of 3 lookups in registry.example.com failed since the replicas started (tls 3): changes of its images are refused"
    )]
    public void LookupsThatFailAreTold(string results, string health, string message) =>
        Expect(RegistryDiagnosis.Of([Policy(InPolicy())], Samples(results), "dg").Single(), Enum.Parse<Health>(health), message);

    [Test]
    public void EachCauseHasItsRemedy()
    {
        var remedies = ((string[])["denied 1", "tls 1", "token-host-not-listed 1", "redirect-not-listed 1", "rate-limited 1", "network 1"])
            .Select(r => RegistryDiagnosis.Of([Policy(InPolicy())], Samples(r), "dg").Single().Remedy)
            .ToList();

        Assert.That(remedies, Is.Unique);
    }

    [Test]
    public void WithoutMetricsNobodyKnows() =>
        Expect(RegistryDiagnosis.Of([Policy(InPolicy())], null, "dg").Single(), Health.NotChecked, "no replica gave its metrics");

    private static List<Sample> Samples(string results) =>
        [
            .. ReplicaMetrics.Parse(
                string.Join(
                    '\n',
                    results
                        .Split(", ", StringSplitOptions.RemoveEmptyEntries)
                        .Select(r => r.Split(' '))
                        .Select(r =>
                            $$"""deployguard_provenance_lookups_total{registry="registry.example.com",result="{{r[0]}}"} {{r[1]}} 1732492800000"""
                        )
                        .Prepend("""deployguard_provenance_lookups_total{registry="other.example.com",result="timeout"} 7""")
                )
            ),
        ];

    private const string InSecret = """{"name": "forge", "role": "SourceReview", "secretRef": {"name": "keys", "key": "cosign.pub"} }""";

    private static string InPolicy(string? end = null, string role = "SourceReview") =>
        $$"""{"name": "forge", "role": "{{role}}", "pem": {{Json(s_pem)}}{{(end is null ? "" : $", \"notAfter\": \"{end}\"")}} }""";

    private static IReadOnlyList<Diagnosis> Keys(string keys, string? secret = null) =>
        [.. KeyDiagnosis.Of(Policy(keys), Known(secret), "dg", s_now)];

    private static IReadOnlyList<Diagnosis> PullSecrets(string? secret) =>
        [.. PullSecretDiagnosis.Of(Policy(InPolicy()), Known(secret), "dg")];

    private static KnownSecrets Known(string? secret) =>
        new(new Dictionary<string, JsonNode?> { ["keys"] = secret is null ? null : JsonNode.Parse(secret) });

    private static string Secret(string type, string field, string content) =>
        $$"""{"type": "{{type}}", "data": {"{{field}}": "{{Convert.ToBase64String(Encoding.UTF8.GetBytes(content))}}"} }""";

    private static SafeguardPolicy Policy(
        string keys,
        string identities = """{"person": "erin", "names": ["github:2"], "groups": ["seniors"]}"""
    )
    {
        var policy = PolicyReader.Read(
            JsonDocument
                .Parse(
                    $$"""
                    {"metadata": {"name": "p"}, "spec": {
                     "mode": "Enforce", "approval": {"quorum": [{"groups": ["seniors"]}]}, "identities": [{{identities}}],
                     "origin": {"keys": [{{keys}}],
                      "sources": [{"images": ["registry.example.com/web"], "repository": "https://github.com/acme/web", "refs": ["refs/heads/main"]}],
                      "registries": [{"host": "registry.example.com", "pullSecret": "keys"}]} } }
                    """
                )
                .RootElement
        );
        Assert.That(policy.Errors, Is.Empty, "the test's own policy must be valid");
        return policy;
    }

    private static string Pem()
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return pair.ExportSubjectPublicKeyInfoPem();
    }

    private static string Json(string text) => JsonValue.Create(text).ToJsonString();
}
