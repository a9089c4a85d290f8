using DeployGuard.Registry.Access;
using DeployGuard.Registry.Content;
using DeployGuard.Registry.References;
using DeployGuard.Registry.Transport;

namespace DeployGuard.Registry.Lookups;

/// <summary>Reads what an image says about itself.</summary>
internal sealed class ImageReader(RepositoryReader repository, Place place, LookupBudget budget, LookupLimits limits)
{
    private static readonly Dictionary<string, string> s_none = [];

    /// <summary>Null if there is no such image.</summary>
    public async Task<ImageFacts?> ReadAsync(Digest digest, bool labels, CancellationToken cancel)
    {
        if (await repository.ManifestAsync(digest, cancel) is not { } manifest)
        {
            return null;
        }

        var platforms = PlatformsOf(manifest);
        var read = platforms.Take(limits.Platforms).ToList();
        var further = platforms.Count - read.Count + (manifest.IsIndex ? manifest.EntriesNotRead : 0);
        if (further > 0)
        {
            place.Refuse($"has {read.Count + further} platforms; the first {read.Count} were looked at");
        }

        var facts = await Task.WhenAll(read.Select(p => ReadPlatformAsync(p, labels, cancel)));
        return new ImageFacts(
            digest,
            manifest.MediaType,
            Kept(manifest.Annotations),
            labels && !manifest.IsIndex ? await LabelsAsync(manifest, cancel) : null,
            facts,
            further
        )
        {
            IsWhole = place.Refused.Count == 0,
        };
    }

    /// <summary>
    /// Entries of an unknown platform hold statements of the builder. One that names no platform may be run: containerd then reads it from
    /// the image.
    /// </summary>
    private static List<Descriptor> PlatformsOf(Manifest index) =>
        [.. index.Manifests.Where(m => !m.IsOfNoPlatform).DistinctBy(m => m.Digest)];

    private async Task<PlatformFacts> ReadPlatformAsync(Descriptor platform, bool labels, CancellationToken cancel)
    {
        var facts = new PlatformFacts(platform.Platform ?? "", platform.Digest, Kept(platform.Annotations), null);
        if (!labels)
        {
            return facts;
        }

        try
        {
            if (await repository.ManifestAsync(platform.Digest, cancel) is { } manifest)
            {
                return facts with
                {
                    Annotations = Merged(facts.Annotations, Kept(manifest.Annotations)),
                    Labels = await LabelsAsync(manifest, cancel),
                };
            }

            // A mirror need not hold every platform.
            place.Refuse($"the image of {(facts.Platform.Length > 0 ? facts.Platform : "a platform without a name")} is missing");
        }
        catch (RegistryException e) when (e.IsFinal)
        {
            // One platform that cannot be read must not make unavailable what is said of the others.
            place.Refuse(e);
        }

        return facts;
    }

    private async Task<IReadOnlyDictionary<string, string>> LabelsAsync(Manifest manifest, CancellationToken cancel)
    {
        if (manifest.Config is not { } config || !MediaTypes.IsImageConfig(config.MediaType))
        {
            return s_none;
        }

        try
        {
            if (ManifestParser.TryReadLabels(await repository.BlobAsync(config, cancel)) is { } labels)
            {
                return Kept(labels);
            }

            place.Refuse($"its configuration {config.Digest} cannot be read");
        }
        catch (RegistryException e) when (e.IsFinal)
        {
            place.Refuse(e);
        }

        return s_none;
    }

    private IReadOnlyDictionary<string, string> Kept(IReadOnlyDictionary<string, string> texts)
    {
        if (budget.Take(texts))
        {
            return texts;
        }

        place.Refuse($"its labels and annotations are beyond the {limits.ResultBytes} bytes that one lookup keeps");
        return s_none;
    }

    private static Dictionary<string, string> Merged(
        IReadOnlyDictionary<string, string> entry,
        IReadOnlyDictionary<string, string> manifest
    ) => manifest.Concat(entry.Where(e => !manifest.ContainsKey(e.Key))).ToDictionary(e => e.Key, e => e.Value, StringComparer.Ordinal);
}
