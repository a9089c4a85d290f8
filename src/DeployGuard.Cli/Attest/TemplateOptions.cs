using System.CommandLine;
using System.CommandLine.Parsing;
using DeployGuard.Cli.Commands;

namespace DeployGuard.Cli.Attest;

/// <summary>The options of <c>attest</c> for pod templates, with the flags of <c>check</c> that say how they are read.</summary>
internal static class TemplateOptions
{
    public static readonly Option<string[]> Manifests = new("--manifest")
    {
        Description =
            "File, folder or - with workloads as the API server stores them (kubectl apply --dry-run=server -o yaml): each pod template becomes a "
            + "subject by its hash, so that reviews in the statement speak for the whole template, and not for images alone. May be repeated.",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };

    private static readonly Option[] s_reading =
    [
        CheckOptions.Kinds,
        CheckOptions.Injections,
        CheckOptions.Restarts,
        CheckOptions.NamingLabels,
    ];

    public static IEnumerable<Option> All => [Manifests, .. s_reading];

    public static void Validate(CommandResult result, AttestFormat format)
    {
        var isGiven = result.GetResult(Manifests) is { Implicit: false };
        if (isGiven && format is AttestFormat.Predicate)
        {
            result.AddError("--manifest: what --format predicate writes has no subjects; leave one of the two out");
        }

        foreach (var option in s_reading.Where(o => !isGiven && result.GetResult(o) is { Implicit: false }))
        {
            result.AddError($"{option.Name} is for --manifest, which is missing");
        }

        if (isGiven)
        {
            foreach (var problem in CheckOptions.ProblemsOfFlags(result))
            {
                result.AddError(problem);
            }
        }
    }
}
