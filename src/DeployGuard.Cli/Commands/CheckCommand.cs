using System.CommandLine;
using DeployGuard.Cli.Inputs;

namespace DeployGuard.Cli.Commands;

/// <summary><c>deployguard check</c>: evaluates files as the webhook would, without a cluster.</summary>
internal static class CheckCommand
{
    public static Command Create(TimeProvider time, ManifestInputs inputs)
    {
        var command = new Command(
            "check",
            """
            Evaluate files as the webhook would, without a cluster. Reads what kubectl reads: YAML and JSON, lists, anchors and merge keys. A document may have up to 16 MiB.
            Verdicts go to standard output, with file and line. Standard error lists what was skipped, a summary, and each error with its file and line. An error in one document does not stop the others.
            Exit code 0: every workload is allowed, or there is none. 1: a workload is refused. 2: an input cannot be used, whatever the other verdicts.

            Examples:
              deployguard check -f deploy/ --policies policies/ --against-ref origin/main
              deployguard check --policies policies/
              helm template web ./chart | deployguard check -f - --policies policies/ -n shop --namespace-labels shop=deployguard.io/tier=1
              deployguard check -f overlays/production --policies policies/ --workload-kinds rollouts.argoproj.io/Rollout=spec.template
              kubectl apply --dry-run=server -o yaml -f web.yaml | deployguard check -f - --policies tier-1.yaml
              deployguard check -f manifests/examples/ai-assisted-without-approval
            """
        );
        foreach (var option in CheckOptions.All)
        {
            command.Options.Add(option);
        }

        command.Validators.Add(MisspeltOptions.Validate);
        command.Validators.Add(CheckOptions.Validate);
        command.SetAction(parsed => new CheckRun(parsed, inputs).Run(time));
        return command;
    }
}
