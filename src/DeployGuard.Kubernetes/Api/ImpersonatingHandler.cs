namespace DeployGuard.Kubernetes.Api;

/// <summary>
/// Sends every request as another user, as kubectl does. Otherwise a vote would be cast by another person than kubectl names.
/// </summary>
internal sealed class ImpersonatingHandler(Impersonation impersonation) : DelegatingHandler
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        foreach (var (name, value) in Headers())
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return base.SendAsync(request, cancellationToken);
    }

    private IEnumerable<(string Name, string Value)> Headers()
    {
        yield return ("Impersonate-User", impersonation.User);
        if (impersonation.Uid.Length > 0)
        {
            yield return ("Impersonate-Uid", impersonation.Uid);
        }

        foreach (var group in impersonation.Groups)
        {
            yield return ("Impersonate-Group", group);
        }

        foreach (var (key, values) in impersonation.Extra)
        {
            foreach (var value in values)
            {
                yield return ($"Impersonate-Extra-{Uri.EscapeDataString(key)}", value);
            }
        }
    }
}
