namespace DeployGuard.Kubernetes.Api;

/// <summary>The API server could not be read or written in time.</summary>
public sealed class UnavailableException(string message, Exception? cause) : Exception(message, cause);
