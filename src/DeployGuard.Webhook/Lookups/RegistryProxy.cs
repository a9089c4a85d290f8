namespace DeployGuard.Webhook.Lookups;

/// <summary>The HTTP proxy of lookups in registries.</summary>
/// <param name="Url">With a user and a password, if the proxy asks for them; null to reach registries directly.</param>
/// <param name="NoProxy">Hosts that are reached directly: <c>registry.corp</c>, or <c>.corp</c> for all below it.</param>
internal sealed record RegistryProxy(Uri? Url, IReadOnlyList<string> NoProxy)
{
    public static RegistryProxy None { get; } = new(null, []);
}
