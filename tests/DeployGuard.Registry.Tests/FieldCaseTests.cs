using System.Text.RegularExpressions;

namespace DeployGuard.Registry.Tests;

public partial class FieldCaseTests
{
    private static readonly string s_repository = FindRepository();

    [Test]
    public void EveryCaseIsInTheTableOnce() =>
        Assert.That(FieldCases.All.Select(c => c.Number), Is.EqualTo(Enumerable.Range(1, FieldCases.Count)));

    [TestCaseSource(nameof(Cases))]
    public void EveryCaseHasItsTests(string what, string[] tests)
    {
        Assert.That(tests, Is.Not.Empty, what);
        foreach (var test in tests)
        {
            var dot = test.LastIndexOf('.');
            var file = Path.Combine(s_repository, "tests", $"DeployGuard.{test[..dot]}.cs");
            var source = File.ReadAllText(file);
            Assert.That(TestMethods().Matches(source).Select(m => m.Groups[1].Value), Does.Contain(test[(dot + 1)..]), file);
        }
    }

    [Test]
    public void Case39_PoliciesAreOfTheClusterAlone()
    {
        var schema = File.ReadAllText(Path.Combine(s_repository, "charts", "deployguard", "templates", "crd-safeguardpolicies.yaml"));

        Assert.That(schema, Does.Contain("scope: Cluster").And.Not.Contain("scope: Namespaced"));
        Assert.That(
            Directory.GetFiles(Path.Combine(s_repository, "charts", "deployguard", "templates"), "crd-*polic*.yaml"),
            Has.Exactly(1).Items,
            "another kind of policy needs the same enforcement and the same scan"
        );
    }

    private static IEnumerable<TestCaseData<string, string[]>> Cases() =>
        FieldCases.All.Select(c => new TestCaseData<string, string[]>(c.What, c.Tests).SetArgDisplayNames($"{c.Number}"));

    private static string FindRepository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "DeployGuard.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("no folder above the tests has DeployGuard.sln");
    }

    /// <summary>Methods below an attribute that makes them tests.</summary>
    [GeneratedRegex(
        @"^    \[(?:Test|TestCase|TestCaseSource)\b[\s\S]*?^    public (?:async )?(?:void|Task) (\w+)\(",
        RegexOptions.Multiline
    )]
    private static partial Regex TestMethods();
}
