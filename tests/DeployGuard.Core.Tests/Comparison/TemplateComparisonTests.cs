using System.Text.Json;
using DeployGuard.Core.Comparison;

namespace DeployGuard.Core.Tests;

/// <summary>
/// The comparison of two templates for an approver: complete, with fields that open the node first, and safe against text that hides
/// something.
/// </summary>
public class TemplateComparisonTests
{
    [Test]
    public void SameTemplateHasNoDifference() =>
        Assert.That(Page("""{"spec": {"hostPID": true}}""", """{"spec": {"hostPID": true}}"""), Is.Empty);

    [Test]
    public void FieldsThatOpenTheNodeComeFirst()
    {
        var env = string.Join(',', Enumerable.Range(0, 40).Select(i => $$"""{"name": "SETTING_{{i:00}}", "value": "on"}"""));
        var page = Page(
            """{"spec": {"containers": [{"name": "web", "image": "web:1"}]}}""",
            $$"""
            {"metadata": {"labels": {"a": "b"} },
             "spec": {"containers": [{"name": "web", "image": "web:1", "env": [{{env}}], "args": ["x"],
                      "securityContext": {"allowPrivilegeEscalation": true, "capabilities": {"add": ["SYS_ADMIN"]}, "privileged": true} }],
                      "hostPID": true, "serviceAccountName": "root", "volumes": [{"name": "h", "hostPath": {"path": "/"} }] } }
            """
        );

        Assert.That(
            page.Take(15),
            Is.EqualTo(
                new[]
                {
                    "Privileges (securityContext)",
                    "  + spec.containers[web].securityContext.privileged: true",
                    "  + spec.containers[web].securityContext.capabilities.add:",
                    "      + * SYS_ADMIN",
                    "  + spec.containers[web].securityContext.allowPrivilegeEscalation: true",
                    "Access to the node",
                    "  + spec.hostPID: true",
                    "  + spec.volumes[h].hostPath.path: /",
                    "Service account and credentials",
                    "  + spec.serviceAccountName: root",
                    "Volumes",
                    "  + spec.volumes[h].name: h",
                    "Command and arguments",
                    "  + spec.containers[web].args:",
                    "      + * x",
                }
            )
        );
        Assert.That(page.Count(l => l.Contains("SETTING_", StringComparison.Ordinal)), Is.EqualTo(80), "none of the forty is left out");
        Assert.That(page[^2..], Is.EqualTo(new[] { "Everything else", "  + metadata.labels.a: b" }));
    }

    [TestCase("""{"spec": {"nodeName": "control-plane-1"} }""", "Access to the node")]
    [TestCase("""{"spec": {"nodeSelector": {"pool": "control-plane"} } }""", "Access to the node")]
    [TestCase("""{"spec": {"tolerations": [{"operator": "Exists"}] } }""", "Access to the node")]
    [TestCase("""{"spec": {"priorityClassName": "system-node-critical"} }""", "Access to the node")]
    [TestCase(
        """{"metadata": {"annotations": {"container.apparmor.security.beta.kubernetes.io/web": "unconfined"} } }""",
        "Privileges (securityContext)"
    )]
    public void WherePodsRunAndWhatConfinesThemComesBeforeTheEnvironment(string after, string section) =>
        Assert.That(Page("{}", after)[0], Is.EqualTo(section));

    [Test]
    public void AValueIsNeverCut()
    {
        var tail = new string('x', 100_000) + "|sh";

        Assert.That(
            Page(
                """{"spec": {"containers": [{"name": "a", "args": ["--a"]}] } }""",
                $$"""{"spec": {"containers": [{"name": "a", "args": ["--a {{tail}}"]}] } }"""
            ),
            Is.EqualTo(new[] { "Command and arguments", "  ~ spec.containers[a].args", "      - * --a", $"      + * --a {tail}" })
        );
    }

