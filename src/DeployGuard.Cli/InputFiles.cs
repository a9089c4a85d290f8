using System.Security.Cryptography;
using System.Text;
using DeployGuard.Core.Provenance.Attestations;
using DeployGuard.Kubernetes.Files;

namespace DeployGuard.Cli;

/// <summary>Files that a command was given. What is wrong with one is said with its name.</summary>
internal static class InputFiles
{
    /// <exception cref="ManifestException">It cannot be read.</exception>
    public static byte[] Bytes(string file) => Reading(file, () => File.ReadAllBytes(file));

    /// <summary>SHA-256 of a file of any size, in lower-case hex.</summary>
    /// <exception cref="ManifestException">It cannot be read.</exception>
    public static string Sha256(string file) => Reading(file, () =>
    {
        using var stream = File.OpenRead(file);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    });

    /// <summary>Makes something of a file's text.</summary>
    /// <exception cref="ManifestException">It cannot be read, or nothing be made of it.</exception>
    public static T Parse<T>(string file, Func<string, T> parse) => Naming(file, () => parse(Encoding.UTF8.GetString(Bytes(file))));

    /// <exception cref="ManifestException">It throws that its input cannot be used.</exception>
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
