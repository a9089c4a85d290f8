using System.Security.Cryptography.X509Certificates;
using DeployGuard.Kubernetes.Certificates;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>
/// Certificates follow one another, and at every step a client that trusted the step before trusts the served certificate.
/// </summary>
public class CertificatePlanTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 25, 8, 0, 0, TimeSpan.Zero);
    private static readonly string[] s_names = ["deployguard.deployguard-system.svc"];

    [Test]
    public void NothingIsDueForTwoMonths()
    {
        var has = Material.Begin(s_names, s_now);

        Assert.That(Next(has, s_now), Is.Null);
        Assert.That(Next(has, s_now.AddDays(59)), Is.Null);
    }

    [Test]
    public void AServerCertificateIsRenewedAMonthAhead()
    {
        var has = Material.Begin(s_names, s_now);

        var next = Next(has, s_now.AddDays(61));

        Assert.That(next?.Bundle, Is.EqualTo(has.Bundle));
        Assert.That(Leaf(next).NotAfter, Is.EqualTo(s_now.AddDays(151).LocalDateTime).Within(TimeSpan.FromMinutes(1)));
        AssertTrusted(next, has.Bundle, s_now.AddDays(61));
    }

    [TestCase(null, 600)]
    [TestCase("ca", 1)]
    public void ANewCaIsTrustedBeforeItSignsAnything(string? order, int days)
    {
        var at = s_now.AddDays(days);
        var has = CertificatePlan.Revive(Material.Begin(s_names, s_now), "tls", s_names, at);

        var begun = Next(has, at, order);

        Assert.That(begun?.Certificate, Is.EqualTo(has.Certificate), "the served certificate stays");
        Assert.That(begun?.Bundle, Does.Contain(has.Bundle.Trim()));
        AssertTrusted(begun, has.Bundle, at);
        Assert.That(Next(begun, at, published: null), Is.Null, "the new CA is not published yet");
        Assert.That(Next(begun, at, published: TimeSpan.FromSeconds(29)), Is.Null, "some clients may not know it yet");

        var signed = Next(begun, at, published: TimeSpan.FromSeconds(30));

        Assert.That(signed?.Bundle, Is.EqualTo(begun?.Bundle), "the old one stays trusted");
        AssertTrusted(signed, begun?.Bundle, at);
        Assert.That(Next(signed, at.AddMinutes(59)), Is.Null, "a replica may still serve a certificate of the old one");

        var ended = Next(signed, at.AddMinutes(61));

        Assert.That(ended?.Bundle, Does.Not.Contain(has.Bundle.Trim()));
        Assert.That(ended?.Certificate, Is.EqualTo(signed?.Certificate));
        AssertTrusted(ended, ended?.Bundle, at.AddMinutes(61));
        Assert.That(Next(ended, at.AddMinutes(61)), Is.Null);
    }

    [Test]
    public void CertificateThatExpiredDuringADowntimeIsRenewedByTheSameCa()
    {
        var has = Material.Begin(s_names, s_now);

        var next = CertificatePlan.Revive(has, "tls", s_names, s_now.AddDays(100));

        AssertTrusted(next, has.Bundle, s_now.AddDays(100));
    }

    [Test]
    public void ExpiredCaReplacesCaAndCertificate()
    {
        var has = Material.Begin(s_names, s_now);

        var next = CertificatePlan.Revive(has, "tls", s_names, s_now.AddDays(800));

        Assert.That(next.Bundle, Is.Not.EqualTo(has.Bundle));
        AssertTrusted(next, next.Bundle, s_now.AddDays(800));
    }

    [TestCase("tls.crt")]
    [TestCase("ca.crt")]
    public void InvalidEntryIsNamedByItsKey(string key)
    {
        var has = Material.Begin(s_names, s_now);
        has = key == "tls.crt" ? has with { Certificate = "no PEM" } : has with { Bundle = "no PEM" };

        Assert.That(() => Next(has, s_now), Throws.TypeOf<CertificateProblemException>().With.Message.Contains($"deployguard-tls/{key}"));
    }

    private static Material? Next(Material? has, DateTimeOffset at, string? order = null, TimeSpan? published = null) =>
        CertificatePlan
            .Next(has ?? throw new AssertionException("there is no step to go on from"), "deployguard-tls", order, published, s_names, at)
            ?.Result;

    private static X509Certificate2 Leaf(Material? material) => X509Certificate2.CreateFromPem(material?.Certificate ?? "");

    /// <summary>A client that trusts this bundle accepts the certificate.</summary>
    private static void AssertTrusted(Material? material, string? bundle, DateTimeOffset at) =>
        Assert.That(
            () => CertificatePair.Load(material?.Certificate ?? "", material?.Key ?? "", bundle ?? "", ("certificate", "key", "ca"), at),
            Throws.Nothing
        );
}
