using System.Security.Cryptography;
using System.Text;
using DeployGuard.Core.Attestations;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Inputs;

/// <summary>Reads the files that a command was given. Every error names its file.</summary>
internal static class InputFiles
{
    /// <exception cref="ManifestException">It cannot be read.</exception>
    public static byte[] Bytes(string file) => Reading(file, () => File.ReadAllBytes(file));

    /// <summary>SHA-256 of a file of any size, in lower-case hex.</summary>
    /// <exception cref="ManifestException">It cannot be read.</exception>
    public static string Sha256(string file) =>
        Reading(
            file,
            () =>
            {
                using var stream = File.OpenRead(file);
                return Convert.ToHexStringLower(SHA256.HashData(stream));
            }
        );

    /// <summary>Parses a file's text.</summary>
    /// <exception cref="ManifestException">It cannot be read or parsed.</exception>
    public static T Parse<T>(string file, Func<string, T> parse) => Naming(file, () => parse(Encoding.UTF8.GetString(Bytes(file))));

    /// <exception cref="ManifestException">The file cannot be used.</exception>
    public static T Naming<T>(string file, Func<T> use)
    {
        try
        {
            return use();
        }
        catch (AttestationException wrong)
        {
            throw new ManifestException($"{file}: {wrong.Message}", wrong);
        }
    }

    private static T Reading<T>(string file, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ManifestException($"{file}: no such file", fault);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new ManifestException($"{file}: cannot be read: {fault.Message}", fault);
        }
    }
}
