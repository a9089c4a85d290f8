using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Tests;

/// <summary>Warnings within the limits of the API server, each with its remedy.</summary>
public class WarningTests
{
    private const string Patch =
        """kubectl patch deployment/web -n shop --type=merge -p '{"spec":{"minReadySeconds":60,"progressDeadlineSeconds":660,"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1,"maxUnavailable":0}}}}'""";

    [Test]
    public void ADryRunNamesTheCommandToApproveWithTheHash()
    {
        var lines = Lines(Update(Some.OtherImage, dryRun: true), Some.OneSenior);

        Assert.That(
            lines,
            Is.EqualTo(
                new[]
                {
                    "policy tier-1: would be refused: ApprovalMissing: Origin unknown (policy tier-1 treats it as AI-assisted); approvals 0 "
                        + "of 1: senior-engineers 0/1",
                    "Ask them to run: kubectl deployguard approve deployment/web -n shop --hash "
                        + Update(Some.OtherImage, dryRun: true).After!.Template.Hash[3..],
                }
            )
        );
    }

    [Test]
    public void ADryRunWithATagIsToldToFixTheTagFirst()
    {
        var lines = Lines(Update("web:1", dryRun: true), Some.OneSenior, Some.Policy("""{"images": {}}""", "z"));

        Assert.That(lines[0], Does.StartWith("policy z: would be refused: ImageNotPinned: "));
        Assert.That(lines, Has.None.Contain("deployguard approve").And.Some.StartWith("First fix ImageNotPinned: "));
    }

    [Test]
    public void ACommandIsNeverSplit() =>
        Assert.That(
            Lines(Update(Some.OtherImage), Some.Policy("""{"mode": "Warn", "canary": {"required": "Always", "steps": [5]}}""")),
            Has.Some.Contain(Patch)
        );

    [Test]
    public void LongTextIsSplitBetweenSentencesAndWords()
    {
        var lines = LineBreaks.Split($"{Text(20)}. {Text(30)} (run: {Patch}; then {Text(40)})", 120);

        Assert.That(string.Join(' ', lines), Is.EqualTo($"{Text(20)}. {Text(30)} (run: {Patch}; then {Text(40)})"), "nothing is lost");
        Assert.That(lines.Where(l => l.Length > 120), Is.EqualTo(new[] { $"{Patch};" }));

        static string Text(int words) => string.Join(' ', Enumerable.Range(0, words).Select(i => $"word{i}"));
    }

    /// <summary>Half a digest would be taken for a whole one.</summary>
    [TestCase("a b", 240, "a b")]
    [TestCase("looked at sha256:0123456789", 20, "looked at sha256:...")]
    [TestCase("looked at the tags sha256:0123456789", 25, "looked at the tags ...")]
    public void WhatIsTooLongIsCutBetweenWords(string text, int longest, string told) =>
        Assert.That(Messages.Cut(text, longest), Is.EqualTo(told));

    [Test]
    public void OneLongWordStaysWhole() => Assert.That(LineBreaks.Split(new string('x', 500), 120), Has.Count.EqualTo(1));

    [TestCase(2)]
    [TestCase(12)]
    [TestCase(60)]
    [TestCase(200)]
    public void AllWarningsStayBelowTheLimitAndCountTheRest(int images)
    {
        var containers = Enumerable.Range(0, images).Select(i => $$"""{"name": "c{{i}}", "image": "{{new string('x', i * 3)}}{{i}}:1"}""");
        var after = Some.Deployment().With("spec/template/spec/containers", $"[{string.Join(',', containers)}]");
        var request = Some.Update(Some.Deployment(), after);

        var lines = Lines(request, Some.Policy("""{"mode": "Warn", "images": {}}"""));

        Assert.That(lines.Sum(l => l.Length), Is.LessThan(4096));
        Assert.That(lines, Is.Unique.And.All.Not.Contain("\n"));
        var told = lines.Count(l => l.StartsWith("policy ", StringComparison.Ordinal));
        Assert.That(told, Is.GreaterThan(1));
        Assert.That(
            lines[^1],
            told == images
                ? Does.Not.StartWith("and ")
                : Is.EqualTo(
                    $"and {images - told} more findings; to see all: kubectl deployguard show "
                        + $"{Changes.ChangeName.Of(request.Target, request.After!.Template.Hash)} -n shop"
                )
        );
    }

    [Test]
    public void ADryRunHasNoChangeToShowTheRest()
    {
        var containers = Enumerable.Range(0, 60).Select(i => $$"""{"name": "c{{i}}", "image": "{{new string('x', 200)}}{{i}}:1"}""");
        var after = Some.Deployment().With("spec/template/spec/containers", $"[{string.Join(',', containers)}]");

        var lines = Lines(Some.Update(Some.Deployment(), after, dryRun: true), Some.Policy("""{"images": {}}"""));

        Assert.That(lines[^1], Does.Match("^and [0-9]+ more findings; fix these first$"));
    }

    [Test]
    public void AWarnPolicyAsksNobodyToApproveWhatItAdmits() =>
        Assert.That(
            Lines(Update(Some.OtherImage), Some.OneSenior with { Mode = Mode.Warn })[1],
            Does.StartWith("The policy only warns")
                .And.Contain("kubectl deployguard show deployment-web-")
                .And.Not.Contain("deployguard approve")
        );

    private static WorkloadRequest Update(string image, bool dryRun = false) =>
        Some.Update(Some.Deployment(), Some.Deployment(image), dryRun: dryRun);

    private static IReadOnlyList<string> Lines(Request request, params SafeguardPolicy[] policies) =>
        Messages.WarningLines(Some.Decide(request, new ClusterSnapshot { Policies = policies }));
}
