using System.Text.RegularExpressions;
using DeployGuard.Kubernetes.Changes;
using DeployGuard.Rig;

namespace DeployGuard.Chart.Tests;

/// <summary>A record with more entries than its definition allows is refused by the API server as a whole, and lost.</summary>
public class RecordLimitTests
{
    private static readonly string s_definition = File.ReadAllText(Path.Combine(Toolbox.Chart, "templates", "crd-changes.yaml"));

    [TestCase("provenance", RecordedProvenance.Most)]
    [TestCase("signedEvidence", RecordedBacking.Most)]
    public void TheDefinitionAllowsAsManyEntriesAsAreWritten(string field, int most) =>
        Assert.That(Regex.Match(s_definition, $@" {field}:\s+type: array\s+maxItems: (\d+)").Groups[1].Value, Is.EqualTo($"{most}"));
}
