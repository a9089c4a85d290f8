using System.CommandLine;
using DeployGuard.Core.Provenance.Attestations;

namespace DeployGuard.Cli;

/// <summary><c>deployguard verify</c>: whether files are what a signed statement is about.</summary>
internal static class VerifyCommand
{
    private static readonly Option<string> s_key = new("--key") { Description = "PEM file of the ECDSA P-256 public key of whoever must have signed.", Required = true };
    private static readonly Option<string> s_envelope = new("--envelope") { Description = "The DSSE envelope, as sign and cosign write it.", Required = true };
    private static readonly Option<string?> s_type = new("--predicate-type") { Description = "Refuse a statement that says something of another type." };
    private static readonly Argument<string[]> s_files = new("FILE") { Description = "Files that must be subjects of the statement.", Arity = ArgumentArity.OneOrMore };

    public static Command Create()
    {
        var command = new Command("verify", """
            Verify that files are subjects of a statement that a key signed. Names do not count, digests do.
            Exit code 0: all of them are, 1: the signature or a file does not match, 2: unusable input.

            Example:
              deployguard verify --key release.pub --envelope release.dsse.json deployguard-0.2.0.tgz
            """)
        {
            s_key, s_envelope, s_type, s_files,
        };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        var output = parsed.InvocationConfiguration.Output;
        var file = parsed.GetRequiredValue(s_envelope);
        using var key = InputFiles.Parse(parsed.GetRequiredValue(s_key), pem => new VerifyingKey(pem));
        var envelope = InputFiles.Naming(file, () => Envelope.Read(InputFiles.Bytes(file)));
        Statement statement;
        try
        {
            statement = Statement.Read(Verification.PayloadOf(envelope, Statement.PayloadType, [key]));
        }
        catch (AttestationException wrong)
        {
            parsed.InvocationConfiguration.Error.WriteLine(Text.Printable($"error: {file}: {wrong.Message}"));
            return Shell.Refused;
        }

        if (parsed.GetValue(s_type) is { } type && type != statement.PredicateType)
        {
            parsed.InvocationConfiguration.Error.WriteLine(Text.Printable($"error: {file}: predicateType: \"{statement.PredicateType}\" is not {type}"));
            return Shell.Refused;
        }

        output.WriteLine(Text.Printable($"{file}: signed by key {key.KeyId}, about {statement.Subjects.Count} subject(s), {statement.PredicateType}"));
        // Every file is told of, also after one that does not match.
        var matches = parsed.GetRequiredValue(s_files).Select(f => Matches(statement, f, output)).ToList();
        return matches.TrueForAll(m => m) ? 0 : Shell.Refused;
    }

    private static bool Matches(Statement statement, string file, TextWriter output)
    {
        var digest = InputFiles.Sha256(file);
        var subject = statement.Find(digest);
        output.WriteLine(Text.Printable(subject is null
            ? $"{file}: NOT A SUBJECT (sha256 {digest})"
            : $"{file}: is subject {subject.Name} (sha256 {digest})"));
        return subject is not null;
    }
}
