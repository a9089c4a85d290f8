using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

/// <summary>Records of version 0.2 are found only if its hash is worked out exactly as it was.</summary>
public class LegacyHashTests
{
    [Test]
    public void ADeploymentHashesAsVersionOneDid() =>
        Assert.That(
            Some.Deployment().Read().Template.LegacyHash,
            Is.EqualTo("v1:8edfbf85a1203639a2a5dbb82ac670c8938cc401340baa6d1881bee53ef2bbe0")
        );

    [TestCase("spec/template/metadata/labels/pod-template-hash", "\"5f4f6787bc\"")]
    [TestCase("spec/template/metadata/labels/app.kubernetes.io~version", "\"2\"")]
    [TestCase("spec/template/metadata/annotations", """{"deployguard.io/ai-tool": "x", "batch.kubernetes.io/y": "z"}""")]
    public void LegacyHashLeavesOutTheFieldsThatVersionOneLeftOut(string path, string json) =>
        Assert.That(
            Some.Deployment().With(path, json).Read().Template.LegacyHash,
            Is.EqualTo(Some.Deployment().Read().Template.LegacyHash)
        );

    [Test]
    public void LegacyHashIsKeptWithoutTheBody() =>
        Assert.That(
            Some.Deployment().Read().WithoutDocument().Template.LegacyHash,
            Is.EqualTo(Some.Deployment().Read().Template.LegacyHash)
        );

    [TestCase("v1:00", true)]
    [TestCase("v2:00", false)]
    [TestCase(null, false)]
    public void HashVersionsAreDistinguished(string? hash, bool isLegacy) => Assert.That(TemplateHash.IsLegacy(hash), Is.EqualTo(isLegacy));
}
