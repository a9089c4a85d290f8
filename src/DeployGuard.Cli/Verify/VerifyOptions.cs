using System.CommandLine;
using System.CommandLine.Parsing;
using DeployGuard.Cli.Commands;

namespace DeployGuard.Cli.Verify;

/// <summary>The options of <c>verify</c> for images, and the two ways to use the command.</summary>
internal static class VerifyOptions
{
    public const string Json = "json";

    public static readonly ClusterFlags Cluster = new();
    public static readonly Option<string[]> Policies = Repeated(
        "--policy",
        "File, folder or - with SafeguardPolicies whose origin.keys decide what is believed. Default: those of the cluster. May be repeated."
    );
    public static readonly Option<string[]> Keys = Repeated(
        "--trusted-key",
        "NAME=FILE: the public key that origin.keys names NAME and keeps in a Secret. May be repeated."
    );
    public static readonly Option<string?> Base = new("--base")
    {
        Description =
            "Commit of the image that runs now, as 40 or 64 hex digits. Without it and --workload it is judged as if nothing ran yet, so that the "
            + "statements must lead back to the first commit.",
    };
    public static readonly Option<string?> Workload = new("--workload")
    {
        Description =
            "Workload of the cluster that gets the image, such as deploy/web: its image and the commit on record are what runs now.",
    };
    public static readonly Option<string> OwnNamespace = new("--deployguard-namespace")
    {
        Description = "Namespace of DeployGuard, for the Secrets that policies of the cluster name.",
        DefaultValueFactory = _ => "deployguard-system",
    };
    public static readonly Option<string> Output = OutputOption();

    public static IEnumerable<Option> All => [Policies, Keys, Base, Workload, OwnNamespace, Output];

    /// <param name="ofFiles">The options of the other way.</param>
    /// <param name="needed">Those of them that are needed.</param>
    public static void Validate(CommandResult result, IReadOnlyList<Option> ofFiles, IReadOnlyList<Option> needed)
    {
        if (!ofFiles.Any(o => IsGiven(result, o)))
        {
            ValidateImages(result);
            return;
        }

        foreach (var option in needed.Where(o => !IsGiven(result, o)))
        {
            result.AddError($"{option.Name} is missing: files are verified with {string.Join(" and ", needed.Select(o => o.Name))}");
        }

        foreach (var option in All.Where(o => IsGiven(result, o)))
        {
            result.AddError($"{option.Name} is for images, and {string.Join(" and ", ofFiles.Select(o => o.Name))} are for files");
        }
    }

    public static bool IsGiven(SymbolResult result, Option option) => result.GetResult(option) is { Implicit: false };

    private static void ValidateImages(CommandResult result)
    {
        if (IsGiven(result, Base) && IsGiven(result, Workload))
        {
            result.AddError("Pass --base or --workload, not both: each says what runs now.");
        }

        if (IsGiven(result, Policies) && IsGiven(result, Workload))
        {
            result.AddError("--workload reads the cluster, and --policy files; pass --base COMMIT with --policy.");
        }
    }

    private static Option<string[]> Repeated(string name, string description) =>
        new(name)
        {
            Description = description,
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = false,
        };

    private static Option<string> OutputOption()
    {
        var option = new Option<string>("--output", "-o") { Description = "text or json, for images.", DefaultValueFactory = _ => "text" };
        option.AcceptOnlyFromAmong("text", Json);
        return option;
    }
}
