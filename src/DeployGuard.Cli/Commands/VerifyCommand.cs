using System.CommandLine;
using DeployGuard.Cli.Inputs;
using DeployGuard.Cli.Verify;
using DeployGuard.Cli.Views;
using DeployGuard.Core.Attestations;

namespace DeployGuard.Cli.Commands;

/// <summary>
/// <c>deployguard verify</c>: explains what would be believed of images, or verifies that files are subjects of a signed statement.
/// </summary>
internal static class VerifyCommand
{
    private static readonly Option<string?> s_key = new("--key")
    {
        Description = "For files: PEM file of the signer's public key: ECDSA P-256 or P-384, or RSA.",
    };
    private static readonly Option<string?> s_envelope = new("--envelope")
    {
        Description = "For files: DSSE envelope, as sign and cosign write it.",
    };
    private static readonly Option<string?> s_type = new("--predicate-type")
    {
        Description = "For files: refuse a statement with another predicate type.",
    };
    private static readonly Argument<string[]> s_subjects = new("IMAGE|FILE")
    {
        Description = "Images by digest; or, with --key and --envelope, files that must be subjects of the statement.",
        Arity = ArgumentArity.OneOrMore,
    };

    public static Command Create(ManifestInputs inputs, TimeProvider time)
    {
        var command = new Command(
            "verify",
            """
            Explain, link by link, what a policy would believe of an image by the signed statements in its registry, by which key, and what is
            missing. It reads with the credentials of docker's configuration. Nothing is changed.
            Exit code 0: every policy that asks would believe that no AI had a part, or has a review that can count. 1: something is missing, or no
            policy asks. 2: a registry, key, policy or file cannot be used.

            With --key and --envelope: verify that files are subjects of a statement that the key signed. Files match by digest, under any name.
            Exit code 0: every file is a subject. 1: the signature or a file does not match. 2: an input cannot be used.

            Examples:
              deployguard verify registry.example.com/checkout@sha256:... --policy tier-1.yaml --base 0c4f6a7d2b11...
              kubectl deployguard verify registry.example.com/checkout@sha256:... --workload deploy/checkout -n shop
              deployguard verify --key release.pub --envelope release.dsse.json deployguard-0.2.0.tgz
            """
        )
        {
            s_key,
            s_envelope,
            s_type,
            s_subjects,
        };
        foreach (var option in VerifyOptions.All)
        {
            command.Options.Add(option);
        }

        VerifyOptions.Cluster.AddTo(command);
        command.Validators.Add(MisspeltOptions.Validate);
        command.Validators.Add(result => VerifyOptions.Validate(result, [s_key, s_envelope, s_type], [s_key, s_envelope]));
        command.SetAction(
            async (parsed, cancel) =>
                parsed.GetValue(s_envelope) is { } envelope && parsed.GetValue(s_key) is { } key
                    ? VerifyFiles(parsed, envelope, key)
                    : await new VerifyRun(parsed, inputs, time).RunAsync(parsed.GetRequiredValue(s_subjects), cancel)
        );
        return command;
    }

    private static int VerifyFiles(ParseResult parsed, string file, string keyFile)
    {
        var output = parsed.InvocationConfiguration.Output;
        var key = InputFiles.Parse(keyFile, pem => PublicKey.Parse(pem));
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
        var matches = parsed.GetRequiredValue(s_subjects).Select(f => Matches(statement, f, output)).ToList();
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
