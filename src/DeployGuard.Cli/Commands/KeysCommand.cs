using System.CommandLine;
using System.Security.Cryptography;
using System.Text;
using DeployGuard.Cli.Inputs;
using DeployGuard.Cli.Views;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Commands;

/// <summary><c>deployguard keys</c>: makes the keys that sign statements.</summary>
internal static class KeysCommand
{
    private const UnixFileMode OwnerAlone = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private static readonly Argument<string> s_name = new("NAME")
    {
        Description = "Path of the new files without their ends: NAME.key is private, NAME.pub is public.",
    };

    public static Command Create() => new("keys", "Make keys that sign statements about changes.") { Generate() };

    private static Command Generate()
    {
        var command = new Command(
            "generate",
            """
            Generate a key pair: ECDSA P-256, the private key as PKCS#8 and not encrypted, the public one as SPKI, both in PEM. Only you can
            read the files. A file that exists is never overwritten.

            Example:
              deployguard keys generate source-review
            """
        )
        {
            s_name,
        };
        command.Validators.Add(MisspeltOptions.Validate);
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        var name = parsed.GetRequiredValue(s_name);
        if (Path.GetFileName(name).Length == 0)
        {
            throw new ManifestException($"NAME \"{name}\": names no file");
        }

        var (privateFile, publicFile) = ($"{name}.key", $"{name}.pub");
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Write(privateFile, pair.ExportPkcs8PrivateKeyPem());
        try
        {
            Write(publicFile, pair.ExportSubjectPublicKeyInfoPem());
        }
        catch (ManifestException)
        {
            // Half of a pair is of no use, and would stand in the way of the next try.
            File.Delete(privateFile);
            throw;
        }

        var fingerprint = Convert.ToHexStringLower(SHA256.HashData(pair.ExportSubjectPublicKeyInfo()));
        parsed.InvocationConfiguration.Output.WriteLine(
            TerminalText.Printable(
                $"{privateFile}: private key; keep it where only the job that signs can read it\n{publicFile}: public key {fingerprint}"
            )
        );
        return 0;
    }

    private static void Write(string file, string pem)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerAlone;
        }

        try
        {
            using var stream = new FileStream(file, options);
            stream.Write(Encoding.ASCII.GetBytes(pem + "\n"));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ManifestException(
                File.Exists(file)
                    ? $"{file}: exists already, and a key is never overwritten; take another name, or move the file away"
                    : $"{file}: cannot be written: {fault.Message}",
                fault
            );
        }
    }
}
