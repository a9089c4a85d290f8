using System.Text.Json;
using DeployGuard.Core.Identities;

namespace DeployGuard.Kubernetes.Api;

/// <summary>Asks the API server what a user may do: permissions are known to its authorizers alone.</summary>
public sealed class AccessReviews(ApiConnection api)
{
    /// <summary>Whether the requester has a verb on one of our resources.</summary>
    /// <param name="namespace">Empty for a cluster-scoped resource.</param>
    /// <param name="name">Empty for any.</param>
    /// <exception cref="ApiException">The API server refused the review.</exception>
    /// <exception cref="HttpRequestException">It could not be reached.</exception>
    public Task<bool> MayAsync(Requester who, string verb, string resource, string @namespace, string name, CancellationToken cancel) =>
        MayAsync(who, new AccessRule("deployguard.io", resource, verb, @namespace, name, ""), cancel);

    /// <summary>Whether a user has a verb on any resource.</summary>
    /// <exception cref="ApiException">The API server refused the review.</exception>
    /// <exception cref="HttpRequestException">It could not be reached.</exception>
    public async Task<bool> MayAsync(Requester who, AccessRule need, CancellationToken cancel)
    {
        var parts = need.Resource.Split('/');
        var review = JsonSerializer.Serialize(
            new
            {
                apiVersion = "authorization.k8s.io/v1",
                kind = "SubjectAccessReview",
                spec = new
                {
                    user = who.Username,
                    uid = who.Uid,
                    groups = who.Groups,
                    resourceAttributes = new
                    {
                        group = need.ApiGroup,
                        resource = parts[0],
                        subresource = parts.Length > 1 ? parts[1] : "",
                        verb = need.Verb,
                        @namespace = need.Namespace,
                        name = need.Name,
                    },
                },
            }
        );
        using var answer = await api.WriteAsync(HttpMethod.Post, ApiPaths.SubjectAccessReviews, review, cancel);
        return answer.RootElement.GetProperty("status").GetProperty("allowed").GetBoolean();
    }
}
