using DeployGuard.Registry.Access;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace DeployGuard.Registry.Transport;

/// <summary>How requests to one registry are retried, limited in time, and stopped for a while if they keep failing.</summary>
internal static class Resilience
{
    /// <summary>The timeout is inside the breaker: a registry that hangs counts as failing.</summary>
    public static ResiliencePipeline<Reply> Of(LookupLimits limits, TimeProvider time, CircuitBreakerStateProvider state)
    {
        var builder = new ResiliencePipelineBuilder<Reply> { TimeProvider = time };
        if (limits.Retries > 0)
        {
            builder.AddRetry(Retry(limits));
        }

        return builder
            .AddCircuitBreaker(Breaker(limits, state))
            .AddTimeout(new TimeoutStrategyOptions { Timeout = limits.Attempt })
            .Build();
    }

    private static CircuitBreakerStrategyOptions<Reply> Breaker(LookupLimits limits, CircuitBreakerStateProvider state) =>
        new()
        {
            ShouldHandle = Failed(),
            FailureRatio = 0.5,
            MinimumThroughput = limits.BreakerThroughput,
            SamplingDuration = limits.BreakerSampling,
            BreakDuration = limits.Break,
            StateProvider = state,
        };

    private static RetryStrategyOptions<Reply> Retry(LookupLimits limits) =>
        new()
        {
            ShouldHandle = arguments =>
                ValueTask.FromResult(
                    arguments.Outcome.Result is { } reply
                        ? reply.IsTransient && !(reply.RetryAfter > limits.LongestRetryDelay)
                        : IsTransient(arguments.Outcome.Exception)
                ),
            MaxRetryAttempts = limits.Retries,
            BackoffType = DelayBackoffType.Exponential,
            Delay = limits.RetryDelay,
            MaxDelay = limits.LongestRetryDelay,
            UseJitter = true,
            // Not all at the same moment: the clients that were sent away together would come back together.
            DelayGenerator = arguments =>
                ValueTask.FromResult(
                    arguments.Outcome.Result?.RetryAfter is { } asked
                        ? asked + (limits.RetryDelay * Random.Shared.NextDouble())
                        : (TimeSpan?)null
                ),
        };

    private static PredicateBuilder<Reply> Failed() =>
        new PredicateBuilder<Reply>().Handle<Exception>(IsTransient).HandleResult(r => r.IsTransient);

    private static bool IsTransient(Exception? e) => e is TimeoutRejectedException or RegistryException { IsTransient: true };
}
