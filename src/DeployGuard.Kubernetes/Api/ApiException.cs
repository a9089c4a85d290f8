using System.Net;

namespace DeployGuard.Kubernetes.Api;

/// <summary>The API server said no, or something that is no answer. The message is its own, with the path that was asked.</summary>
public sealed class ApiException(HttpStatusCode statusCode, string path, string message) : Exception($"{path}: {(int)statusCode} {message}")
{
    public HttpStatusCode StatusCode { get; } = statusCode;

    /// <summary>What the server said, without our path before it.</summary>
    public string ServerMessage { get; } = message;

    /// <summary>Asking again may help: overload, a passing fault, or somebody else who wrote first.</summary>
    public bool IsTransient => StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.Conflict || (int)StatusCode >= 500;
}
