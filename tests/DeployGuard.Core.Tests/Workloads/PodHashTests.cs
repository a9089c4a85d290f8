using System.Text.Json.Nodes;

namespace DeployGuard.Core.Tests;

/// <summary>A Pod is hashed as it runs: only the name that admission generates for its token volume is ignored.</summary>
public class PodHashTests
{
    private const string Sources = """
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}}
        """;

    [Test]
    public void PodsThatDifferOnlyInTheirTokenHaveOneHash() =>
        Assert.That(Hash(WithToken("kube-api-access-x7k2p")), Is.EqualTo(Hash(WithToken("kube-api-access-zz9wq"))));

    [Test]
    public void OpenShiftTokensAreAddedByAdmissionToo()
    {
        static string OpenShifts(string name, string map) =>
            Hash(
                WithToken(
                    name,
                    "420",
                    $$"""{{Sources}}, {"configMap": {"name": "{{map}}", "items": [{"key": "service-ca.crt", "path": "service-ca.crt"}] } }"""
                )
            );

        Assert.That(
            OpenShifts("kube-api-access-x7k2p", "openshift-service-ca.crt"),
            Is.EqualTo(OpenShifts("kube-api-access-zz9wq", "openshift-service-ca.crt"))
        );
        Assert.That(
            OpenShifts("kube-api-access-x7k2p", "openshift-service-ca.crt"),
            Is.Not.EqualTo(Hash(WithToken("kube-api-access-x7k2p")))
        );
        Assert.That(
            OpenShifts("kube-api-access-x7k2p", "mine"),
            Is.Not.EqualTo(OpenShifts("kube-api-access-zz9wq", "mine")),
            "another map"
        );
    }

    [Test]
    public void APodWithATokenAndOneWithoutDiffer() => Assert.That(Hash(WithToken("kube-api-access-x7k2p")), Is.Not.EqualTo(Hash(Pod())));

    [TestCase("kube-api-access-x", "420", Sources, TestName = "{m}(another name)")]
    [TestCase("kube-api-access-x7k2a", "420", Sources, TestName = "{m}(a letter that is never made up)")]
    [TestCase("kube-api-access-x7k2p", "511", Sources, TestName = "{m}(another mode)")]
    [TestCase(
        "kube-api-access-x7k2p",
        "420",
        """{"serviceAccountToken": {"expirationSeconds": 86400, "path": "token"}}""",
        TestName = "{m}(a longer life)"
    )]
    [TestCase(
        "kube-api-access-x7k2p",
        "420",
        """{"serviceAccountToken": {"expirationSeconds": 3607, "path": "token", "audience": "vault"}}""",
        TestName = "{m}(another audience)"
    )]
    [TestCase("kube-api-access-x7k2p", "420", """{"secret": {"name": "other"}}""", TestName = "{m}(a secret)")]
    public void VolumeThatDiffersFromTheOneOfAdmissionCounts(string name, string mode, string sources) =>
        Assert.That(Hash(WithToken(name, mode, sources)), Is.Not.EqualTo(Hash(WithToken("kube-api-access-zz9wq", mode, sources))));

    [Test]
    public void WithoutAutomountEveryVolumeCounts()
    {
        string Off(string name) => Hash(WithToken(name).With("spec/automountServiceAccountToken", "false"));

        Assert.That(Off("kube-api-access-x7k2p"), Is.Not.EqualTo(Off("kube-api-access-zz9wq")));
    }

    [TestCase("mountPath", "\"/elsewhere\"")]
    [TestCase("readOnly", "false")]
    public void MountOfTheTokenCounts(string field, string value) =>
        Assert.That(
            Hash(WithToken("kube-api-access-x7k2p").With($"spec/containers/0/volumeMounts/0/{field}", value)),
            Is.Not.EqualTo(Hash(WithToken("kube-api-access-x7k2p")))
        );

