using DeployGuard.Core.Policies;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Webhook.Hosting;

/// <summary>
/// What <c>helm test</c> runs. It requests two policies, as dry runs that store nothing: one that every replica refuses, and one without a
/// mode, which every replica admits with <c>mode: Audit</c> written into it. Only a replica can have given these two answers.
/// </summary>
internal sealed class InstallationProbe(ApiConnection api, TimeProvider time)
{
    private const string Path = $"{ApiPaths.Policies}?dryRun=All";

    /// <summary>A freeze without an end: the schema allows it, and DeployGuard refuses it.</summary>
    private const string Impossible = """
        {"apiVersion": "deployguard.io/v1alpha1", "kind": "SafeguardPolicy", "metadata": {"generateName": "deployguard-probe-"},
         "spec": {"mode": "Audit", "freeze": {"message": "requested by helm test"} } }
        """;

    private const string WithoutMode = """
        {"apiVersion": "deployguard.io/v1alpha1", "kind": "SafeguardPolicy", "metadata": {"generateName": "deployguard-probe-"},
         "spec": {"match": {"namespaceSelector": {"matchLabels": {"deployguard.io/probe": "nothing"} } }, "images": {} } }
        """;

    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    /// <summary>Tries until both answers are as they must be, or the time is up.</summary>
    /// <returns>The exit code: 0 if they were.</returns>
    public async Task<int> RunAsync(TimeSpan limit, TextWriter output, CancellationToken cancel)
    {
        var end = time.GetUtcNow() + limit;
        while (true)
        {
            ProbeAnswer[] answers = [await RefusedAsync(cancel), await AdmittedAsync(cancel)];
            if (answers.All(a => a.IsRight) || time.GetUtcNow() >= end)
            {
                foreach (var answer in answers)
                {
                    await output.WriteLineAsync($"{(answer.IsRight ? "ok     " : "FAILED ")} {answer.Text}");
                }

                return answers.All(a => a.IsRight) ? 0 : 1;
            }

            await Task.Delay(s_pause, time, cancel);
        }
    }

    private async Task<ProbeAnswer> RefusedAsync(CancellationToken cancel)
    {
        try
        {
            using var accepted = await api.WriteAsync(HttpMethod.Post, Path, Impossible, cancel);
            return new(false, "the API server accepted a policy that DeployGuard refuses: it does not call DeployGuard");
        }
        catch (ApiException refused)
        {
            return
                refused.ServerMessage.Contains("\"records.deployguard.io\" denied the request", StringComparison.Ordinal)
                && refused.ServerMessage.Contains("is not valid", StringComparison.Ordinal)
                ? new(true, "a replica refused a policy that is not valid")
                : new(false, $"no replica refused a policy that is not valid; the API server answered: {refused.ServerMessage}");
        }
        catch (HttpRequestException unreachable)
        {
            return new(false, $"the API server cannot be reached: {unreachable.Message}");
        }
    }

    private async Task<ProbeAnswer> AdmittedAsync(CancellationToken cancel)
    {
        try
        {
            using var admitted = await api.WriteAsync(HttpMethod.Post, Path, WithoutMode, cancel);
            return NamedMode.Of(admitted.RootElement) == nameof(Mode.Audit)
                ? new(true, "a replica admitted a policy without a mode, and wrote mode: Audit into it")
                : new(false, "a policy without a mode was admitted, but no replica wrote mode: Audit into it");
        }
        catch (ApiException refused)
        {
            return new(false, $"a policy that is valid was refused: {refused.ServerMessage}");
        }
        catch (HttpRequestException unreachable)
        {
            return new(false, $"the API server cannot be reached: {unreachable.Message}");
        }
    }

    private sealed record ProbeAnswer(bool IsRight, string Text);
}
