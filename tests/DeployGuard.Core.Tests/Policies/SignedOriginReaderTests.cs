using System.Text.Json;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;

namespace DeployGuard.Core.Tests;

public class SignedOriginReaderTests
{
    private const string Approval = """
        "approval": {"quorum": [{"groups": ["a"]}]}
        """;

    private const string P256 =
        "-----BEGIN PUBLIC KEY-----\\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEDtik9a91eu4n29XRioC9mYZiJVQ4\\n"
        + "S3qzk92xmWJuY9BVTMqWRgxGnRmExLiwCz7DRXKp08iDW40DeTsEMQxb4Q==\\n-----END PUBLIC KEY-----\\n";

    private const string Ed25519 =
        "-----BEGIN PUBLIC KEY-----\\nMCowBQYDK2VwAyEA+Ubdq6YMHVj7lc16WFe8HwBCFXHrQtmiYGOP7pxl99Y=\\n-----END PUBLIC KEY-----\\n";

    private const string ShortRsa =
        "-----BEGIN PUBLIC KEY-----\\nMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDilbmsDHeKPn48SL9TKognPUCo\\n"
        + "LyOwFz74Qjh0EU+IVHThiyJiTayDiXsF6OXeMdvzb9t+Zic/pAUBYaoCZuS768kv\\nbrTObGnhIkcWcdoEbhJ5hMhX5S1iSrMiKvhpanXGE2AH6lfEtZAAvmqXtleUoWWQ\\n"
        + "aSLpmpR0xn66q+pW8wIDAQAB\\n-----END PUBLIC KEY-----\\n";

    private const string Sources = """
        "sources": [{"images": ["ghcr.io/acme/checkout"], "repository": "https://github.com/acme/checkout", "refs": ["refs/heads/main"]}]
        """;

    private const string Registries = """
        "registries": [{"host": "ghcr.io"}]
        """;

    private static readonly string s_build = $$"""{"name": "build", "role": "Build", "pem": "{{P256}}"}""";

    private static readonly string s_review = $$"""{"name": "forge", "role": "SourceReview", "pem": "{{Ed25519}}"}""";

