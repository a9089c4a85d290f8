using System.Text.Json;
using DeployGuard.Core.Changes;

namespace DeployGuard.Cluster.Access;

/// <summary>Asks the API server what somebody may do: its authorizers are the one place where permissions are written down.</summary>
internal sealed class AccessReviews(ApiConnection api)
{
    private const string Path = "apis/authorization.k8s.io/v1/subjectaccessreviews";

    /// <summary>Whether the requester has a verb on one of our resources.</summary>
    /// <param name="namespace">Empty for a cluster-scoped resource.</param>
    /// <param name="name">Empty for any.</param>
    /// <exception cref="ApiException">The API server refused to say.</exception>
    /// <exception cref="HttpRequestException">It could not be reached.</exception>
    public async Task<bool> MayAsync(Requester who, string verb, string resource, string @namespace, string name, CancellationToken cancel)
    {
        var review = JsonSerializer.Serialize(new
        {
            apiVersion = "authorization.k8s.io/v1",
            kind = "SubjectAccessReview",
            spec = new
            {
                user = who.Username,
                uid = who.Uid,
                groups = who.Groups,
                resourceAttributes = new { group = "deployguard.io", resource, verb, @namespace, name },
            },
        });
        using var answer = await api.WriteAsync(HttpMethod.Post, Path, review, cancel);
        return answer.RootElement.GetProperty("status").GetProperty("allowed").GetBoolean();
    }
}
