using System.Runtime.Versioning;

namespace DeployGuard.Cli.Tests;

/// <summary>Kustomizations, with a kubectl that is a script on a PATH of its own.</summary>
[NonParallelizable]
[UnsupportedOSPlatform("windows")]
public class KustomizationTests
{
    private string _folder = "";
    private string? _path;

    [SetUp]
    public void MakeFolder()
    {
        _folder = Directory.CreateTempSubdirectory("deployguard-test-").FullName;
        _path = Environment.GetEnvironmentVariable("PATH");
        Directory.CreateDirectory(Path.Combine(_folder, "bin"));
        Directory.CreateDirectory(Path.Combine(_folder, "overlay"));
        Environment.SetEnvironmentVariable("PATH", Path.Combine(_folder, "bin"));
        File.WriteAllText(Path.Combine(_folder, "overlay", "kustomization.yaml"), "resources: [../base]");
    }

    [TearDown]
    public void DeleteFolder()
    {
        Environment.SetEnvironmentVariable("PATH", _path);
        Directory.Delete(_folder, recursive: true);
    }

    [TestCase("overlay")]
    [TestCase("overlay/kustomization.yaml")]
    public async Task TheOutputOfKustomizeIsEvaluated(string given)
    {
        Kubectl(
            """echo "{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"$1\", \"namespace\": \"shop\"}, \"spec\": {\"containers\": [{\"name\": \"a\", \"image\": \"a:1\"}]}}" """
        );
        var run = await CommandRun.OfAsync("check", "-f", Path.Combine(_folder, given));
        Assert.That(
            run,
            Is.EqualTo(
                new CommandRun(
                    0,
                    $"{_folder}/overlay (built by kubectl kustomize):1: Pod shop/kustomize allowed (no policy matches)",
                    "No SafeguardPolicy was given, so nothing can be refused; pass some with --policies\nChecked 1 workload: 1 allowed"
                )
            )
        );
    }

    [Test]
    public async Task AFolderThatBeginsWithADashIsNotReadAsAFlag()
    {
        Kubectl("echo \"got $2\" >&2; exit 1");
        var current = Environment.CurrentDirectory;
        Directory.Move(Path.Combine(_folder, "overlay"), Path.Combine(_folder, "-x"));
        Environment.CurrentDirectory = _folder;
        try
        {
            Assert.That(
                (await CommandRun.OfAsync("check", "-f=-x")).Error,
                Does.EndWith("error: -x: kubectl kustomize cannot build it: got ./-x")
            );
        }
        finally
        {
            Environment.CurrentDirectory = current;
        }
    }

    [Test]
    public async Task AnErrorOfKustomizeIsReported()
    {
        Kubectl("echo 'no such base' >&2; exit 1");
        var run = await CommandRun.OfAsync("check", "-f", Path.Combine(_folder, "overlay"));
        Assert.That(
            run,
            Is.EqualTo(
                new CommandRun(
                    2,
                    "",
                    $"Checked no workloads; 1 error\nerror: {_folder}/overlay: kubectl kustomize cannot build it: no such base"
                )
            )
        );
    }

    [Test]
    public async Task WithoutKubectlTheErrorNamesTheCommandToRun()
    {
        var run = await CommandRun.OfAsync("check", "-f", Path.Combine(_folder, "overlay"));
        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(
            run.Error,
            Does.EndWith($"On a machine with kubectl, run: kubectl kustomize {_folder}/overlay | deployguard check -f -")
        );
    }

    private void Kubectl(string script)
    {
        var file = Path.Combine(_folder, "bin", "kubectl");
        File.WriteAllText(file, $"#!/bin/sh\n{script}\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }
}
