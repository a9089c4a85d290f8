using DeployGuard.Registry.Access;
using DeployGuard.Registry.Content;
using DeployGuard.Registry.References;
using DeployGuard.Registry.Transport;

namespace DeployGuard.Registry.Lookups;

/// <summary>
/// Looks for statements about one digest in one repository, in all places where tools put them: the referrers API, the tag that stands in
/// for it, and the tags of older tools. An empty place says nothing of the others.
/// </summary>
internal sealed class StatementReader(RepositoryReader repository, Digest subject, LookupBudget budget, LookupLimits limits)
{
    public Task<Place[]> ReadAsync(CancellationToken cancel)
    {
        var image = $"{repository.Repository}@{subject}";
        return Task.WhenAll(
            new Place($"referrers of {image}").LookAsync(place => ReferrersAsync(place, cancel)),
            new Place($"tag {subject.Tag} of {repository.Repository}").LookAsync(place => FallbackTagAsync(place, cancel)),
            new Place($"tag {subject.Tag}.att of {repository.Repository}").LookAsync(place => ClassicTagAsync(place, ".att", cancel)),
            new Place($"tag {subject.Tag}.sig of {repository.Repository}").LookAsync(place => ClassicTagAsync(place, ".sig", cancel))
        );
    }

    private async Task<IReadOnlyList<Statement>> ReferrersAsync(Place place, CancellationToken cancel)
    {
        if (await repository.ReferrersAsync(subject, cancel) is { } referrers)
        {
            return await OpenAsync(place, referrers, cancel);
        }

        place.Outcome = "the registry has no referrers API";
        return [];
    }

    private async Task<IReadOnlyList<Statement>> FallbackTagAsync(Place place, CancellationToken cancel)
    {
        var index = await repository.TaggedAsync(subject.Tag, cancel);
        if (index is { IsIndex: false })
        {
            place.Refuse("is no index");
        }

        return index is { IsIndex: true } ? await OpenAsync(place, Referrers.None.With(index, limits.Referrers), cancel) : [];
    }

    private async Task<IReadOnlyList<Statement>> ClassicTagAsync(Place place, string suffix, CancellationToken cancel) =>
        await repository.TaggedAsync(subject.Tag + suffix, cancel) is { } manifest ? await OpenAsync(place, manifest, cancel) : [];

    private async Task<IReadOnlyList<Statement>> OpenAsync(Place place, Referrers referrers, CancellationToken cancel)
    {
        if (!referrers.IsComplete)
        {
            place.RefuseRest($"lists more than can be read; {referrers.Members.Count} were opened");
        }

        var opened = await Task.WhenAll(referrers.Members.Select(m => OpenMemberAsync(place, m, cancel)));
        place.Outcome = referrers.Members.Count == 0 ? "nothing there" : $"{referrers.Members.Count} members, none of them a statement";
        return [.. opened.SelectMany(s => s)];
    }

    /// <summary>The manifest itself says what it is; its descriptor may say something else.</summary>
    private async Task<IReadOnlyList<Statement>> OpenMemberAsync(Place place, Descriptor member, CancellationToken cancel)
    {
        try
        {
            if (member.Size <= limits.MemberBytes && await repository.MemberAsync(member.Digest, cancel) is { } manifest)
            {
                return await OpenAsync(place, manifest, cancel);
            }

            place.Refuse($"{member.Digest} is {(member.Size > limits.MemberBytes ? "too large" : "missing")}");
        }
        catch (RegistryException e) when (e.IsFinal)
        {
            place.Refuse(e);
        }

        return [];
    }

    private async Task<IReadOnlyList<Statement>> OpenAsync(Place place, Manifest manifest, CancellationToken cancel)
    {
        if (manifest.EntriesNotRead > 0)
        {
            place.RefuseRest($"{manifest.Digest} has {manifest.EntriesNotRead} layers more than can be read");
        }

        var layers = await Task.WhenAll(manifest.Layers.Select(l => ReadLayerAsync(place, manifest, l, cancel)));
        return [.. layers.OfType<Statement>()];
    }

    private async Task<Statement?> ReadLayerAsync(Place place, Manifest manifest, Descriptor layer, CancellationToken cancel)
    {
        if (TypeOf(manifest, layer) is not { } type || !MayRead(place, manifest, layer))
        {
            return null;
        }

        try
        {
            var content = await repository.BlobAsync(layer, cancel);
            return new Statement(subject, place.Name, manifest.Digest, type, content, layer.Annotations, manifest.Annotations);
        }
        catch (RegistryException e) when (e.IsFinal)
        {
            place.Refuse(e);
            return null;
        }
    }

    private static string? TypeOf(Manifest manifest, Descriptor layer) =>
        ((string?[])[layer.MediaType, manifest.ArtifactType, manifest.Config?.MediaType]).FirstOrDefault(t =>
            t is not null && MediaTypes.IsStatement(t)
        );

    /// <summary>Before anything is read: what the descriptor claims is checked against the content later.</summary>
    private bool MayRead(Place place, Manifest manifest, Descriptor layer)
    {
        var reservation = budget.Reserve(subject, manifest.Digest, layer.Digest);
        if (reservation == Reservation.TooMany)
        {
            place.RefuseRest($"{layer.Digest} is one of more than {limits.Referrers} statements");
            return false;
        }

        if (reservation == Reservation.Known)
        {
            return false;
        }

        // No statement that counts is so large, while lists of components often are.
        if (layer.Size > limits.BlobBytes)
        {
            place.Refuse($"{layer.Digest} has {layer.Size} bytes, more than {limits.BlobBytes}");
            return false;
        }

        if (!(budget.TakeBytes(layer.Size) && budget.Take(layer.Annotations) && budget.Take(manifest.Annotations)))
        {
            place.RefuseRest($"{layer.Digest} is beyond the {limits.ResultBytes} bytes that one lookup keeps");
            return false;
        }

        return true;
    }
}
