using System.CommandLine;
using DeployGuard.Cli.Commands;
using DeployGuard.Cli.Inputs;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Workloads;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Attest;

/// <summary>Pod templates as subjects of a statement, by the hash that the cluster knows them by.</summary>
internal sealed class TemplateSubjects(ParseResult parsed, ManifestInputs inputs)
{
    /// <exception cref="ManifestException">
    /// A file cannot be read, has no workload, or has one whose hash in the cluster would be another one.
    /// </exception>
    public IReadOnlyList<StatementSubject> Of(IReadOnlyList<string> files) => [.. files.SelectMany(Of)];

    private IEnumerable<StatementSubject> Of(string file)
    {
        var workloads = new CheckCase(CheckOptions.Reader(parsed));
        foreach (var manifest in inputs.Read(file, Fail, _ => { }))
        {
            workloads.Add(manifest);
        }

        return workloads.Requests().ToList() is { Count: > 0 } requests
            ? requests.Select(Subject)
            : throw new ManifestException($"--manifest {file}: has no workload");
    }

    private static StatementSubject Subject(CheckedRequest workload)
    {
        if (!workload.IsDefaulted)
        {
            throw new ManifestException(
                $"--manifest {workload.Place}: lacks the defaults of the API server, so that its hash is not the one in the cluster; write it "
                    + "as the server would store it: kubectl apply --dry-run=server -o yaml -f FILE"
            );
        }

        var after = workload.Request.After ?? throw new InvalidOperationException("a workload of a file is what comes after");
        try
        {
            return StatementSubject.Of($"{after.Ref}", StatementSubject.TemplateHash, after.Template.Hash);
        }
        catch (MalformedObjectException wrong)
        {
            throw new ManifestException($"--manifest {workload.Place}: {wrong.Message}", wrong);
        }
    }

    private static void Fail(ManifestException wrong) => throw wrong;
}
