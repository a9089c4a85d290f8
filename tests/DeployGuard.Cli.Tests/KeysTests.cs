using System.Runtime.Versioning;
using System.Security.Cryptography;

namespace DeployGuard.Cli.Tests;

/// <summary><c>deployguard keys generate</c>: a pair that signs and verifies, kept from other users, and never overwritten.</summary>
[UnsupportedOSPlatform("windows")]
public class KeysTests
{
    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("deployguard-test-").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task ThePairIsP256InTheFormsThatOtherToolsRead()
    {
        var run = await GenerateAsync("review");
        byte[] message = [1];
        using var both = ECDsa.Create();
        using var half = ECDsa.Create();
        both.ImportFromPem(await File.ReadAllTextAsync(At("review.key")));
        half.ImportFromPem(await File.ReadAllTextAsync(At("review.pub")));

        Assert.Multiple(() =>
        {
            Assert.That((run.ExitCode, run.Error), Is.EqualTo((0, "")));
            Assert.That(File.ReadAllText(At("review.key")), Does.StartWith("-----BEGIN PRIVATE KEY-----\n").And.EndWith("\n"));
            Assert.That(File.ReadAllText(At("review.pub")), Does.StartWith("-----BEGIN PUBLIC KEY-----\n").And.EndWith("\n"));
            Assert.That(both.ExportParameters(false).Curve.Oid.Value, Is.EqualTo("1.2.840.10045.3.1.7"));
            Assert.That(half.VerifyData(message, both.SignData(message, HashAlgorithmName.SHA256), HashAlgorithmName.SHA256));
            Assert.That(
                run.Output,
                Does.EndWith($"review.pub: public key {Convert.ToHexStringLower(SHA256.HashData(half.ExportSubjectPublicKeyInfo()))}")
            );
        });
    }

    [Test]
    public async Task NobodyElseCanReadTheFiles()
    {
        await GenerateAsync("review");
        foreach (var file in (string[])["review.key", "review.pub"])
        {
            Assert.That(File.GetUnixFileMode(At(file)), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite), file);
        }
    }

    [TestCase("review.key", "review.pub")]
    [TestCase("review.pub", "review.key")]
    public async Task AFileThatExistsIsNotOverwrittenAndNoHalfPairIsLeft(string existing, string other)
    {
        await File.WriteAllTextAsync(At(existing), "precious");

        var run = await GenerateAsync("review");

        Assert.That((run.ExitCode, run.Output), Is.EqualTo((2, "")));
        Assert.That(
            run.Error,
            Is.EqualTo($"error: {At(existing)}: exists already, and a key is never overwritten; take another name, or move the file away")
        );
        Assert.That(await File.ReadAllTextAsync(At(existing)), Is.EqualTo("precious"));
        Assert.That(File.Exists(At(other)), Is.False);
    }

    [Test]
    public async Task ALinkThatPointsToAnotherFileIsNotFollowed()
    {
        File.CreateSymbolicLink(At("review.key"), At("elsewhere"));
        var run = await GenerateAsync("review");
        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(File.Exists(At("elsewhere")), Is.False);
    }

    [TestCase("")]
    [TestCase("/")]
    [TestCase("nowhere/review")]
    [TestCase("a\nb/c")]
    [TestCase("\u0001/x")]
    public async Task AnUnusableNameIsAnErrorWithoutAStackTrace(string name)
    {
        var run = await CommandRun.OfAsync("keys", "generate", name.Length == 0 || name == "/" ? name : At(name));
        Assert.That((run.ExitCode, run.Output), Is.EqualTo((2, "")));
        Assert.That(run.Error, Does.StartWith("error: ").And.Not.Contains("Exception").And.Not.Contains("   at "));
    }

    private Task<CommandRun> GenerateAsync(string name) => CommandRun.OfAsync("keys", "generate", At(name));

    private string At(string file) => Path.Combine(_folder, file);
}
