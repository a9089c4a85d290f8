namespace DeployGuard.Core.Ports;

/// <summary>Secrets of DeployGuard's own namespace, for policies that name them. No other namespace is ever read.</summary>
public interface IOwnSecrets
{
    /// <summary>A field of a Secret; null if there is no such Secret, or it has no such field.</summary>
    /// <exception cref="UnavailableException">The Secrets are not read yet, or may not be read.</exception>
    ReadOnlyMemory<byte>? Find(string name, string key);
}