    [Test]
    public void GeneratedNameOfADebuggerIsLeftOut()
    {
        string Debugged(string name, string image = "sh:1") =>
            Hash(Pod().With("spec/ephemeralContainers", $$"""[{"name": "{{name}}", "image": "{{image}}"}]"""));

        Assert.That(Debugged("debugger-wbzg9"), Is.EqualTo(Debugged("debugger-x7k2p")));
        Assert.That(Debugged("debugger-wbzg9"), Is.Not.EqualTo(Debugged("debugger-wbzg9", "sh:2")), "another image");
        Assert.That(Debugged("debugger-wbzg9"), Is.Not.EqualTo(Debugged("debugger-aeiou")), "letters that are never generated");
        Assert.That(Debugged("debugger-wbzg9"), Is.Not.EqualTo(Debugged("mine")), "a name of one's own");
    }

    /// <summary>As <c>kubectl debug POD --copy-to=NAME</c> makes it.</summary>
    [Test]
    public void GeneratedNameOfADebuggerInACopyIsLeftOut()
    {
        string Copy(string name) => Hash(Pod().With("spec/containers/0/name", $"\"{name}\""));

        Assert.That(Copy("debugger-wbzg9"), Is.EqualTo(Copy("debugger-x7k2p")));
    }

    [TestCase("spec/ephemeralContainers", """[{"name": "mine", "image": "sh:1", "targetContainerName": "NAME"}]""")]
    [TestCase("metadata/annotations", """{"container.apparmor.security.beta.kubernetes.io/NAME": "unconfined"}""")]
    [TestCase("metadata/annotations", """{"profile": "NAME"}""")]
    public void NameThatSomethingRefersToCounts(string path, string json)
    {
        string Referred(string name) =>
            Hash(
                Pod()
                    .With("spec/containers/0/name", $"\"{name}\"")
                    .With(path, json.Replace("NAME", "debugger-wbzg9", StringComparison.Ordinal))
            );

        Assert.That(Referred("debugger-wbzg9"), Is.Not.EqualTo(Referred("debugger-x7k2p")));
    }

    [Test]
    public void TheNameOfAnInitContainerCounts()
    {
        string Init(string name) => Hash(Pod().With("spec/initContainers", $$"""[{"name": "{{name}}", "image": "sh:1"}]"""));

        Assert.That(Init("debugger-wbzg9"), Is.Not.EqualTo(Init("debugger-x7k2p")));
    }

    [Test]
    public void NodeChosenByTheAuthorCounts() => Assert.That(Hash(Pod().With("spec/nodeName", "\"n1\"")), Is.Not.EqualTo(Hash(Pod())));

    [Test]
    public void BoundPodIsStillRecognised() =>
        Assert.That(Pod().With("spec/nodeName", "\"n1\"").Read().Template.UnboundHash, Is.EqualTo(Hash(Pod())));

    [Test]
    public void UnboundHashIsKeptWithoutTheBody() =>
        Assert.That(Pod().With("spec/nodeName", "\"n1\"").Read().WithoutDocument().Template.UnboundHash, Is.EqualTo(Hash(Pod())));

    [TestCase("node.kubernetes.io/not-ready", "300", true)]
    [TestCase("node.kubernetes.io/not-ready", "301", false)]
    [TestCase("example.com/gpu", "300", false)]
    public void OnlyTheTolerationsThatAdmissionAddsAreLeftOut(string key, string seconds, bool expected) =>
        Assert.That(
            Hash(
                Pod()
                    .With(
                        "spec/tolerations",
                        $$"""[{"key": "{{key}}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": {{seconds}} }]"""
                    )
            ) == Hash(Pod()),
            Is.EqualTo(expected)
        );

    [TestCase("priority", "1000")]
    [TestCase("preemptionPolicy", "\"Never\"")]
    public void PriorityFieldsCount(string field, string value) =>
        Assert.That(Hash(Pod().With($"spec/{field}", value)), Is.Not.EqualTo(Hash(Pod())));

    private static string Hash(JsonObject pod) => pod.Read().Template.Hash;

    private static JsonObject Pod() =>
        Some.Parse(
            """
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "a", "image": "x"}]}}
            """
        );

    private static JsonObject WithToken(string name, string mode = "420", string sources = Sources) =>
        Pod()
            .With("spec/volumes", $$"""[{"name": "{{name}}", "projected": {"defaultMode": {{mode}}, "sources": [{{sources}}] } }]""")
            .With(
                "spec/containers/0/volumeMounts",
                $$"""[{"name": "{{name}}", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": true}]"""
            );
}
