namespace DeployGuard.Cli.Tests;

/// <summary>A kubeconfig that cannot be used is named, with what is wrong with it.</summary>
public class KubeconfigTests
{
    [TestCase("/dev/null", "not a kubeconfig: it holds nothing. Name another with --kubeconfig or KUBECONFIG")]
    [TestCase("/tmp", "cannot be read as a kubeconfig: ")]
    [TestCase("/nowhere/config", "no such file; name your kubeconfig with --kubeconfig or KUBECONFIG")]
    public async Task WhatIsNoFileIsNamed(string file, string error)
    {
        var run = await CommandRun.OfAsync("changes", "--kubeconfig", file);
        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Error, Does.StartWith($"error: no cluster: {file}: {error}"));
    }

    [TestCase("\u0001\u0002", ":1: not a kubeconfig: expected an object, found a string")]
    [TestCase("a: [", ":2: not YAML: ")]
    [TestCase("hello", ":1: not a kubeconfig: expected an object, found a string")]
    [TestCase("clusters: text", ":1: not a kubeconfig: clusters: expected a list, found a string")]
    [TestCase("users: [{name: u, user: {client-key-data: '*'}}]", ":1: not a kubeconfig: users[0].user.client-key-data: is not base64")]
    public async Task AFileOfSomethingElseIsNamedWithItsLine(string content, string error)
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, content);
            var run = await CommandRun.OfAsync("doctor", "--kubeconfig", file);
            Assert.That(run.ExitCode, Is.EqualTo(2));
            Assert.That(run.Error, Does.StartWith($"error: no cluster: {file}{error}"));
        }
        finally
        {
            File.Delete(file);
        }
    }
}
