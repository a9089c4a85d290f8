using System.Net.Http.Headers;
using DeployGuard.Registry.Credentials;
using DeployGuard.Registry.References;

namespace DeployGuard.Registry.Transport;

/// <summary>
/// Reads from one repository during one lookup, or writes to it. The first request carries no credentials; if it is refused, each
/// credential is tried, and the first that is accepted is used from then on.
/// </summary>
internal sealed class RepositorySession(
    RegistryConnection connection,
    RepositoryName repository,
    IReadOnlyList<RegistryCredential> credentials,
    TokenSource tokens,
    TimeProvider time
)
{
    private readonly DateTimeOffset _started = time.GetUtcNow();
    private readonly Lock _lock = new();
    private readonly List<string> _tried = [];
    private AuthenticationHeaderValue? _accepted;

    /// <summary>A timestamp; 0 before the first request.</summary>
    private long _firstSent;

    /// <summary>The caller writes too: tokens are asked for that.</summary>
    public bool IsWriter { get; init; }

    public RepositoryName Repository => repository;

    public string Registry => connection.Settings.Name;

    /// <summary>How long ago the first request was sent; nothing if none was.</summary>
    public TimeSpan SinceFirstSent => Interlocked.Read(ref _firstSent) is not 0 and var at ? time.GetElapsedTime(at) : TimeSpan.Zero;

    /// <summary>The sources of the credentials that were shown, or would have been if the registry had taken them.</summary>
    public IReadOnlyList<string> Tried
    {
        get
        {
            lock (_lock)
            {
                return [.. _tried];
            }
        }
    }

    /// <param name="path">Below the repository: <c>manifests/latest</c>.</param>
    public Task<Reply> GetAsync(string path, string accept, int maxBytes, ContentInFlight.Account holder, CancellationToken cancel) =>
        GetAsync(Url(path), accept, maxBytes, holder, cancel);

    public Task<Reply> GetAsync(Uri url, string accept, int maxBytes, ContentInFlight.Account holder, CancellationToken cancel) =>
        SendAsync(new Ask(url, accept, maxBytes) { Holder = holder }, cancel);

    /// <param name="path">Below the repository: <c>blobs/uploads/</c>.</param>
    public Uri Url(string path) => connection.Url($"/v2/{repository.Path}/{path}");

    /// <exception cref="RegistryException">Every credential was refused, or there is no usable answer.</exception>
    public async Task<Reply> SendAsync(Ask anonymous, CancellationToken cancel)
    {
        var ask = anonymous with { Authorization = _accepted, Sent = NoteSent };
        var reply = await connection.SendAsync(ask, cancel);
        if (!reply.IsDenied)
        {
            return reply;
        }

        var challenges = Challenge.Parse(reply.Challenges);
        foreach (var credential in credentials.Append(RegistryCredential.Anonymous))
        {
            Remember(credential.Source);
            if (await TryAsync(ask, challenges, credential, cancel) is { } accepted)
            {
                return accepted;
            }
        }

        throw new RegistryException(
            FailureCause.Denied,
            $"{connection.Settings.Name} refused to {(ask.EffectiveMethod == HttpMethod.Get ? "read" : "write to")} {repository} ({reply.Status}); tried: {string.Join(", ", Tried)}"
        );
    }

    private void NoteSent() => Interlocked.CompareExchange(ref _firstSent, Math.Max(time.GetTimestamp(), 1), 0);

    /// <summary>Null if the credential is refused.</summary>
    private async Task<Reply?> TryAsync(
        Ask ask,
        IReadOnlyList<Challenge> challenges,
        RegistryCredential credential,
        CancellationToken cancel
    )
    {
        for (var attempt = 1; attempt <= 2; attempt++)
        {
            var issued = await IssuedAsync(challenges, credential, cancel);
            if (
                (issued is null ? OwnHeader(challenges, credential) : new AuthenticationHeaderValue("Bearer", issued.Token))
                is not { } header
            )
            {
                return null;
            }

            var reply = await connection.SendAsync(ask with { Authorization = header }, cancel);
            if (!reply.IsDenied)
            {
                _accepted = header;
                return reply;
            }

            // A token from before this lookup may be worth less than a fresh one, for which it is exchanged once.
            if (issued is null || issued.At >= _started)
            {
                return null;
            }

            tokens.Forget(issued);
        }

        return null;
    }

    /// <summary>Null if no token has to be asked for, or the credential was refused one.</summary>
    private Task<Issued?> IssuedAsync(IReadOnlyList<Challenge> challenges, RegistryCredential credential, CancellationToken cancel) =>
        credential.RegistryToken is null && BearerOf(challenges) is { } bearer
            ? tokens.TokenAsync(connection, bearer, repository, IsWriter ? "pull,push" : "pull", credential, cancel)
            : Task.FromResult<Issued?>(null);

    /// <summary>What the credential is by itself; null if it does not fit what the registry asks for.</summary>
    private static AuthenticationHeaderValue? OwnHeader(IReadOnlyList<Challenge> challenges, RegistryCredential credential) =>
        credential.RegistryToken is { } ready ? new AuthenticationHeaderValue("Bearer", ready)
        : BearerOf(challenges) is null && challenges.Any(c => c.Scheme == "basic") ? TokenSource.Basic(credential)
        : null;

    private static Challenge? BearerOf(IReadOnlyList<Challenge> challenges) => challenges.FirstOrDefault(c => c.Scheme == "bearer");

    private void Remember(string source)
    {
        lock (_lock)
        {
            if (!_tried.Contains(source, StringComparer.Ordinal))
            {
                _tried.Add(source);
            }
        }
    }
}
