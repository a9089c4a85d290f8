using DeployGuard.Cluster.Files;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cli;

/// <summary>What is about to be approved, and what an approver is shown of it.</summary>
internal sealed record Subject(WorkloadRef Workload, string TemplateHash, IReadOnlyList<string> Images, string Description)
{
    public static Subject Of(ChangeView change)
    {
        var recorded = change.Recorded ?? throw new ManifestException($"change {change.Name} is not as DeployGuard writes it");
        var evidence = recorded.Evidence.Count == 0 ? "" : $" ({string.Join(", ", recorded.Evidence.Select(e => $"{e.Source} {e.Key}: {e.Value}"))})";
        List<string> lines =
        [
            $"Change    {change.Name}, {change.Phase}",
            $"Workload  {recorded.Workload}",
            $"Origin    {change.Origin}{evidence}",
            $"Asked by  {string.Join(", ", recorded.Requesters)}",
            .. change.Images.Select((image, i) => $"{(i == 0 ? "Images" : ""),-10}{image}"),
            .. change.Diff.Select((diff, i) => $"{(i == 0 ? "Diff" : ""),-10}{diff}"),
            .. change.Findings.Select((finding, i) => $"{(i == 0 ? "Missing" : ""),-10}{finding}"),
        ];
        return new Subject(recorded.Workload, recorded.TemplateHash, recorded.Images, string.Join('\n', lines));
    }

    /// <summary>A workload and hash, ahead of any Change.</summary>
    /// <exception cref="ManifestException">The kind is not known, or the hash is none.</exception>
    public static Subject Ahead(string kind, string name, string @namespace, string hash)
    {
        var known = WorkloadKinds.BuiltIn.Find(kind)
            ?? throw new ManifestException($"{kind}/{name}: {kind} is not one of {string.Join(", ", WorkloadKinds.BuiltIn.Names)}");
        var hex = hash.StartsWith(CanonicalTemplate.HashPrefix, StringComparison.Ordinal) ? hash[CanonicalTemplate.HashPrefix.Length..] : hash;
        if (hex.Length != 64 || !hex.All(char.IsAsciiHexDigitLower))
        {
            throw new ManifestException($"--hash {hash}: expected 64 lower-case hex digits");
        }

        var workload = new WorkloadRef(known.ApiGroup, known.Kind, @namespace, name);
        return new Subject(workload, CanonicalTemplate.HashPrefix + hex, [], $"Workload  {workload}\nHash      {hex}\nThere is no Change to look at: make sure that you know what this hash stands for.");
    }
}
