using System.Net;

namespace DeployGuard.Kubernetes.Api;

/// <summary>The API server refused a request, or its answer is not usable. The message is the server's, with the path before it.</summary>
public sealed class ApiException(HttpStatusCode statusCode, string path, string message) : Exception($"{path}: {(int)statusCode} {message}")
{
    public HttpStatusCode StatusCode { get; } = statusCode;

    /// <summary>The message of the server alone.</summary>
    public string ServerMessage { get; } = message;

    /// <summary>A retry may help: overload, a temporary fault, or another write that came first.</summary>
    public bool IsTransient => StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.Conflict || (int)StatusCode >= 500;
}
