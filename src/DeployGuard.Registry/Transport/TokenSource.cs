using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using DeployGuard.Registry.Credentials;
using DeployGuard.Registry.References;

namespace DeployGuard.Registry.Transport;

/// <summary>Exchanges credentials for bearer tokens, and keeps these until shortly before they expire.</summary>
internal sealed class TokenSource(TimeProvider time)
{
    private const int MaxBytes = 256 * 1024;
    private const int MaxKept = 1024;
    private const int LongestParameter = 2048;

    // What the specification of tokens says where an answer does not.
    private static readonly TimeSpan s_usualLife = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_longestLife = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan s_early = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Issued> _kept = [];
    private readonly Dictionary<string, Task<Issued?>> _asked = [];

    /// <summary>Null if the credential is refused. Callers that need the same token at the same time wait for one request.</summary>
    /// <param name="actions">What the token is for: <c>pull</c>, or <c>pull,push</c>.</param>
    /// <exception cref="RegistryException">The host that issues tokens is not listed, or does not answer.</exception>
    public async Task<Issued?> TokenAsync(
        RegistryConnection connection,
        Challenge challenge,
        RepositoryName repository,
        string actions,
        RegistryCredential credential,
        CancellationToken cancel
    )
    {
        var realm = Realm(connection, challenge);
        // Never more than is needed, whatever the registry proposes.
        var scope = $"repository:{repository.Path}:{actions}";
        var key = string.Join(' ', connection.Settings.Name, realm, challenge.Service, scope, credential.Fingerprint);
        while (true)
        {
            Task<Issued?>? running;
            lock (_lock)
            {
                if (_kept.TryGetValue(key, out var kept) && kept.Until > time.GetUtcNow())
                {
                    return kept;
                }

                if (!_asked.TryGetValue(key, out running))
                {
                    var ask = NewAsk(realm, challenge.Service, scope, credential);
                    running = _asked[key] = Task.Run(() => AskAsync(key, connection, ask, cancel), CancellationToken.None);
                }
            }

            try
            {
                return await running.WaitAsync(cancel);
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                // The caller that asked gave up; somebody who still waits asks again.
            }
        }
    }

    private async Task<Issued?> AskAsync(string key, RegistryConnection connection, Ask ask, CancellationToken cancel)
    {
        try
        {
            var issued = await AskAsync(connection, ask, cancel);
            if (issued is not null)
            {
                Keep(key, issued);
            }

            return issued;
        }
        finally
        {
            lock (_lock)
            {
                _asked.Remove(key);
            }
        }
    }

    private async Task<Issued?> AskAsync(RegistryConnection connection, Ask ask, CancellationToken cancel)
    {
        var reply = await connection.SendAsync(ask, cancel);
        if (reply.Status is 400 or 401 or 403)
        {
            return null;
        }

        var (token, life) =
            (reply.Status == 200 ? Read(reply.Body) : null)
            ?? throw new RegistryException(
                reply.IsTransient ? FailureCause.ServerError : FailureCause.Unexpected,
                $"{ask.Url.Authority} answered {reply.Status} and no token"
            );
        var now = time.GetUtcNow();
        return new Issued(token, now, now + (life < s_longestLife ? life : s_longestLife) - s_early);
    }

    /// <summary>Credentials go to no host that is not listed, and without TLS only where the registry itself has none.</summary>
    private static Uri Realm(RegistryConnection connection, Challenge challenge)
    {
        var settings = connection.Settings;
        if (
            challenge is { Realm.Length: > LongestParameter } or { Service.Length: > LongestParameter }
            || !Uri.TryCreate(challenge.Realm, UriKind.Absolute, out var realm)
            || realm.UserInfo.Length > 0
            || (realm.Scheme != Uri.UriSchemeHttps && !(settings.PlainHttp && realm.Scheme == Uri.UriSchemeHttp))
        )
        {
            throw new RegistryException(
                FailureCause.TokenHostNotListed,
                $"{settings.Name} names \"{ShownText.Of(challenge.Realm)}\" as the issuer of its tokens, which is no https URL"
            );
        }

        return settings.MayIssueTokens(realm.Authority)
            ? realm
            : throw new RegistryException(
                FailureCause.TokenHostNotListed,
                $"{settings.Name} has its tokens issued by {realm.Authority}, which is not among its tokenHosts; no credentials were sent there"
            );
    }

    private static Ask NewAsk(Uri realm, string? service, string scope, RegistryCredential credential)
    {
        var query = new Dictionary<string, string> { ["scope"] = scope };
        if (service is not null)
        {
            query["service"] = service;
        }

        if (credential.IdentityToken is { } refresh)
        {
            (query["grant_type"], query["client_id"], query["refresh_token"]) = ("refresh_token", "registry-lookup", refresh);
            return new Ask(realm, "application/json", MaxBytes, Form: query);
        }

        var start = realm.Query.Length > 0 ? $"{realm.Query[1..]}&" : "";
        var text = string.Join('&', query.Select(q => $"{q.Key}={Uri.EscapeDataString(q.Value)}"));
        return new Ask(new UriBuilder(realm) { Query = start + text }.Uri, "application/json", MaxBytes, Basic(credential));
    }

    /// <summary>Null if the credential has no name and password.</summary>
    public static AuthenticationHeaderValue? Basic(RegistryCredential credential) =>
        credential is { Username: { } name, Password: { } password }
            ? new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{name}:{password}")))
            : null;

    private static (string Token, TimeSpan Life)? Read(byte[] body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            var token = Text(json.RootElement, "token") ?? Text(json.RootElement, "access_token");
            var life =
                json.RootElement.TryGetProperty("expires_in", out var seconds) && seconds.TryGetInt32(out var given) && given > 0
                    ? TimeSpan.FromSeconds(given)
                    : s_usualLife;
            return token is null || token.Any(c => c is <= ' ' or > '~') ? null : (token, life);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement json, string field) =>
        json.TryGetProperty(field, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text
            ? text
            : null;

    /// <summary>Forgets a token that the registry refused. A newer one, which another lookup got meanwhile, stays.</summary>
    public void Forget(Issued refused)
    {
        lock (_lock)
        {
            foreach (var key in _kept.Where(k => k.Value == refused).Select(k => k.Key).ToList())
            {
                _kept.Remove(key);
            }
        }
    }

    private void Keep(string key, Issued issued)
    {
        lock (_lock)
        {
            if (_kept.Count >= MaxKept)
            {
                _kept.Clear();
            }

            _kept[key] = issued;
        }
    }
}

/// <summary>A bearer token, when it was issued, and until when it is used.</summary>
internal sealed record Issued(string Token, DateTimeOffset At, DateTimeOffset Until);
