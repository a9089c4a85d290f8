using System.CommandLine;
using DeployGuard.Cli.Inputs;
using DeployGuard.Cli.Views;
using DeployGuard.Core.Attestations;

namespace DeployGuard.Cli.Commands;

/// <summary><c>deployguard verify</c>: verifies that files are subjects of a signed statement.</summary>
internal static class VerifyCommand
{
    private static readonly Option<string> s_key = new("--key")
    {
        Description = "PEM file of the signer's public key: ECDSA P-256 or P-384, or RSA.",
        Required = true,
    };
    private static readonly Option<string> s_envelope = new("--envelope")
    {
        Description = "DSSE envelope, as sign and cosign write it.",
        Required = true,
    };
    private static readonly Option<string?> s_type = new("--predicate-type")
    {
        Description = "Refuse a statement with another predicate type.",
    };
    private static readonly Argument<string[]> s_files = new("FILE")
    {
        Description = "Files that must be subjects of the statement.",
        Arity = ArgumentArity.OneOrMore,
    };

    public static Command Create()
    {
        var command = new Command(
            "verify",
            """
            Verify that files are subjects of a statement that a key signed. Files match by digest, under any name.
            Exit code 0: every file is a subject. 1: the signature or a file does not match. 2: an input cannot be used.

            Example:
              deployguard verify --key release.pub --envelope release.dsse.json deployguard-0.2.0.tgz
            """
        )
        {
            s_key,
            s_envelope,
            s_type,
            s_files,
        };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        var output = parsed.InvocationConfiguration.Output;
        var file = parsed.GetRequiredValue(s_envelope);
        var key = InputFiles.Parse(parsed.GetRequiredValue(s_key), pem => PublicKey.Parse(pem));
        var envelope = InputFiles.Naming(file, () => DsseEnvelope.Parse(InputFiles.Bytes(file)));
        Statement statement;
        try
        {
            statement = Statement.Parse(Dsse.Verify(envelope, Statement.PayloadType, [key]));
        }
        catch (AttestationException wrong)
        {
            parsed.InvocationConfiguration.Error.WriteLine(TerminalText.Printable($"error: {file}: {wrong.Message}"));
            return ExitCodes.Refused;
        }

        if (parsed.GetValue(s_type) is { } type && type != statement.PredicateType)
        {
            parsed.InvocationConfiguration.Error.WriteLine(
                TerminalText.Printable($"error: {file}: predicateType: \"{statement.PredicateType}\" is not {type}")
            );
            return ExitCodes.Refused;
        }

        output.WriteLine(
            TerminalText.Printable(
                $"{file}: signed by key {key.KeyId}, {statement.Subjects.Count} "
                    + $"subject{(statement.Subjects.Count == 1 ? "" : "s")}, predicate type {statement.PredicateType}"
            )
        );
        // Reports every file, also after a mismatch.
        var matches = parsed.GetRequiredValue(s_files).Select(f => Matches(statement, f, output)).ToList();
        return matches.TrueForAll(m => m) ? 0 : ExitCodes.Refused;
    }

    private static bool Matches(Statement statement, string file, TextWriter output)
    {
        var digest = InputFiles.Sha256(file);
        var subject = statement.Find(digest);
        output.WriteLine(
            TerminalText.Printable(
                subject is null ? $"{file}: NOT A SUBJECT (sha256 {digest})" : $"{file}: is subject {subject.Name} (sha256 {digest})"
            )
        );
        return subject is not null;
    }
}
