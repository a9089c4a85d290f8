using DeployGuard.Registry.Content;
using DeployGuard.Registry.References;
using DeployGuard.Registry.Transport;

namespace DeployGuard.Registry.Pushes;

/// <summary>
/// Adds an entry to a list that a tag names. Registries have no locks: another writer may replace the list between reading and writing, so
/// it is read once more, and the entry is added again if it was lost.
/// </summary>
internal sealed class TagUpdate(RepositoryReader reader, RepositoryWriter writer, TimeProvider time)
{
    private const int Attempts = 6;

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    /// <param name="list">The field that holds the entries.</param>
    /// <param name="entry">The digest of the new one.</param>
    /// <param name="added">The new content, from the former one or from nothing.</param>
    /// <returns>The digest of what the tag names now.</returns>
    /// <exception cref="RegistryException">It was not stored.</exception>
    public async Task<Digest> AddAsync(
        string tag,
        string mediaType,
        string list,
        Digest entry,
        Func<byte[]?, Task<byte[]>> added,
        CancellationToken cancel
    )
    {
        for (var attempt = 1; attempt <= Attempts; attempt++)
        {
            await writer.ManifestAsync(tag, mediaType, await added(await reader.TaggedBytesAsync(tag, cancel)), cancel);
            if (await reader.TaggedBytesAsync(tag, cancel) is { } now && OciJson.Lists(now, list, entry))
            {
                return Digest.Of(now);
            }

            // Not all at the same moment, or they would overwrite each other again.
            await Task.Delay(s_pause * (attempt + Random.Shared.NextDouble()), time, cancel);
        }

        throw new RegistryException(
            FailureCause.Unexpected,
            $"tag {tag} of {reader.Repository}: others overwrote it {Attempts} times, or the registry does not show what was stored; retry"
        );
    }
}
