namespace DeployGuard.Registry.Content;

/// <summary>The members of a list of referrers that are to be opened.</summary>
/// <param name="IsComplete">There are no others.</param>
internal sealed record Referrers(IReadOnlyList<Descriptor> Members, bool IsComplete)
{
    public static Referrers None { get; } = new([], IsComplete: true);

    /// <summary>
    /// With those of another page, as far as the bound allows. What a descriptor says of its type decides only the order: some tools write
    /// a type there that is not the one of the manifest.
    /// </summary>
    public Referrers With(Manifest page, int limit)
    {
        var all = Members.Concat(page.Manifests).DistinctBy(d => d.Digest).OrderBy(Rank).ToList();
        return new Referrers([.. all.Take(limit)], IsComplete && all.Count <= limit && page.EntriesNotRead == 0);
    }

    private static int Rank(Descriptor member) =>
        member.ArtifactType switch
        {
            { } type when MediaTypes.IsStatement(type) => 0,
            null or MediaTypes.Empty => 1,
            _ => 2,
        };
}
