namespace DeployGuard.Webhook.Admission;

/// <summary>A body that is no AdmissionReview: nothing was decided, and there is nobody to answer but the HTTP client.</summary>
internal sealed class ReviewException(int statusCode, string message) : Exception(message)
{
    public int StatusCode { get; } = statusCode;
}
