using System.IO.Compression;
using System.Text;
using DeployGuard.Core.Attestations;
using DeployGuard.Cryptography;
using DeployGuard.Registry.Content;
using DeployGuard.Registry.References;
using DeployGuard.Rig;

namespace DeployGuard.EndToEnd;

/// <summary>
/// cosign 2 and 3, oras, skopeo and <c>deployguard attest</c> with a key of cosign, for one registry. They reach nothing but loopback.
/// </summary>
internal sealed class SigningTools : IDisposable
{
    private const string GzippedLayer = "application/vnd.oci.image.layer.v1.tar+gzip";
    private const string KeyPassword = "the password of the key";

    private readonly string _bin;
    private readonly string _folder = Directory.CreateTempSubdirectory("deployguard-signing-").FullName;
    private int _files;

    private SigningTools(string bin) => _bin = bin;

    /// <summary>Encrypted by cosign.</summary>
    public SigningKey Key => SigningKey.Parse(File.ReadAllText(At("forge.key")), KeyPassword, new MoreAlgorithms());

    private Dictionary<string, string> Environment =>
        new()
        {
            ["HOME"] = _folder,
            ["COSIGN_PASSWORD"] = KeyPassword,
            ["DOCKER_CONFIG"] = _folder,
            ["REGISTRY_AUTH_FILE"] = At("config.json"),
            ["SSL_CERT_FILE"] = At("ca.crt"),
            // Nothing listens there, and loopback is reached without a proxy.
            ["HTTPS_PROXY"] = "http://127.0.0.1:1",
            ["HTTP_PROXY"] = "http://127.0.0.1:1",
        };

    /// <param name="pem">A private key in PKCS#8 that cosign imports and encrypts; null if it generates one.</param>
    public static async Task<SigningTools> StartAsync(string? pem = null)
    {
        var tools = new SigningTools(await Toolbox.InstallSigningAsync());
        string[] make = pem is null ? ["generate-key-pair"] : ["import-key-pair", "--key", tools.Write(Encoding.UTF8.GetBytes(pem))];
        // Of the two, only version 3 imports all types of keys.
        await tools.CosignAsync(3, [.. make, "--output-key-prefix", tools.At("forge")]);
        // Without any service: no transparency log, no timestamps.
        await tools.CosignAsync(3, "signing-config", "create", "--out", tools.At("signing-config.json"));
        await tools.CosignAsync(2, "trusted-root", "create", "--out", tools.At("trusted-root.json"));
        return tools;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    public void LogIn(string host, string authority)
    {
        File.WriteAllText(At("ca.crt"), authority);
        File.WriteAllText(At("config.json"), RegistryUser.DockerConfig(host));
    }

    /// <summary>Writes a file with a new name.</summary>
    public string Write(ReadOnlySpan<byte> content)
    {
        var file = At($"{Interlocked.Increment(ref _files)}.json");
        File.WriteAllBytes(file, content);
        return file;
    }

    /// <summary>An image with a layer, and with a label <c>seed</c>.</summary>
    /// <param name="reference">With a tag.</param>
    public async Task<Digest> PushImageAsync(string reference, string seed, string architecture = "amd64")
    {
        // A tar archive without files.
        var archive = new byte[1024];
        await using var layer = new MemoryStream();
        await using (var gzip = new GZipStream(layer, CompressionLevel.Fastest, leaveOpen: true))
        {
            await gzip.WriteAsync(archive);
        }

        var config = $$"""
            {"os": "linux", "architecture": "{{architecture}}", "config": {"Labels": {"seed": "{{seed}}"} },
             "rootfs": {"type": "layers", "diff_ids": ["{{Digest.Of(archive)}}"]} }
            """;
        await OrasAsync(
            "push",
            "--disable-path-validation",
            "--config",
            $"{Write(Encoding.UTF8.GetBytes(config))}:{MediaTypes.ImageConfig}",
            reference,
            $"{Write(layer.ToArray())}:{GzippedLayer}"
        );
        return await ResolveAsync(reference);
    }

    public async Task<Digest> ResolveAsync(string reference)
    {
        var printed = (await OrasAsync("resolve", reference)).Output.Trim();
        return Digest.TryParse(printed) ?? throw new InvalidOperationException($"oras resolve printed: {printed}");
    }

    public Task<Run> OrasAsync(params string[] arguments) => RunAsync(Path.Combine(_bin, "oras"), arguments);

    public Task<Run> SkopeoAsync(params string[] arguments) => RunAsync(Path.Combine(_bin, "skopeo"), arguments);

    /// <summary>Signs a statement about an image with <see cref="Key"/>, and pushes it.</summary>
    public Task<Run> AttestAsync(int cosign, string image, ChangeStatement change)
    {
        string[] what = ["--type", ChangeStatement.PredicateType, "--predicate", Write(change.ToJson())];
        return CosignAsync(cosign, ["attest", .. Offline(cosign), .. what, image]);
    }

    /// <summary>Signs the image alone.</summary>
    public Task<Run> SignAsync(int cosign, string image) => CosignAsync(cosign, ["sign", .. Offline(cosign), image]);

    /// <summary>Fails if that version of cosign finds no attestation of the key about the image.</summary>
    /// <param name="isBundle">Whether it is in the format of cosign 3. Version 2 must be told so; version 3 looks for both.</param>
    public Task<Run> VerifyAttestationAsync(int cosign, string image, bool isBundle)
    {
        string[] format = cosign == 2 && isBundle ? ["--new-bundle-format", "--trusted-root", At("trusted-root.json")] : [];
        string[] what = ["--key", At("forge.pub"), "--insecure-ignore-tlog", "--type", ChangeStatement.PredicateType, .. format, image];
        return CosignAsync(cosign, ["verify-attestation", .. what]);
    }

    public Task<Run> CosignAsync(int version, params string[] arguments) => RunAsync(Path.Combine(_bin, $"cosign-{version}"), arguments);

    /// <summary>A statement of <c>deployguard attest</c> with <see cref="Key"/>.</summary>
    /// <returns>The file.</returns>
    public async Task<string> StateAsync(params string[] options)
    {
        var file = Write([]);
        string[] trust = options.Contains("--push") ? ["--ca-bundle", At("ca.crt")] : [];
        await RunAsync(Path.Combine(Toolbox.Cli, "deployguard"), ["attest", "--key", At("forge.key"), "-o", file, .. options, .. trust]);
        return file;
    }

    private string[] Offline(int cosign) =>
        [
            "--yes",
            "--key",
            At("forge.key"),
            .. cosign == 2 ? ["--tlog-upload=false"] : (string[])["--signing-config", At("signing-config.json")],
        ];

    private async Task<Run> RunAsync(string program, IEnumerable<string> arguments) =>
        (await Run.OfAsync(program, arguments, Environment)).OrFail();

    private string At(string file) => Path.Combine(_folder, file);
}
