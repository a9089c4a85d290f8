using System.Text.Json.Nodes;
using DeployGuard.Core.Comparison;

namespace DeployGuard.Core.Tests;

/// <summary>The few lines about a change that its record carries.</summary>
public class TemplateDiffTests
{
    [Test]
    public void TruncatedValueShowsWhereItDiffers()
    {
        var start = Some.Image.Zip(Some.OtherImage).TakeWhile(p => p.First == p.Second).Count();

        Assert.That(
            Between(Some.Deployment(), Some.Deployment(Some.OtherImage)),
            Is.EqualTo(
                new[]
                {
                    $"spec.containers[web].image: differs at character {start + 1}: ...{Piece(Some.Image, start)} -> "
                        + $"...{Piece(Some.OtherImage, start)}",
                }
            )
        );
    }

    [Test]
    public void ALengthenedCommandNeverLooksTheSame()
    {
        var command = "--config=/etc/web/config.yaml --listen=:8080 --log-level=info --log-format=json";

        var line = Between(WithArgument(command), WithArgument($"{command} --then=evil")).Single();

        Assert.That(
            line,
            Is.EqualTo(
                "spec.containers[web].args: differs at character 82: ...log-format=json (cut from 81 characters) -> "
                    + "...log-format=json --then=evil (cut from 93 characters)"
            )
        );
    }

    [Test]
    public void EveryFieldOfANewWorkloadIsNew()
    {
        var lines = Between(null, Some.Deployment().With("spec/template/spec/containers/0/command", """["sh", "-c"]"""));

        Assert.That(
            lines,
            Does.Contain("spec.containers[web].command: (absent) -> * sh<LF>* -c").And.Contain("metadata.labels.app: (absent) -> web")
        );
    }

    [Test]
    public void ThirtySettingsDoNotHidePrivileged()
    {
        var env = new JsonArray([.. Enumerable.Range(0, 30).Select(i => (JsonNode)new JsonObject { ["name"] = $"A{i}", ["value"] = "x" })]);

        var lines = Between(
            Some.Deployment(),
            Some.Deployment()
                .With("spec/template/spec/containers/0/env", env.ToJsonString())
                .With("spec/template/spec/containers/0/securityContext", """{"privileged": true}""")
        );

        Assert.That(lines[0], Is.EqualTo("spec.containers[web].securityContext.privileged: (absent) -> true"));
        Assert.That(lines[^1], Is.EqualTo("... and 41 more: kubectl deployguard show"));
    }

    private static JsonObject WithArgument(string argument) =>
        Some.Deployment().With("spec/template/spec/containers/0/args", $"""["{argument}"]""");

    private static string Piece(string image, int start) =>
        $"{image[(start - 15)..Math.Min(image.Length, start + 45)]}{(start + 45 < image.Length ? "..." : "")} (cut from "
        + $"{image.Length} characters)";

    private static IReadOnlyList<string> Between(JsonObject? before, JsonObject after) =>
        TemplateDiff.Between(before?.Read().Template.Canonical, after.Read().Template.Canonical);
}
