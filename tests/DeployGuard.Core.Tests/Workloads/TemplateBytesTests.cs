using System.Text.Json;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

/// <summary>Templates of the same bytes have the same hash; for all others, the hash decides.</summary>
public class TemplateBytesTests
{
    private const string Web = """{"containers":[{"name":"web","image":"web:1"}]}""";

    [TestCase(Web, Web, true)]
    [TestCase(Web, """{"containers":[{"image":"web:1", "name":"web"}]}""", true)]
    [TestCase(Web, """{"containers":[{"name":"web","image":"web:2"}]}""", false)]
    [TestCase(Web, """{"containers":[{"name":"web","image":"web:1","args":["a"]}]}""", false)]
    public void TemplatesHaveOneHashOrTwo(string one, string other, bool isSame)
    {
        var (before, after) = (Read(one), Read(other));

        Assert.That(before.HasHashOf(after), Is.EqualTo(isSame));
        Assert.That(before.Hash == after.Hash, Is.EqualTo(isSame));
    }

    [Test]
    public void TheSameTemplateWithOtherClaimsHasAnotherHash()
    {
        var (small, large) = (Read(Web, "StatefulSet", "1Gi"), Read(Web, "StatefulSet", "2Gi"));

        Assert.That(small.HasHashOf(large), Is.False);
        Assert.That(small.HasHashOf(Read(Web, "StatefulSet", "1Gi")));
    }

    [Test]
    public void ATemplateWithoutItsDocumentIsComparedByHash()
    {
        var slim = Read(Web).WithoutDocument(_ => false);

        Assert.That(slim.HasHashOf(Read(Web)));
        Assert.That(Read(Web).HasHashOf(slim));
        Assert.That(slim.HasLostText, Is.False);
    }

    private static PodTemplate Read(string spec, string kind = "Deployment", string storage = "1Gi") =>
        WorkloadReader
            .Default.Read(
                JsonDocument
                    .Parse(
                        $$$"""
                        {"apiVersion":"apps/v1","kind":"{{{kind}}}","metadata":{"name":"web","namespace":"shop"},
                         "spec":{"template":{"metadata":{"labels":{"app":"web"} },"spec":{{{spec}}} },
                         "volumeClaimTemplates":[{"metadata":{"name":"data"},"spec":{"resources":{"requests":{"storage":"{{{storage}}}"} } } }]} }
                        """
                    )
                    .RootElement
            )
            .Template;
}
