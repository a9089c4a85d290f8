using System.Runtime.ExceptionServices;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Kubernetes.LeaderTasks;

/// <summary>Work on many objects, of which one that the API server refuses must not stop the others.</summary>
internal static class EachOfThem
{
    /// <summary>
    /// Does it for every one, in turn. A namespace that is being deleted refuses new objects for as long as a finalizer holds it.
    /// </summary>
    /// <exception cref="ApiException">The first refusal, after all have had their turn, so that the task is tried again.</exception>
    /// <exception cref="HttpRequestException">The API server cannot be reached, so the others are not tried.</exception>
    public static async Task DoAsync<T>(IEnumerable<T> items, Func<T, Task> act)
    {
        ExceptionDispatchInfo? first = null;
        foreach (var item in items)
        {
            try
            {
                await act(item);
            }
            catch (ApiException refused)
            {
                first ??= ExceptionDispatchInfo.Capture(refused);
            }
        }

        first?.Throw();
    }
}
