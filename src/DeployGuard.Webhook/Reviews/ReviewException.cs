namespace DeployGuard.Webhook.Reviews;

/// <summary>The body is no AdmissionReview. Without a uid there is no review to answer: the call gets an HTTP error.</summary>
internal sealed class ReviewException(int statusCode, string message) : Exception(message)
{
    public int StatusCode { get; } = statusCode;
}
