namespace DeployGuard.Manifests;

/// <summary>A file that cannot be used. The message names the file, the line if known, and the remedy.</summary>
public sealed class ManifestException(string message, Exception? cause = null) : Exception(message, cause);
