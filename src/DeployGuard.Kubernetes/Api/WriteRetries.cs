using Polly;
using Polly.Retry;

namespace DeployGuard.Kubernetes.Api;

/// <summary>How the write of a record is retried after a temporary fault.</summary>
internal static class WriteRetries
{
    public static ResiliencePipeline Of(TimeProvider time) =>
        new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(
                new RetryStrategyOptions
                {
                    ShouldHandle = new PredicateBuilder().Handle<ApiException>(e => e.IsTransient).Handle<HttpRequestException>(),
                    MaxRetryAttempts = 6,
                    BackoffType = DelayBackoffType.Exponential,
                    Delay = TimeSpan.FromMilliseconds(30),
                    MaxDelay = TimeSpan.FromSeconds(2),
                    UseJitter = true,
                }
            )
            .Build();
}
