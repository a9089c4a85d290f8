using System.Net.Http.Headers;

namespace DeployGuard.Registry.Transport;

/// <summary>An answer that was read whole. The body is empty unless the status is 200.</summary>
/// <param name="Url">After redirects.</param>
/// <param name="Challenges">The values of <c>WWW-Authenticate</c>.</param>
/// <param name="RetryAfter">As the registry asks, at least zero.</param>
internal sealed record Reply(
    int Status,
    Uri Url,
    byte[] Body,
    string MediaType,
    string? Link,
    IReadOnlyList<string> Challenges,
    TimeSpan? RetryAfter
)
{
    /// <summary>Where an upload goes on: the header <c>Location</c>, as it was sent.</summary>
    public string? Location { get; init; }

    /// <summary>
    /// The registry lists the stored manifest as a referrer of its subject: the header <c>OCI-Subject</c> is there.
    /// </summary>
    public bool HasSubject { get; init; }

    public bool IsDenied => Status is 401 or 403;

    public bool IsTransient => Status is 408 or 429 or 500 or 502 or 503 or 504;
}

/// <summary>A request that can be sent several times.</summary>
/// <param name="MaxBytes">More is not read: <see cref="FailureCause.TooLarge"/>.</param>
/// <param name="Form">A form to post; null for a GET.</param>
internal sealed record Ask(
    Uri Url,
    string Accept,
    int MaxBytes,
    AuthenticationHeaderValue? Authorization = null,
    IReadOnlyDictionary<string, string>? Form = null
)
{
    /// <summary>Who holds what is answered; null where that is little.</summary>
    public ContentInFlight.Account? Holder { get; init; }

    /// <summary>Called when it is under way, and waits for no other request any more.</summary>
    public Action? Sent { get; init; }

    /// <summary>Null for the usual one: POST for a form, else GET.</summary>
    public HttpMethod? Method { get; init; }

    /// <summary>What is sent; null for nothing.</summary>
    public RequestBody? Body { get; init; }

    public HttpMethod EffectiveMethod => Method ?? (Form is null ? HttpMethod.Get : HttpMethod.Post);
}

/// <summary>A content to be stored.</summary>
internal sealed record RequestBody(string MediaType, ReadOnlyMemory<byte> Content);
