using DeployGuard.Tests;

namespace DeployGuard.Core.Tests;

/// <summary>What <see cref="FolderOrder"/> finds in a circle of two folders that use each other in different ways.</summary>
public class FolderOrderTests
{
    private const string Root = "DeployGuard.Core.Tests.Circles";

    [TestCase(
        "Left",
        "Right",
        "Left.Caller uses Right.Called",
        "Left.Holder uses Right.Called",
        "Left.Lambda uses Right.Called",
        "Left.Lister uses Right.Called"
    )]
    [TestCase("Right", "Left", "Right.Heir uses Left.Caller")]
    public void EveryUseAgainstTheOrderIsFound(string first, string second, params string[] against) =>
        Assert.That(FolderOrder.Violations(typeof(FolderOrderTests).Assembly, Root, first, second), Is.EqualTo(against));

    [Test]
    public void AFolderThatTheOrderDoesNotNameIsFound() =>
        Assert.That(
            FolderOrder.Violations(typeof(FolderOrderTests).Assembly, Root, "Left"),
            Is.EqualTo(new[] { "the order does not name Right" })
        );
}
