namespace DeployGuard.Cli.Attest;

/// <summary>What is stated of a change.</summary>
/// <param name="Repository"><c>git+https://...</c></param>
/// <param name="Reviews">As they will be stated.</param>
internal sealed record Change(
    string Repository,
    string Reference,
    string Base,
    string Head,
    bool IsComplete,
    IReadOnlyList<Sign> Signs,
    IReadOnlyCollection<string> Authors,
    IReadOnlyList<Review> Reviews,
    DateTimeOffset IssuedAt,
    DateTimeOffset ExpiresAt
)
{
    /// <summary>Never <c>none</c>: that there is no sign proves nothing.</summary>
    public string Status => Signs.Count > 0 ? "assisted" : "unknown";
}
