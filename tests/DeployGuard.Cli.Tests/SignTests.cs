using System.Security.Cryptography;
using System.Text.Json;

namespace DeployGuard.Cli.Tests;

/// <summary><c>deployguard sign</c> and <c>verify</c>: a round trip, and what each of them refuses.</summary>
public class SignTests
{
    private const string Type = "https://example.com/release/v1";

    private string _folder = "";

    [SetUp]
    public void MakeFiles()
    {
        _folder = Directory.CreateTempSubdirectory("deployguard-test-").FullName;
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Write("key", pair.ExportPkcs8PrivateKeyPem());
        Write("pub", pair.ExportSubjectPublicKeyInfoPem());
        Write("predicate.json", """{"tag": "v1"}""");
        Write("a", "one");
        Write("b", "two");
    }

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task ASignedFileIsVerifiedUnderAnyName()
    {
        var signed = await SignAsync();
        File.Move(At("a"), At("renamed"));
        var verified = await VerifyAsync("renamed", "b");

        Assert.Multiple(() =>
        {
            Assert.That(signed.Output, Does.StartWith($"{At("envelope")}: 2 subjects, signed by key "));
            Assert.That((verified.ExitCode, verified.Error), Is.EqualTo((0, "")));
            Assert.That(
                verified.Output,
                Does.Contain($"{At("renamed")}: is subject a (sha256 ").And.Contain($"{At("b")}: is subject b (sha256 ")
            );
        });
    }

    [Test]
    public async Task AFileThatIsNotASubjectExitsWithOne()
    {
        await SignAsync();
        Write("b", "twö");
        var verified = await VerifyAsync("a", "b");

        Assert.That(verified.ExitCode, Is.EqualTo(1));
        Assert.That(verified.Output, Does.Contain($"{At("a")}: is subject a").And.Contain($"{At("b")}: NOT A SUBJECT"));
    }

    [Test]
    public async Task ASignatureOfAnotherKeyExitsWithOneAndReportsNoSubjects()
    {
        await SignAsync();
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Write("pub", other.ExportSubjectPublicKeyInfoPem());
        var verified = await VerifyAsync("a");

        Assert.That((verified.ExitCode, verified.Output), Is.EqualTo((1, "")));
        Assert.That(verified.Error, Is.EqualTo($"error: {At("envelope")}: signatures: none of 1 is by the given key over this payload"));
    }

    [Test]
    public async Task AnotherPredicateTypeExitsWithOne()
    {
        await SignAsync();
        var verified = await CommandRun.OfAsync(
            "verify",
            "--key",
            At("pub"),
            "--envelope",
            At("envelope"),
            "--predicate-type",
            "https://slsa.dev/provenance/v1",
            At("a")
        );
        Assert.That(
            (verified.ExitCode, verified.Error),
            Is.EqualTo((1, $"error: {At("envelope")}: predicateType: \"{Type}\" is not https://slsa.dev/provenance/v1"))
        );
    }

    [Test]
    public async Task WithoutAnOutputFileTheEnvelopeIsPrinted()
    {
        var run = await CommandRun.OfAsync(
            "sign",
            "--key",
            At("key"),
            "--predicate",
            At("predicate.json"),
            "--predicate-type",
            Type,
            At("a")
        );
        using var envelope = JsonDocument.Parse(run.Output);
        Assert.That(envelope.RootElement.GetProperty("payloadType").GetString(), Is.EqualTo("application/vnd.in-toto+json"));
    }

    [TestCase("key", "hello", "key: holds no private key in PEM; create one with: openssl ecparam")]
    [TestCase("predicate.json", "{", "predicate.json: predicate: is not strict JSON")]
    [TestCase("predicate.json", """{"a": 1, "a": 2}""", "predicate.json: predicate: is not strict JSON: Duplicate")]
    [TestCase("predicate.json", "[]", "predicate.json: predicate: is not a JSON object")]
    public async Task AnUnusableFileIsNamedAndExitsWithTwo(string file, string content, string error)
    {
        Write(file, content);
        var run = await SignAsync();
        Assert.That((run.ExitCode, run.Output), Is.EqualTo((2, "")));
        Assert.That(run.Error, Does.StartWith($"error: {_folder}/{error}"));
    }

    [TestCase("release.pub", ", such as {0}/release.key")]
    [TestCase("release.key", "")]
    public async Task APublicKeyIsNamedAsOne(string file, string usual)
    {
        File.Copy(At("pub"), At(file));

        var run = await CommandRun.OfAsync(
            "sign",
            "--key",
            At(file),
            "--predicate",
            At("predicate.json"),
            "--predicate-type",
            Type,
            At("a")
        );

        Assert.That(
            (run.ExitCode, run.Error),
            Is.EqualTo(
                (
                    2,
                    $"error: --key {At(file)}: is a public key, which verifies and cannot sign; name the file of its private key"
                        + usual.Replace("{0}", _folder, StringComparison.Ordinal)
                )
            )
        );
    }

    [TestCase("not json", "envelope: is not strict JSON")]
    [TestCase("""{"payload": "YQ==", "payloadType": "t", "signatures": []}""", "signatures: is missing")]
    public async Task AnUnusableEnvelopeIsNamedAndExitsWithTwo(string content, string error)
    {
        Write("envelope", content);
        var run = await VerifyAsync("a");
        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Error, Does.StartWith($"error: {At("envelope")}: {error}"));
    }

    [Test]
    public async Task AMissingFileIsNamedAndExitsWithTwo()
    {
        await SignAsync();
        var run = await VerifyAsync("nowhere");
        Assert.That((run.ExitCode, run.Error), Is.EqualTo((2, $"error: {At("nowhere")}: no such file")));
    }

    [Test]
    public async Task APredicateTypeThatIsNotAUriExitsWithTwo()
    {
        var run = await CommandRun.OfAsync(
            "sign",
            "--key",
            At("key"),
            "--predicate",
            At("predicate.json"),
            "--predicate-type",
            "release",
            At("a")
        );
        Assert.That(
            (run.ExitCode, run.Error),
            Is.EqualTo((2, "error: --predicate-type release: not a URI such as https://slsa.dev/provenance/v1"))
        );
    }

    private Task<CommandRun> SignAsync() =>
        CommandRun.OfAsync(
            "sign",
            "--key",
            At("key"),
            "--predicate",
            At("predicate.json"),
            "--predicate-type",
            Type,
            "-o",
            At("envelope"),
            At("a"),
            At("b")
        );

    private Task<CommandRun> VerifyAsync(params string[] files) =>
        CommandRun.OfAsync(["verify", "--key", At("pub"), "--envelope", At("envelope"), .. files.Select(At)]);

    private string At(string file) => Path.Combine(_folder, file);

    private void Write(string file, string content) => File.WriteAllText(At(file), content);
}
