namespace DeployGuard.Cli.Tests;

/// <summary>A command that a person copies does with a name what it says, whatever is in the name.</summary>
public class ShellTextTests
{
    [TestCase("INC-1", "INC-1")]
    [TestCase("", "''")]
    [TestCase("orders fail", "'orders fail'")]
    [TestCase("o'hara; rm x", "'o'\\''hara; rm x'")]
    [TestCase("$(id)", "'$(id)'")]
    public void WhatAShellWouldReadIsQuoted(string text, string expected) => Assert.That(ShellText.Argument(text), Is.EqualTo(expected));

    [Test]
    public async Task AShellReadsTheTextBack()
    {
        const string Text = "o'hara \"$HOME\" `id` \\ *";
        using var shell = System.Diagnostics.Process.Start(
            new System.Diagnostics.ProcessStartInfo("sh", ["-c", $"printf %s {ShellText.Argument(Text)}"]) { RedirectStandardOutput = true }
        );

        Assert.That(shell, Is.Not.Null);
        Assert.That(await shell.StandardOutput.ReadToEndAsync(), Is.EqualTo(Text));
        await shell.WaitForExitAsync();
    }
}
