using System.Text.Json;
using DeployGuard.Cli.Views;

namespace DeployGuard.Cli.Tests;

/// <summary>A Change with an invalid field is listed with the others, and names the field.</summary>
public class ChangeViewTests
{
    private const string Written =
        """{"metadata": {"name": "c", "namespace": "shop"}, "spec": {"workload": {"kind": "Deployment", "name": "web"}, "templateHash": "v2:0"}, "status": {"phase": "Pending", "missing": "approval", "completedPods": 3}}""";

    [TestCase("3", "approval", true)]
    [TestCase("\"three\"", "cannot be read: status.completedPods: expected a whole number, found a string", false)]
    public void AnInvalidFieldIsNamed(string pods, string missing, bool isValid)
    {
        var view = new ChangeView(JsonElement.Parse(Written.Replace("3", pods, StringComparison.Ordinal)));
        Assert.That((view.Name, view.Phase, view.Missing, view.Parsed is not null), Is.EqualTo(("c", "Pending", missing, isValid)));
    }
}
