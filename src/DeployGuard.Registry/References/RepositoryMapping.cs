namespace DeployGuard.Registry.References;

/// <summary>
/// Says where the repositories below a prefix are found under another one: with <c>mirror.corp/hub</c> and <c>docker.io</c>,
/// <c>mirror.corp/hub/library/nginx</c> is <c>docker.io/library/nginx</c>.
/// </summary>
/// <param name="From">A host, or a host and the beginning of a path, up to a slash.</param>
/// <param name="To">The same, in its place.</param>
public sealed record RepositoryMapping(string From, string To)
{
    /// <summary>Null if the repository is not below the prefix.</summary>
    public RepositoryName? Map(RepositoryName repository)
    {
        var name = repository.ToString();
        var from = Normal(From);
        return name.StartsWith($"{from}/", StringComparison.Ordinal) ? RepositoryName.TryParse($"{Normal(To)}{name[from.Length..]}") : null;
    }

    /// <summary>What is wrong with it; null if nothing is.</summary>
    public string? Mistake =>
        IsPrefix(From) && IsPrefix(To)
            ? null
            : $"\"{From}\" to \"{To}\": write each as a host, or as a host and a path, such as ghcr.io/acme";

    private static bool IsPrefix(string text)
    {
        var host = text.Split('/')[0];
        return host.AsSpan().ContainsAny('.', ':') || host == "localhost"
            ? RepositoryName.TryParse($"{Normal(text)}/x") is not null
            : false;
    }

    private static string Normal(string prefix)
    {
        var slash = prefix.IndexOf('/', StringComparison.Ordinal);
        return slash < 0
            ? RepositoryName.NormalHost(prefix)
            : $"{RepositoryName.NormalHost(prefix[..slash])}{prefix[slash..].TrimEnd('/')}";
    }
}
