using DeployGuard.Core.Attestations;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Inputs;

/// <summary>The file of a private key that an option <c>--key</c> names.</summary>
internal static class PrivateKeyFile
{
    private const string Private = ".key";

    /// <param name="parse">Reads the PEM text of a private key.</param>
    /// <exception cref="ManifestException">It cannot be read, or holds no private key that can be used.</exception>
    public static SigningKey Read(string file, Func<string, SigningKey> parse) =>
        InputFiles.Parse(
            file,
            pem =>
                pem.Contains("-----BEGIN PUBLIC KEY-----", StringComparison.Ordinal)
                && !pem.Contains("PRIVATE KEY-----", StringComparison.Ordinal)
                    ? throw new ManifestException(
                        $"--key {file}: is a public key, which verifies and cannot sign; name the file of its private key{Usual(file)}"
                    )
                    : parse(pem)
        );

    /// <summary>The name that <c>keys generate</c> and cosign give the private half.</summary>
    private static string Usual(string file) =>
        Path.GetExtension(file) == Private ? "" : $", such as {Path.ChangeExtension(file, Private)}";
}
