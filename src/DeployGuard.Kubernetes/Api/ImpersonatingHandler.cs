using k8s.KubeConfigModels;

namespace DeployGuard.Kubernetes.Api;

/// <summary>
/// Sends what a kubeconfig says under <c>as</c>, <c>as-groups</c> and <c>as-user-extra</c>, as kubectl does; the client library reads these
/// fields and ignores them. Without them a vote would be cast by another person than kubectl names.
/// </summary>
internal sealed class ImpersonatingHandler(UserCredentials user) : DelegatingHandler
{
    /// <summary>Nothing where the user of a context impersonates nobody.</summary>
    public static DelegatingHandler[] OrNone(K8SConfiguration model, string? context)
    {
        var name = model.Contexts?.FirstOrDefault(c => c.Name == context)?.ContextDetails?.User;
        var user = model.Users?.FirstOrDefault(u => u.Name == name)?.UserCredentials;
        return string.IsNullOrEmpty(user?.Impersonate) ? [] : [new ImpersonatingHandler(user)];
    }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        request.Headers.TryAddWithoutValidation("Impersonate-User", user.Impersonate);
        foreach (var group in user.ImpersonateGroups ?? [])
        {
            request.Headers.TryAddWithoutValidation("Impersonate-Group", group);
        }

        foreach (var (key, value) in user.ImpersonateUserExtra ?? new Dictionary<string, string>())
        {
            request.Headers.TryAddWithoutValidation($"Impersonate-Extra-{Uri.EscapeDataString(key)}", value);
        }

        return base.SendAsync(request, cancellationToken);
    }
}
