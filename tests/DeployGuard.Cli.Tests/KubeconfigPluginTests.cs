using System.Runtime.Versioning;

namespace DeployGuard.Cli.Tests;

/// <summary>A failing credential plugin of a kubeconfig gives an error of one line, without a stack trace.</summary>
[UnsupportedOSPlatform("windows")]
public class KubeconfigPluginTests
{
    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("deployguard-test-").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [TestCase("")]
    [TestCase("exit 1")]
    [TestCase("echo 'log in first' >&2; exit 1")]
    [TestCase("echo text")]
    [TestCase("echo '{}'")]
    [TestCase("""echo '{"apiVersion": "client.authentication.k8s.io/v0", "kind": "ExecCredential", "status": {"token": "t"}}'""")]
    [TestCase("""echo '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential"}'""")]
    [TestCase("""echo '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "a\\nb"}}'""")]
    [TestCase(
        """echo '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"clientCertificateData": "a", "clientKeyData": "b"}}'"""
    )]
    public async Task AFailingPluginIsAnErrorOfOneLine(string script)
    {
        var plugin = Path.Combine(_folder, "plugin");
        await File.WriteAllTextAsync(plugin, $"#!/bin/sh\n{script}\n");
        File.SetUnixFileMode(plugin, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        await ExpectOneLineAsync(plugin);
    }

    [Test]
    public Task AMissingPluginIsAnErrorOfOneLine() => ExpectOneLineAsync(Path.Combine(_folder, "nowhere"));

    private async Task ExpectOneLineAsync(string plugin)
    {
        var file = Path.Combine(_folder, "config");
        await File.WriteAllTextAsync(
            file,
            $$$"""
            current-context: c
            clusters: [{name: k, cluster: {server: "http://127.0.0.1:1"}}]
            contexts: [{name: c, context: {cluster: k, user: u}}]
            users:
            - name: u
              user:
                exec: {apiVersion: client.authentication.k8s.io/v1, command: {{{plugin}}}, interactiveMode: Never }
            """
        );

        var run = await CommandRun.OfAsync("changes", "--kubeconfig", file);

        Assert.That(run.ExitCode, Is.EqualTo(2), run.Error);
        Assert.That(
            run.Error,
            Does.StartWith($"error: no cluster: {file}: not a usable kubeconfig: ").And.Not.Contain("\n").And.Not.Contain("   at ")
        );
    }
}
