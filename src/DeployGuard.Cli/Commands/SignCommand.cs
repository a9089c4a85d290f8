using System.CommandLine;
using DeployGuard.Cli.Inputs;
using DeployGuard.Cli.Views;
using DeployGuard.Core.Attestations;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Commands;

/// <summary><c>deployguard sign</c>: writes a signed in-toto statement about files, as a DSSE envelope that cosign's users know.</summary>
internal static class SignCommand
{
    private static readonly Option<string> s_key = new("--key")
    {
        Description = "PEM file of a private key, unencrypted: ECDSA P-256 or P-384, or RSA.",
        Required = true,
    };
    private static readonly Option<string> s_predicate = new("--predicate")
    {
        Description = "JSON file with the predicate: the content of the statement.",
        Required = true,
    };
    private static readonly Option<string> s_type = new("--predicate-type")
    {
        Description = "URI of the predicate's type.",
        Required = true,
    };
    private static readonly Option<string?> s_output = new("--output", "-o")
    {
        Description = "File to write the envelope to. Default: standard output.",
    };
    private static readonly Argument<string[]> s_files = new("FILE")
    {
        Description = "Files that the statement is about; each becomes a subject by its SHA-256.",
        Arity = ArgumentArity.OneOrMore,
    };

    public static Command Create()
    {
        var command = new Command(
            "sign",
            """
            Sign a statement about files: a DSSE envelope of an in-toto statement whose subjects are the files' digests.

            Example:
              openssl ecparam -name prime256v1 -genkey -noout -out release.key
              deployguard sign --key release.key --predicate release.json --predicate-type https://deployguard.io/release/v1 -o release.dsse.json *.tgz
            """
        )
        {
            s_key,
            s_predicate,
            s_type,
            s_output,
            s_files,
        };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        var type = parsed.GetRequiredValue(s_type);
        if (!Uri.IsWellFormedUriString(type, UriKind.Absolute))
        {
            throw new ManifestException($"--predicate-type {type}: not a URI such as https://slsa.dev/provenance/v1");
        }

        var key = PrivateKeyFile.Read(parsed.GetRequiredValue(s_key), pem => SigningKey.Parse(pem));
        var predicateFile = parsed.GetRequiredValue(s_predicate);
        var predicate = InputFiles.Naming(
            predicateFile,
            () => StrictJson.ReadObject(InputFiles.Bytes(predicateFile), Dsse.MaxPayload, "predicate")
        );
        var subjects = parsed
            .GetRequiredValue(s_files)
            .Select(f => StatementSubject.Of(Path.GetFileName(f), StatementSubject.ImageDigest, InputFiles.Sha256(f)))
            .ToList();
        var envelope = InputFiles
            .Naming(predicateFile, () => Dsse.Sign(Statement.PayloadType, new Statement(subjects, type, predicate).ToJson(), key))
            .ToJson();
        var text = System.Text.Encoding.UTF8.GetString(envelope);
        if (parsed.GetValue(s_output) is not { } file)
        {
            parsed.InvocationConfiguration.Output.WriteLine(text);
            return 0;
        }

        Write(file, text);
        parsed.InvocationConfiguration.Output.WriteLine(
            TerminalText.Printable($"{file}: {subjects.Count} subject{(subjects.Count == 1 ? "" : "s")}, signed by key {key.Public.KeyId}")
        );
        return 0;
    }

    private static void Write(string file, string text)
    {
        try
        {
            File.WriteAllText(file, text + "\n");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new ManifestException($"{file}: cannot be written: {fault.Message}", fault);
        }
    }
}
