using System.Text.Json;
using DeployGuard.Core.Comparison;

namespace DeployGuard.Core.Tests;

/// <summary>What an approver signs again without a difference.</summary>
public class KeptPrivilegesTests
{
    [TestCase("""{"spec":{"hostPID":true,"hostNetwork":false}}""", "spec.hostPID")]
    [TestCase("""{"spec":{"volumes":[{"name":"root","hostPath":{"path":"/"}}]}}""", "spec.volumes[root].hostPath.path")]
    [TestCase(
        """{"spec":{"containers":[{"name":"web","securityContext":{"privileged":true}}]}}""",
        "spec.containers[web].securityContext.privileged"
    )]
    [TestCase(
        """{"spec":{"initContainers":[{"name":"a","securityContext":{"capabilities":{"add":["SYS_ADMIN"],"drop":["ALL"]}}}]}}""",
        "spec.initContainers[a].securityContext.capabilities.add"
    )]
    [TestCase(
        """{"spec":{"containers":[{"name":"web","ports":[{"containerPort":80,"hostPort":80}]}]}}""",
        "spec.containers[web].ports[80/TCP].hostPort"
    )]
    [TestCase("""{"spec":{"securityContext":{"runAsUser":0,"runAsGroup":1000}}}""", "spec.securityContext.runAsUser")]
    [TestCase("""{"spec":{"securityContext":{"seccompProfile":{"type":"Unconfined"}}}}""", "spec.securityContext.seccompProfile.type")]
    [TestCase(
        """{"spec":{"securityContext":{"runAsNonRoot":true},"containers":[{"name":"web","securityContext":{"allowPrivilegeEscalation":false}}]}}""",
        ""
    )]
    public void APrivilegeIsNamedByItsPath(string template, string path) => Assert.That(Of(template), Is.EqualTo(path));

    [Test]
    public void WhatADifferenceShowsIsNotRepeated()
    {
        var (before, after) = (Parse("""{"spec":{"hostIPC":true}}"""), Parse("""{"spec":{"hostIPC":true,"hostPID":true}}"""));

        Assert.That(KeptPrivileges.Of(after, TemplateComparison.Between(before, after)).Single().Path, Is.EqualTo("spec.hostIPC"));
    }

    private static string Of(string template) => string.Join(' ', KeptPrivileges.Of(Parse(template), []).Select(d => d.Path));

    private static JsonElement Parse(string json) => JsonDocument.Parse(json).RootElement;
}
