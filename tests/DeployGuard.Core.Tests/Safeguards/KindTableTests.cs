using DeployGuard.Core.Safeguards;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

/// <summary>The table of kinds and rules in docs/policy.md matches the descriptors.</summary>
public class KindTableTests
{
    private static readonly WorkloadKind s_custom = new CustomKind("example.com", "robots", "Robot", "spec.template").Describe() with
    {
        Name = "custom kinds",
    };

    [Test]
    public void TheTableMatchesTheDescriptors()
    {
        var rows = File.ReadLines(Path.Combine(AppContext.BaseDirectory, "docs", "policy.md"))
            .SkipWhile(l => !l.StartsWith("| kind |", StringComparison.Ordinal))
            .TakeWhile(l => l.StartsWith('|'))
            .ToList();

        Assert.That(rows[0], Is.EqualTo($"| kind | {string.Join(" | ", SafeguardList.All.Select(s => $"`{s.Name}`"))} |"));
        Assert.That(rows.Skip(2), Is.EqualTo(BuiltInKinds.All.Where(k => k.IsBuiltInWorkload).Append(s_custom).Select(Row)));
    }

    private static string Row(WorkloadKind kind) =>
        $"| {kind.Name} | {string.Join(" | ", SafeguardList.All.Select(s => Cell(kind, s.Name)))} |";

    private static string Cell(WorkloadKind kind, string rule) =>
        rule switch
        {
            "ImagePinning" or "Approval" or "Freeze" => kind.TemplatePath is not null ? "yes" : "-",
            "Canary" => !kind.Serves ? "-"
            : kind.RunsToCompletion ? "behind a Service"
            : "yes",
            "Pace" => kind.InPlace is not null ? "yes" : "-",
            "Budget" => kind.RollsOut ? "yes" : "-",
            _ => throw new InvalidOperationException($"add {rule} to the table"),
        };
}