    [Test]
    public void EveryFieldIsRead()
    {
        var policy = Some.Policy(
            $$"""
            {{{Approval}},
             "origin": {
               "unknown": "Human", "onUnavailable": "TreatAsUnknown",
               "vsa": {"twoPartyReview": "CountsAsReview", "aiLevels": ["ORG_SOURCE_AI_ASSISTED"]},
               "keys": [{{s_build}}, {{s_review}},
                 {"name": "verifier", "role": "Vsa", "secretRef": {"name": "vsa-key", "key": "cosign.pub"}, "verifierId": "https://v.example.com",
                  "notBefore": "2026-01-01T00:00:00Z", "notAfter": "2027-01-01T00:00:00Z"}],
               "sources": [{"images": ["GHCR.io/acme/*", "nginx"], "repository": "git+https://github.com/acme/checkout.git", "refs": ["refs/heads/main", "refs/tags/v*"]}],
               "registries": [
                 {"host": "ghcr.io", "tokenHosts": ["auth.example.com"], "redirectHosts": ["*.blobs.example.com"], "pullSecret": "pull",
                  "signatureRepository": "registry.example.com:5000/signatures"},
                 {"host": "index.docker.io", "mirror": "registry.example.com:5000/hub"},
                 {"host": "registry.example.com:5000", "plainHttp": true}]},
             "identities": [{"person": "erin", "names": ["github:2002", "erin@example.com"], "groups": ["senior-engineers"]}]}
            """
        );

        var signed = policy.SignedOrigin ?? throw new AssertionException("no keys");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(policy.Errors, Is.Empty);
            Assert.That(policy.UnknownOrigin, Is.EqualTo(OriginKind.Human));
            Assert.That(signed.OnUnavailable, Is.EqualTo(OnUnavailable.TreatAsUnknown));
            Assert.That(signed.Keys.Select(k => k.Role), Is.EqualTo(new[] { KeyRole.Build, KeyRole.SourceReview, KeyRole.Vsa }));
            Assert.That(signed.Summaries.TwoParty, Is.EqualTo(TwoPartyReviews.CountsAsReview));
            Assert.That(signed.Summaries.AiLevels, Is.EqualTo(new[] { "ORG_SOURCE_AI_ASSISTED" }));
            Assert.That(signed.Keys[2].Secret, Is.EqualTo(new SecretReference("vsa-key", "cosign.pub")));
            Assert.That(signed.Keys[2].NotAfter, Is.EqualTo(new DateTimeOffset(2027, 1, 1, 0, 0, 0, TimeSpan.Zero)));
            Assert.That(signed.Sources[0].Images, Is.EqualTo(new[] { "ghcr.io/acme/*", "docker.io/library/nginx" }));
            Assert.That(signed.Registries[0].SignatureRepository, Is.EqualTo("registry.example.com:5000/signatures"));
            Assert.That(
                signed.Registries[1],
                Has.Property("Host").EqualTo("docker.io").And.Property("Mirror").EqualTo("registry.example.com:5000/hub")
            );
            Assert.That(signed.Registries[2].PlainHttp, Is.True);
            Assert.That(policy.Approval?.Identities.PersonOf("GitHub:2002"), Is.EqualTo("erin"));
            Assert.That(policy.Approval?.Identities.GroupsOf("erin@example.com"), Is.EqualTo(new[] { "senior-engineers" }));
        }
    }

    [Test]
    public void WithoutKeysNothingSignedCounts() =>
        Assert.That(Some.Policy($$"""{{{Approval}}, "origin": {"unknown": "Human"} }"""), Has.Property("SignedOrigin").Null);

    [TestCase("ghcr.io/acme/checkout@sha256:1111", 1)]
    [TestCase("ghcr.io/acme/checkout:v1", 1)]
    [TestCase("ghcr.io/acme/checkout-evil:v1", 0)]
    [TestCase("ghcr.io.evil.example.com/acme/checkout:v1", 0)]
    [TestCase("acme/checkout", 0)]
    public void ASourceIsForItsImagesAlone(string image, int sources) =>
        Assert.That(
            Some.Policy($$"""{{{Approval}}, "origin": {"keys": [{{s_build}}], {{Sources}}, {{Registries}} } }""")
                .SignedOrigin?.SourcesOf(image),
            Has.Count.EqualTo(sources)
        );

    /// <summary>Requests choose the names of images, and the API server bounds none of them.</summary>
    [Test, NonParallelizable]
    public void LongNamesAreNotKept()
    {
        const int Names = 200;
        const int Length = 1_000_000;
        var policy = Some.Policy($$"""{{{Approval}}, "origin": {"keys": [{{s_build}}], {{Sources}}, {{Registries}} } }""");
        var signed = policy.SignedOrigin ?? throw new AssertionException("no keys");
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < Names; i++)
        {
            Assert.That(signed.SourcesOf($"{i}{new string('x', Length)}"), Is.Empty);
        }

        var kept = GC.GetTotalMemory(forceFullCollection: true) - before;
        GC.KeepAlive(signed);
        Assert.That(kept, Is.LessThan((long)Names * Length / 10), "each character has two bytes");
    }

    [TestCase("{}", "pem: is missing: give the public key as pem, or secretRef: {name, key}")]
    [TestCase("""{"pem": "x"}""", "pem: holds no public key in PEM; write one with: openssl pkey -in KEY -pubout")]
    [TestCase(
        $$"""{"pem": "{{P256}}", "secretRef": {"name": "a", "key": "b"} }""",
        "pem: and secretRef exclude each other: give the public key as pem, or secretRef: {name, key}"
    )]
    [TestCase(
        """{"secretRef": {"name": "other/a", "key": "b"}}""",
        "secretRef.name: \"other/a\" is no name of a Secret in DeployGuard's namespace"
    )]
    [TestCase("""{"secretRef": {"name": "a"}}""", "secretRef.key: \"\" is no key of a Secret, such as cosign.pub")]
    [TestCase($$"""{"pem": "{{P256}}", "verifierId": "v"}""", "verifierId: only a key of the role Vsa has one")]
    [TestCase($$"""{"pem": "{{P256}}", "role": "Vsa"}""", "verifierId: is missing; a key of the role Vsa signs for one verifier.id")]
    [TestCase($$"""{"pem": "{{P256}}", "role": "Reviewer"}""", "role: \"Reviewer\" is not one of Build, SourceReview, Vsa")]
    [TestCase(
        $$"""{"pem": "{{P256}}", "notBefore": "2026-02-01T00:00:00Z", "notAfter": "2026-01-01T00:00:00Z"}""",
        "notAfter: must be later than notBefore"
    )]
    [TestCase(
        $$"""{"pem": "{{P256}}", "keyid": "1"}""",
        "keyid: unknown field; allowed are name, notAfter, notBefore, pem, role, secretRef, verifierId"
    )]
    public void AMistakeInAKeyNamesItsPath(string key, string error) =>
        Assert.That(
            ErrorsOf($$"""{"keys": [{{WithNameAndRole(key)}}], {{Sources}}, {{Registries}} }"""),
            Is.EqualTo(new[] { $"spec.origin.keys[0].{error}" })
        );

    [Test]
    public void AKeyThatIsTooShortIsRefused() =>
        Assert.That(
            ErrorsOf($$"""{"keys": [{{ShortKey}}], {{Sources}}, {{Registries}} }"""),
            Has.One.StartsWith("spec.origin.keys[0].pem: ").And.One.Contains("2048")
        );

    [Test]
    public void AKeyWithoutARoleIsRefused() =>
        Assert.That(
            ErrorsOf($$"""{"keys": [{"name": "k", "pem": "{{P256}}"}], {{Sources}}, {{Registries}} }"""),
            Is.EqualTo(new[] { "spec.origin.keys[0].role: is missing; one of Build, SourceReview, Vsa" })
        );

    [TestCase("SourceReview", "review", "spec.origin.keys[1].pem: is the same key as keys[0]; give each role a key of its own")]
    public void OneKeyHasOneRole(string role, string name, string error) =>
        Assert.That(
            ErrorsOf(
                $$"""{"keys": [{{s_build}}, {"name": "{{name}}", "role": "{{role}}", "pem": "{{P256}}"}], {{Sources}}, {{Registries}} }"""
            ),
            Is.EqualTo(new[] { error })
        );

    [Test]
    public void OneNameIsOfOneKey() =>
        Assert.That(
            ErrorsOf(
                $$"""{"keys": [{{s_build}}, {"name": "build", "role": "Build", "pem": "{{Ed25519}}"}], {{Sources}}, {{Registries}} }"""
            ),
            Is.EqualTo(new[] { "spec.origin.keys[1].name: \"build\" is the name of keys[0] too" })
        );

    [TestCase(
        """{"repository": "https://github.com/a/b", "refs": ["refs/heads/main"]}""",
        "images: must name at least one repository of images, such as ghcr.io/acme/checkout or ghcr.io/acme/*"
    )]
    [TestCase(
        """{"images": ["ghcr.io/a/b:v1"], "repository": "https://github.com/a/b", "refs": ["refs/heads/main"]}""",
        "images[0]: \"ghcr.io/a/b:v1\" is no repository of images; write it without tag and digest, such as ghcr.io/acme/checkout or ghcr.io/acme/*"
    )]
    [TestCase(
        """{"images": ["quay.io/a/b"], "repository": "https://github.com/a/b", "refs": ["refs/heads/main"]}""",
        "images[0]: quay.io is not in origin.registries, so it would never be asked"
    )]
    [TestCase(
        """{"images": ["ghcr.io/a/b"], "repository": "github.com/a/b", "refs": ["refs/heads/main"]}""",
        "repository: \"github.com/a/b\" is no address of a repository, such as https://github.com/acme/checkout"
    )]
    [TestCase(
        """{"images": ["ghcr.io/a/b"], "repository": "https://github.com/a/b"}""",
        "refs: must name at least one ref, such as refs/heads/main or refs/tags/*"
    )]
    [TestCase(
        """{"images": ["ghcr.io/a/b"], "repository": "https://github.com/a/b", "refs": ["main"]}""",
        "refs[0]: \"main\" is no whole ref; write refs/heads/main, or refs/tags/* for all below it"
    )]
    [TestCase(
        """{"images": ["ghcr.io/a/b"], "repository": "https://github.com/a/b", "refs": ["refs/*/main"]}""",
        "refs[0]: \"refs/*/main\" is no whole ref; write refs/heads/main, or refs/tags/* for all below it"
    )]
    public void AMistakeInASourceNamesItsPath(string source, string error) =>
        Assert.That(
            ErrorsOf($$"""{"keys": [{{s_build}}], "sources": [{{source}}], {{Registries}} }"""),
            Is.EqualTo(new[] { $"spec.origin.sources[0].{error}" })
        );

    [TestCase(
        """{"host": "https://ghcr.io"}""",
        "[1].host: \"https://ghcr.io\" is no host of a registry, such as ghcr.io or registry.example.com:5000"
    )]
    [TestCase("""{"host": "ghcr.io"}""", "[1].host: ghcr.io is listed in registries[0] too")]
    [TestCase("""{"host": "quay.io", "plainHttp": "yes"}""", "[1].plainHttp: \"yes\" is not true or false")]
    [TestCase("""{"host": "quay.io", "caBundle": "x"}""", "[1].caBundle: holds no certificate in PEM")]
    [TestCase(
        """{"host": "quay.io", "tokenHosts": ["*.com"]}""",
        "[1].tokenHosts[0]: \"*.com\" is no host; write auth.example.com, or *.example.com for one label before it"
    )]
    [TestCase(
        """{"host": "quay.io", "mirror": "mirror.example.com/hub"}""",
        "[1].mirror: mirror.example.com is not in origin.registries, so it would never be asked"
    )]
    [TestCase(
        """{"host": "quay.io", "signatureRepository": "acme"}""",
        "[1].signatureRepository: \"acme\" is no host or repository; write it as mirror.example.com or mirror.example.com/hub"
    )]
    [TestCase(
        """{"host": "quay.io", "pullSecret": "shop/pull"}""",
        "[1].pullSecret: \"shop/pull\" is no name of a Secret in DeployGuard's namespace"
    )]
    public void AMistakeInARegistryNamesItsPath(string registry, string error) =>
        Assert.That(
            ErrorsOf($$"""{"keys": [{{s_build}}], {{Sources}}, "registries": [{"host": "ghcr.io"}, {{registry}}]}"""),
            Is.EqualTo(new[] { $"spec.origin.registries{error}" })
        );

    [TestCase("""{"sources": []}""", "spec.origin.sources: needs origin.keys: nothing signed counts without a key")]
    [TestCase(
        """{"onUnavailable": "Refuse"}""",
        "spec.origin.onUnavailable: needs origin.keys or origin.imageLabels: Read: without them no registry is asked"
    )]
    [TestCase(
        """{"imageLabels": "Ignore", "registries": []}""",
        "spec.origin.registries: needs origin.keys or origin.imageLabels: Read: without them no registry is asked"
    )]
    [TestCase("""{"keys": []}""", "spec.origin.keys: must have at least one key")]
    public void WhatNeedsKeysSaysSo(string origin, string error) => Assert.That(ErrorsOf(origin), Is.EqualTo(new[] { error }));

    private static readonly string s_vsa =
        """{"name": "verifier", "role": "Vsa", "secretRef": {"name": "vsa-key", "key": "cosign.pub"}, "verifierId": "https://v.example.com"}""";

    [TestCase(
        """{"aiLevels": ["SLSA_SOURCE_LEVEL_1", "ORG_SOURCE_AI", "ORG_SOURCE_", "ORG_SOURCE_a"]}""",
        ".aiLevels[0]: \"SLSA_SOURCE_LEVEL_1\" is no level of your own: write ORG_SOURCE_ and capital letters, digits and underscores",
        ".aiLevels[2]: \"ORG_SOURCE_\" is no level of your own: write ORG_SOURCE_ and capital letters, digits and underscores",
        ".aiLevels[3]: \"ORG_SOURCE_a\" is no level of your own: write ORG_SOURCE_ and capital letters, digits and underscores"
    )]
    [TestCase("""{"twoPartyReview": "Counts"}""", ".twoPartyReview: \"Counts\" is not one of Ignore, CountsAsReview")]
    [TestCase("""{"humanLevels": []}""", ".humanLevels: unknown field; allowed are aiLevels, twoPartyReview")]
    public void AMistakeInWhatSummariesMaySayNamesItsPath(string vsa, params string[] errors) =>
        Assert.That(
            ErrorsOf($$"""{"keys": [{{s_review}}, {{s_vsa}}], {{Sources}}, {{Registries}}, "vsa": {{vsa}} }"""),
            Is.EqualTo(errors.Select(e => $"spec.origin.vsa{e}"))
        );

    [Test]
    public void WhatSummariesMaySayNeedsTheirKeyAndTheKeyOfTheForge()
    {
        string With(string keys, string vsa) => $$"""{"keys": [{{keys}}], {{Sources}}, {{Registries}}, "vsa": {{vsa}} }""";

        Assert.That(
            ErrorsOf(With(s_review, "{}")),
            Is.EqualTo(new[] { "spec.origin.vsa: needs a key of the role Vsa in origin.keys: only its summaries are read" })
        );
        Assert.That(
            ErrorsOf(With(s_vsa, """{"twoPartyReview": "CountsAsReview"}""")).Single(),
            Does.StartWith("spec.origin.vsa.twoPartyReview: CountsAsReview needs a key of the role SourceReview too")
        );
        Assert.That(
            ErrorsOf("""{"vsa": {}}""").Single(),
            Is.EqualTo("spec.origin.vsa: needs origin.keys: nothing signed counts without a key")
        );
    }

    [TestCase("2", "2 is more than the one key of the role SourceReview")]
    [TestCase("0", "0 is not a whole number from 1 to 20")]
    [TestCase("\"1\"", "\"1\" is not a whole number from 1 to 20")]
    public void AThresholdThatCannotBeReachedIsRefused(string threshold, string error) =>
        Assert.That(
            ErrorsOf($$"""{"keys": [{{s_build}}, {{s_review}}], {{Sources}}, {{Registries}}, "reviewThreshold": {{threshold}} }"""),
            Is.EqualTo(new[] { $"spec.origin.reviewThreshold: {error}" })
        );

    [Test]
    public void AThresholdNeedsKeysOfItsRole()
    {
        Assert.That(
            ErrorsOf($$"""{"keys": [{{s_build}}], {{Sources}}, {{Registries}}, "reviewThreshold": 1}"""),
            Is.EqualTo(new[] { "spec.origin.reviewThreshold: needs keys of the role SourceReview" })
        );
        Assert.That(
            ErrorsOf("""{"reviewThreshold": 1}"""),
            Is.EqualTo(new[] { "spec.origin.reviewThreshold: needs origin.keys: nothing signed counts without a key" })
        );
    }

    [Test]
    public void ARoleEndsWhenFewerKeysThanTheThresholdAreLeft()
    {
        DateTimeOffset first = new(2027, 1, 1, 0, 0, 0, TimeSpan.Zero);
        OriginKey Key(string name, DateTimeOffset? end) =>
            new(name, KeyRole.SourceReview, null, new SecretReference(name, "k")) { NotAfter = end };
        var keys = new SignedOrigin { Keys = [Key("a", first), Key("b", first.AddDays(9)), Key("c", null)] };

        Assert.That(keys.Ends, Is.Empty);
        Assert.That((keys with { ReviewThreshold = 2 }).Ends, Is.EqualTo(new[] { (KeyRole.SourceReview, first.AddDays(9)) }));
        Assert.That((keys with { ReviewThreshold = 3 }).Ends, Is.EqualTo(new[] { (KeyRole.SourceReview, first) }));
    }

    [TestCase("""[{"groups": ["a"], "count": 2}]""")]
    [TestCase("""[{"groups": ["a"]}, {"groups": ["b"]}]""")]
    public void ATwoPartyReviewCountsOnlyWhereOnePersonIsEnough(string quorum) =>
        Assert.That(
            Read(
                $$"""
                {"approval": {"quorum": {{quorum}} },
                 "origin": {"keys": [{{s_review}}, {{s_vsa}}], {{Sources}}, {{Registries}}, "vsa": {"twoPartyReview": "CountsAsReview"} } }
                """
            ).Errors,
            Is.EqualTo(
                new[]
                {
                    "spec.origin.vsa.twoPartyReview: CountsAsReview needs a quorum of one line with count 1: a summary names no person, so one "
                        + "person could fill two seats",
                }
            )
        );

    [TestCase("""{"imageLabels": "Yes"}""", "spec.origin.imageLabels: \"Yes\" is not one of Ignore, Read")]
    [TestCase(
        """{"imageLabels": "Read"}""",
        "spec.origin.registries: is missing: list the registries that may be asked, such as {host: ghcr.io}"
    )]
    [TestCase(
        $$"""{"imageLabels": "Read", {{Registries}}, {{Sources}} }""",
        "spec.origin.sources: needs origin.keys: nothing signed counts without a key"
    )]
    public void AMistakeInWhatReadsLabelsNamesItsPath(string origin, string error) =>
        Assert.That(ErrorsOf(origin), Is.EqualTo(new[] { error }));

    [Test]
    public void LabelsAreReadWithoutAnyKeyAndNeedAnApproval()
    {
        const string Origin = $$"""
            "origin": {"imageLabels": "Read", "onUnavailable": "TreatAsUnknown", {{Registries}} }
            """;

        var signed = Some.Policy($$"""{{{Approval}}, {{Origin}} }""").SignedOrigin;

        Assert.That(signed, Has.Property("Keys").Empty.And.Property("ImageLabels").EqualTo(ImageLabels.Read));
        Assert.That(
            Read($$"""{{{Origin}} }""").Errors,
            Is.EqualTo(
                new[] { "spec.origin.imageLabels: needs approval: what images say asks for an approval, and this policy requires none" }
            )
        );
    }

    [TestCase("ghcr.io/acme/checkout@sha256:1111", true)]
    [TestCase("GHCR.io/other/web@sha256:1111", true)]
    [TestCase("quay.io/acme/checkout@sha256:1111", false)]
    [TestCase("nginx@sha256:1111", false)]
    public void LabelsAreReadOfImagesInListedRegistriesAlone(string image, bool isRead) =>
        Assert.That(
            Some.Policy($$"""{{{Approval}}, "origin": {"imageLabels": "Read", {{Registries}} } }""").SignedOrigin?.ReadsLabelsOf(image),
            Is.EqualTo(isRead)
        );

    [Test]
    public void KeysNeedSourcesRegistriesAndAnApproval() =>
        Assert.That(
            Read($$"""{"origin": {"keys": [{{s_build}}] } }""").Errors,
            Is.EqualTo(
                new[]
                {
                    "spec.origin.sources: is missing: say which repository may stand behind which images, or no statement could count",
                    "spec.origin.registries: is missing: list the registries that may be asked, such as {host: ghcr.io}",
                    "spec.origin.keys: needs approval: what is signed counts towards an approval, and this policy requires none",
                }
            )
        );

    [TestCase("""[{"names": ["a"]}]""", "[0].person: is missing: give the name by which messages call them")]
    [TestCase(
        """[{"person": "erin"}]""",
        "[0].names: must have at least one name, such as github:1001, an e-mail address or a user name of the cluster"
    )]
    [TestCase(
        """[{"person": "erin", "names": ["system:serviceaccount:ci:deployer"]}]""",
        "[0].names[0]: \"system:serviceaccount:ci:deployer\" is a machine of Kubernetes, and no name of a person"
    )]
    [TestCase(
        """[{"person": "erin", "names": ["e"], "groups": ["system:masters"]}]""",
        "[0].groups[0]: \"system:masters\" is a group of Kubernetes, which does not tell who may approve"
    )]
    [TestCase(
        """[{"person": "erin", "names": ["github:1"]}, {"person": "frank", "names": ["GitHub:1"]}]""",
        "[1]: \"GitHub:1\" is a name of identities[0] too; one name is of one person"
    )]
    [TestCase(
        """[{"person": "erin", "names": ["github:1"]}, {"person": "frank", "names": ["Erin"]}]""",
        "[1]: \"Erin\" is a name of identities[0] too; one name is of one person"
    )]
    [TestCase("""[{"person": "erin", "names": ["e"], "email": "x"}]""", "[0].email: unknown field; allowed are groups, names, person")]
    public void AMistakeInIdentitiesNamesItsPath(string identities, string error) =>
        Assert.That(Read($$"""{{{Approval}}, "identities": {{identities}} }""").Errors, Is.EqualTo(new[] { $"spec.identities{error}" }));

    private static SafeguardPolicy Read(string spec) =>
        PolicyReader.Read(JsonDocument.Parse($$"""{"metadata": {"name": "tier-1"}, "spec": {{spec}} }""").RootElement);

    private const string ShortKey = $$"""{"name": "k", "role": "Build", "pem": "{{ShortRsa}}"}""";

    private static IReadOnlyList<string> ErrorsOf(string origin) => Read($$"""{{{Approval}}, "origin": {{origin}} }""").Errors;

    private static string WithNameAndRole(string key) =>
        "{\"name\": \"k\""
        + (key.Contains("\"role\"", StringComparison.Ordinal) ? "" : ", \"role\": \"Build\"")
        + (key == "{}" ? "}" : $", {key[1..]}");
}