    [Test]
    public void AnInsertedItemDoesNotMakeTheOthersLookChanged() =>
        Assert.That(
            Page(
                """{"spec": {"containers": [{"name": "a", "env": [{"name": "B", "value": "1"}, {"name": "C", "value": "2"}]}]}}""",
                """{"spec": {"containers": [{"name": "a", "env": [{"name": "A", "value": "0"}, {"name": "B", "value": "1"}, {"name": "C", "value": "2"}]}]}}"""
            ),
            Is.EqualTo(new[] { "Environment", "  + spec.containers[a].env[A].name: A", "  + spec.containers[a].env[A].value: 0" })
        );

    [TestCase("volumeMounts", """{"mountPath": "/a", "name": "x"}""", """{"mountPath": "/b", "name": "x"}""", "[/b]")]
    [TestCase("ports", """{"containerPort": 80}""", """{"containerPort": 81}""", "[81/TCP]")]
    [TestCase("envFrom", """{"secretRef": {"name": "a"}}""", """{"secretRef": {"name": "b"}}""", "[0]")]
    [TestCase("tolerations", """{"key": "a"}""", """{"key": "b"}""", "[0]")]
    public void ItemsAreMatchedByTheirKeyField(string list, string stays, string comes, string label)
    {
        var page = Page(
            $$"""{"spec": {"containers": [{"name": "a", "{{list}}": [{{stays}}]}] } }""",
            $$"""{"spec": {"containers": [{"name": "a", "{{list}}": [{{comes}}, {{stays}}]}] } }"""
        );

        Assert.That(
            page.Where(l => l.StartsWith("  ", StringComparison.Ordinal)),
            Is.All.StartsWith($"  + spec.containers[a].{list}{label}").And.Not.Empty
        );
    }

    [Test]
    public void OrderIsADifferenceBecauseTheLaterItemWins() =>
        Assert.That(
            Page(
                """{"spec": {"initContainers": [{"name": "a"}, {"name": "b"}]}}""",
                """{"spec": {"initContainers": [{"name": "b"}, {"name": "a"}]}}"""
            ),
            Is.EqualTo(new[] { "Everything else", "  ~ spec.initContainers (order)", "      - a", "        b", "      + a" })
        );

    [Test]
    public void ContainerThatRunsBeforeTheOthersIsMarked() =>
        Assert.That(
            Page(
                """{"spec": {"initContainers": [{"name": "a"}]}}""",
                """{"spec": {"initContainers": [{"name": "first"}, {"name": "a"}]}}"""
            ),
            Does.Contain("  ~ spec.initContainers (order)").And.Contain("      + first")
        );

    [Test]
    public void ItemsOfTheSameNameAreMatchedByPosition() =>
        Assert.That(
            Page(
                """{"spec": {"containers": [{"name": "a", "env": [{"name": "P", "value": "1"}]}]}}""",
                """{"spec": {"containers": [{"name": "a", "env": [{"name": "P", "value": "1"}, {"name": "P", "value": "evil"}]}]}}"""
            ),
            Does.Contain("  + spec.containers[a].env[1].value: evil")
        );

    [TestCase("""{"a": {}}""", """{}""", "  - a: {}")]
    [TestCase("""{}""", """{"a": []}""", "  + a: []")]
    [TestCase("""{"a": {}}""", """{"a": {"b": 1}}""", "  + a.b: 1")]
    [TestCase("""{"a": {"b": 1}}""", """{"a": {}}""", "  - a.b: 1")]
    public void EmptyValueIsNotAMissingValue(string before, string after, string line) =>
        Assert.That(Page(before, after), Does.Contain(line));

    [TestCase("1", "1.0")]
    [TestCase("true", "\"true\"")]
    [TestCase("[\"a\"]", "\"a\"")]
    [TestCase("{\"a\": 1}", "[1]")]
    [TestCase("[\"a b\"]", "[\"a\", \"b\"]")]
    [TestCase("[\"a\\n* b\"]", "[\"a\", \"b\"]")]
    [TestCase("\"a\"", "\"a \"")]
    [TestCase("\"a\"", "\"a\\n\"")]
    [TestCase("\"\"", "\" \"")]
    [TestCase("\"a\"", "\"a\\u200b\"")]
    [TestCase("[\"a\\nb\"]", "[\"a\", \"b\"]")]
    public void TwoValuesThatDifferNeverLookTheSame(string before, string after)
    {
        var difference = Between($$"""{"v": {{before}}}""", $$"""{"v": {{after}}}""").Single();

        Assert.That(difference.Before, Is.Not.EqualTo(difference.After));
    }

