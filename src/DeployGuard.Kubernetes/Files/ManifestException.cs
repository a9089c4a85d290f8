namespace DeployGuard.Kubernetes.Files;

/// <summary>A file that cannot be used. The message names the file, the line where there is one, and the remedy.</summary>
public sealed class ManifestException(string message, Exception? cause = null) : Exception(message, cause);
