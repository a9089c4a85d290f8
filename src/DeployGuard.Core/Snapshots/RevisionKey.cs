using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Snapshots;

/// <summary>The key under which a revision is proven.</summary>
internal static class RevisionKey
{
    /// <summary>
    /// The template hash; or the images, by digest if possible, so that a canary in a second Deployment can prove them for the first.
    /// </summary>
    public static string Of(CanaryCovers covers, string templateHash, IReadOnlyList<string> images) =>
        covers is CanaryCovers.Images && images.Count > 0
            ? string.Join('\n', images.Select(i => new ImageReference(i).Digest ?? i).Order(StringComparer.Ordinal))
            : templateHash;

    public static string Of(CanaryCovers covers, Workload spec) => Of(covers, spec.Template.Hash, spec.Template.ImageNames);

    public static string Of(CanaryCovers covers, Change change) => Of(covers, change.TemplateHash, change.PodImages);

    /// <summary>A short name for messages: <c>web@sha256:27dd8ed4</c>, or the first digits of the template hash.</summary>
    public static string Show(string templateHash, IReadOnlyList<string> images)
    {
        if (images.Count == 0)
        {
            return $"template {TemplateHash.DigitsOf(templateHash)[..8]}";
        }

        var first = images[0][(images[0].LastIndexOf('/') + 1)..];
        var digest = first.IndexOf('@', StringComparison.Ordinal);
        return (digest >= 0 && first.Length > digest + 16 ? first[..(digest + 16)] : first)
            + (images.Count > 1 ? $" +{images.Count - 1}" : "");
    }
}
