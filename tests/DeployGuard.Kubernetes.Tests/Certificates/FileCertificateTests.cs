using DeployGuard.Kubernetes.Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace DeployGuard.Kubernetes.Tests;

public class FileCertificateTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

    private FakeTimeProvider _time = new(s_now);
    private string _folder = "";

    [SetUp]
    public void Write()
    {
        _folder = Directory.CreateTempSubdirectory("deployguard-test-").FullName;
        _time = new FakeTimeProvider(s_now);
        Write(NewCertificate.For(["deployguard.svc"], s_now));
    }

    [TearDown]
    public void Delete() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void GoodFilesAreServedWithTheirKey()
    {
        using var files = Load();

        Assert.That(files.Current?.TargetCertificate.HasPrivateKey, Is.True);
        Assert.That(files.CaBundle, Is.EqualTo(File.ReadAllBytes(File_("ca.crt"))));
    }

    [Test]
    public void AMissingFileIsNamed()
    {
        File.Delete(File_("tls.key"));
        Assert.That(
            () => Load(),
            Throws.TypeOf<CertificateProblemException>().With.Message.StartsWith($"{File_("tls.key")}: cannot be read")
        );
    }

    [TestCase("tls.crt")]
    [TestCase("tls.key")]
    [TestCase("ca.crt")]
    public void FileThatIsNotPemIsNamed(string name)
    {
        File.WriteAllText(File_(name), "-----BEGIN NONSENSE-----\n!!\n-----END NONSENSE-----");
        Assert.That(() => Load(), Throws.TypeOf<CertificateProblemException>().With.Message.StartsWith(File_(name)));
    }

    [Test]
    public void AnExpiredCertificateIsNamedWithItsDate()
    {
        Write(NewCertificate.For(["deployguard.svc"], s_now.AddDays(-400)));
        Assert.That(
            () => Load(),
            Throws
                .TypeOf<CertificateExpiredException>()
                .With.Message.StartsWith($"{File_("tls.crt")}: the certificate expired on 2026-01-17")
        );
    }

    [Test]
    public void CertificateThatIsNotYetValidIsNamed()
    {
        Write(NewCertificate.For(["deployguard.svc"], s_now.AddDays(2)));
        Assert.That(() => Load(), Throws.TypeOf<CertificateProblemException>().With.Message.Contains("is valid only from"));
    }

    [Test]
    public void ACertificateOfAnotherCaIsNamedWithBothFiles()
    {
        File.WriteAllText(File_("ca.crt"), NewCertificate.For(["deployguard.svc"], s_now).CaCertificate);
        Assert.That(
            () => Load(),
            Throws
                .TypeOf<CertificateProblemException>()
                .With.Message.StartsWith($"{File_("tls.crt")}: is not signed by the CA in {File_("ca.crt")}")
        );
    }

    [Test]
    public void AKeyOfAnotherCertificateIsNamed()
    {
        File.WriteAllText(File_("tls.key"), NewCertificate.For(["deployguard.svc"], s_now).Key);
        Assert.That(() => Load(), Throws.TypeOf<CertificateProblemException>().With.Message.StartsWith(File_("tls.key")));
    }

    [Test]
    public async Task AChangedCertificateIsServedWithoutARestartAndABadOneIsNot()
    {
        using var files = Load();
        using var stop = new CancellationTokenSource();
        var running = files.RunAsync(stop.Token);
        var first = files.Current?.TargetCertificate.Thumbprint;

        File.WriteAllText(File_("tls.crt"), "half a file");
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.That(files.Current?.TargetCertificate.Thumbprint, Is.EqualTo(first));

        Write(NewCertificate.For(["deployguard.svc"], s_now));
        await UntilAsync(() => files.Current?.TargetCertificate.Thumbprint != first);

        await stop.CancelAsync();
        Assert.That(async () => await running, Throws.InstanceOf<OperationCanceledException>());
    }

    private async Task UntilAsync(Func<bool> condition)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!condition())
        {
            _time.Advance(TimeSpan.FromSeconds(2));
            await Task.Delay(10, deadline.Token);
        }
    }

    private FileCertificate Load() => new(File_("tls.crt"), File_("tls.key"), File_("ca.crt"), _time, NullLogger.Instance);

    private void Write(NewCertificate certificate)
    {
        File.WriteAllText(File_("tls.crt"), certificate.Certificate);
        File.WriteAllText(File_("tls.key"), certificate.Key);
        File.WriteAllText(File_("ca.crt"), certificate.CaCertificate);
    }

    private string File_(string name) => Path.Combine(_folder, name);
}
