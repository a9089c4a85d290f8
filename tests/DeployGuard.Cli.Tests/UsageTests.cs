namespace DeployGuard.Cli.Tests;

/// <summary>What the command line says where a command or an argument is left out: the next thing to type.</summary>
public class UsageTests
{
    [TestCase("", "error: no command is given", "to list the commands, run: deployguard --help")]
    [TestCase("keys", "error: no command is given", "for example: deployguard keys generate source-review")]
    [TestCase(
        "keys generate",
        "error: Required argument 'NAME' missing for command: 'generate'.",
        "for example: deployguard keys generate source-review"
    )]
    [TestCase(
        "verify",
        "error: Required argument 'IMAGE|FILE' missing for command: 'verify'.",
        "for example: deployguard verify registry.example.com/checkout@sha256:... --policy tier-1.yaml --base 0c4f6a7d2b11..."
    )]
    public async Task WhatIsLeftOutIsShownByAnExample(string command, string error, string example)
    {
        var run = await CommandRun.OfAsync(command.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.That((run.ExitCode, run.Output), Is.EqualTo((2, "")));
        Assert.That(run.Error.Split('\n', StringSplitOptions.TrimEntries), Is.EqualTo(new[] { error, example }));
    }

    [Test]
    public async Task AMissingOptionNeedsNoExample()
    {
        var run = await CommandRun.OfAsync("sign", "web.tgz", "--key", "x.key", "--predicate-type", "https://example.com/v1");
        Assert.That((run.ExitCode, run.Error), Is.EqualTo((2, "error: Option '--predicate' is required.")));
    }

    /// <summary>It was given, and is not known.</summary>
    [Test]
    public async Task AMisspeltCommandIsNotCalledMissing()
    {
        var run = await CommandRun.OfAsync("break-glass");
        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(
            run.Output + run.Error,
            Does.Contain("breakglass").And.Contain("error: Unrecognized command or argument 'break-glass'.")
        );
        Assert.That(run.Error, Does.Not.Contain("no command").And.Not.Contain("Required").And.Not.Contain("for example"));
    }
}