    [Test]
    public void ControlCharactersAreNamedInValuesNamesAndPaths()
    {
        var page = Page("{}", """{"metadata": {"annotations": {"a\u001b[2K": "x\u001b[1A\u001b[2Khidden\r\u202e\t\u0007"}}}""");

        Assert.That(
            page,
            Is.EqualTo(new[] { "Everything else", "  + metadata.annotations[a<ESC>[2K]: x<ESC>[1A<ESC>[2Khidden<CR><U+202E><TAB><U+0007>" })
        );
    }

    [Test]
    public void BlanksCannotMakeOneLineLookLikeTwo() =>
        Assert.That(
            VisibleText.Line("sh" + new string(' ', 300) + "Nothing else differs" + new string(' ', 3)),
            Is.EqualTo("sh<300 spaces>Nothing else differs<3 spaces>")
        );

    [Test]
    public void ScriptIsComparedLineByLine() =>
        Assert.That(
            Page(
                """{"spec": {"containers": [{"name": "a", "command": ["sh", "-c", "one\ntwo\n"]}]}}""",
                """{"spec": {"containers": [{"name": "a", "command": ["sh", "-c", "one\nevil\ntwo\n"]}]}}"""
            ),
            Is.EqualTo(
                new[]
                {
                    "Command and arguments",
                    "  ~ spec.containers[a].command",
                    "        * sh",
                    "        * -c",
                    "        * one",
                    "      +   evil",
                    "          two",
                    "          ",
                }
            )
        );

    [Test]
    public void ALabelWithDotsIsOneName() =>
        Assert.That(
            Page("{}", """{"metadata": {"labels": {"app.kubernetes.io/name": "web"}}}"""),
            Does.Contain("  + metadata.labels[app.kubernetes.io/name]: web")
        );

    [TestCase("standard", "1Gi")]
    [TestCase("hostpath", "2Gi")]
    public void VolumeClaimsOfAStatefulSetAreRecordedAndSigned(string storageClass, string size)
    {
        var template =
            RecordedTemplate.OfOrNull(
                Some.Parse(
                        $$$"""
                        {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db", "namespace": "shop"},
                         "spec": {"template": {"spec": {"containers": [{"name": "db", "image": "db:1"}]} },
                          "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"storageClassName": "{{{storageClass}}}", "resources": {"requests": {"storage": "{{{size}}}"} } } }] } }
                        """
                    )
                    .Read()
                    .Template
            ) ?? throw new AssertionException("no template");
        using var document = template.Read();

        Assert.That(template.MatchesHash, Is.True);
        Assert.That((template with { Claims = ReadOnlyMemory<byte>.Empty }).MatchesHash, Is.False);
        Assert.That(
            DifferencePage.Of(TemplateComparison.Between(null, document.RootElement)),
            Does.Contain($"  + volumeClaimTemplates[data].spec.storageClassName: {storageClass}")
        );
    }

    [Test]
    public void TemplateOfAMegabyteIsComparedQuickly()
    {
        var many = string.Join(',', Enumerable.Range(0, 20_000).Select(i => $$"""{"name": "N{{i}}", "value": "{{i}}"}"""));
        var differences = Between(
            """{"spec": {"containers": [{"name": "a"}]}}""",
            $$"""{"spec": {"containers": [{"name": "a", "env": [{{many}}]}] } }"""
        );

        Assert.That(differences, Has.Count.EqualTo(40_000));
    }

    private static IReadOnlyList<Difference> Between(string before, string after)
    {
        using var old = JsonDocument.Parse(before);
        using var current = JsonDocument.Parse(after);
        return TemplateComparison.Between(old.RootElement, current.RootElement);
    }

    private static List<string> Page(string before, string after) => [.. DifferencePage.Of(Between(before, after))];
}
