using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;

namespace DeployGuard.Core.Policies;

/// <summary>Reads what the block <c>origin</c> says of evidence in registries.</summary>
internal static class SignedOriginReader
{
    private const int MostKeys = 20;

    private const string NoRegistries = "is missing: list the registries that may be asked, such as {host: ghcr.io}";

    /// <summary>Null without keys and without <c>imageLabels: Read</c>: then no registry is ever asked.</summary>
    public static SignedOrigin? Read(StrictObject origin)
    {
        var keys = origin.Objects("keys", OriginKeyReader.Read);
        var signed = new SignedOrigin
        {
            Keys = keys,
            Sources = origin.Objects("sources", ReadSource),
            Registries = origin.Objects("registries", OriginRegistryReader.Read),
            OnUnavailable = origin.Enum("onUnavailable", OnUnavailable.Refuse),
            ImageLabels = origin.Enum("imageLabels", ImageLabels.Ignore),
            ReviewThreshold = origin.Int("reviewThreshold", 1, 1, MostKeys),
            Summaries = origin.Block("vsa", SummaryRulesReader.Read) ?? SummaryRules.Nothing,
        };
        OriginRegistryReader.Compare(origin, signed.Registries);
        if (keys.Count == 0)
        {
            return WithoutKeys(origin, signed);
        }

        OriginKeyReader.Compare(origin, keys);
        CheckThreshold(origin, signed);
        SummaryRulesReader.Compare(origin, signed);
        CheckSources(origin, signed);
        if (keys.Count > MostKeys)
        {
            origin.Error("keys", $"has {keys.Count} keys; the limit is {MostKeys}");
        }

        return signed;
    }

    private static SignedOrigin? WithoutKeys(StrictObject origin, SignedOrigin signed)
    {
        var readsLabels = signed.ImageLabels is ImageLabels.Read;
        foreach (var name in ((string[])["keys", "sources", "reviewThreshold", "vsa"]).Where(origin.Has))
        {
            origin.Error(name, name == "keys" ? "must have at least one key" : "needs origin.keys: nothing signed counts without a key");
        }

        foreach (var name in ((string[])["registries", "onUnavailable"]).Where(n => !readsLabels && origin.Has(n)))
        {
            origin.Error(name, "needs origin.keys or origin.imageLabels: Read: without them no registry is asked");
        }

        if (readsLabels && signed.Registries.Count == 0)
        {
            origin.Error("registries", NoRegistries);
        }

        return readsLabels ? signed : null;
    }

    private static void CheckThreshold(StrictObject origin, SignedOrigin signed)
    {
        var keys = signed.Keys.Count(k => k.Role is KeyRole.SourceReview);
        if (signed.ReviewThreshold > Math.Max(1, keys))
        {
            origin.Error(
                "reviewThreshold",
                $"{signed.ReviewThreshold} is more than {(keys == 1 ? "the one key" : $"the {keys} keys")} of the role SourceReview"
            );
        }
        else if (keys == 0 && origin.Has("reviewThreshold"))
        {
            origin.Error("reviewThreshold", "needs keys of the role SourceReview");
        }
    }

    private static void CheckSources(StrictObject origin, SignedOrigin signed)
    {
        if (signed.Sources.Count == 0)
        {
            origin.Error("sources", "is missing: say which repository may stand behind which images, or no statement could count");
        }

        if (signed.Registries.Count == 0)
        {
            origin.Error("registries", NoRegistries);
            return;
        }

        var hosts = signed.Registries.Select(r => r.Host).ToHashSet(StringComparer.Ordinal);
        foreach (var (source, i) in signed.Sources.Select((source, i) => (source, i)))
        {
            foreach (var (image, at) in source.Images.Select((image, at) => (image, at)).Where(s => !hosts.Contains(HostOf(s.image))))
            {
                origin.Error($"sources[{i}].images[{at}]", $"{HostOf(image)} is not in origin.registries, so it would never be asked");
            }
        }
    }

    private static string HostOf(string image) => image.Split('/')[0];

    private static OriginSource ReadSource(StrictObject source)
    {
        var images = source.Strings("images");
        var (repository, refs) = (source.Text("repository") ?? "", source.Strings("refs"));
        if (images.Count == 0)
        {
            source.Error("images", "must name at least one repository of images, such as ghcr.io/acme/checkout or ghcr.io/acme/*");
        }

        foreach (var (image, i) in images.Select((image, i) => (image, i)).Where(s => ImagePattern.Normal(s.image) is null))
        {
            source.Error(
                $"images[{i}]",
                $"\"{image}\" is no repository of images; write it without tag and digest, such as ghcr.io/acme/checkout or ghcr.io/acme/*"
            );
        }

        if (RepositoryUri.Parse(repository) is not { Ref: null })
        {
            source.Error("repository", $"\"{repository}\" is no address of a repository, such as https://github.com/acme/checkout");
        }

        if (refs.Count == 0)
        {
            source.Error("refs", "must name at least one ref, such as refs/heads/main or refs/tags/*");
        }

        foreach (var (name, i) in refs.Select((name, i) => (name, i)).Where(r => !IsRef(r.name)))
        {
            source.Error($"refs[{i}]", $"\"{name}\" is no whole ref; write refs/heads/main, or refs/tags/* for all below it");
        }

        return new OriginSource([.. images.Select(ImagePattern.Normal).OfType<string>()], repository, refs);
    }

    private static bool IsRef(string name) =>
        name.StartsWith("refs/", StringComparison.Ordinal)
        && name.Length > "refs/".Length
        && name.IndexOf('*', StringComparison.Ordinal) is var star
        && (star < 0 || star == name.Length - 1);
}
