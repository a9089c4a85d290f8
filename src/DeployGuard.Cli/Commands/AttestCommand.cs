using System.CommandLine;
using DeployGuard.Cli.Attest;
using DeployGuard.Cli.Inputs;

namespace DeployGuard.Cli.Commands;

/// <summary><c>deployguard attest</c>: states how the commits between two builds were made, and signs that.</summary>
internal static class AttestCommand
{
    public static Command Create(TimeProvider time, ManifestInputs inputs)
    {
        var command = new Command(
            "attest",
            """
            Write a signed statement about a change: which commits it consists of, who made them, which signs of AI they bear, and who
            reviewed them. It reads a range of git commits, the notes of git-ai and Agent Traces, and changes nothing.
            Commits without a sign are of unknown origin: signs can be switched off and removed.
            Exit code 0: written. 1: --complete was refused. 2: an input cannot be used, or a registry did not take the statement.

            Examples:
              deployguard keys generate source-review
              deployguard attest --from v1.4.0 --to v1.5.0 --ref refs/heads/main --complete --key source-review.key -o change.json
              deployguard attest --from "$BEFORE" --ref refs/heads/main --image "registry.example.com/checkout@$DIGEST" --key build.key --push
              kubectl apply --dry-run=server -o yaml -f web.yaml | deployguard attest --from v1.4.0 --manifest - --key source-review.key -o change.json
              deployguard attest --from v1.4.0 --to v1.5.0 --ref refs/heads/main --format predicate -o predicate.json
            """
        );
        foreach (var option in AttestOptions.All)
        {
            command.Options.Add(option);
        }

        command.Validators.Add(MisspeltOptions.Validate);
        command.Validators.Add(AttestOptions.Validate);
        command.SetAction((parsed, cancel) => new AttestRun(parsed, inputs).RunAsync(time, cancel));
        return command;
    }
}
