using System.Net;
using System.Text.Json.Nodes;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Cli.Doctor;

/// <summary>
/// Finds the installation; and where there is none, what is wrong: the namespace, the release, or that nothing is installed.
/// </summary>
internal sealed class InstallationSearch(ApiConnection api, string @namespace, string name)
{
    /// <summary>What the report calls it.</summary>
    public const string Check = "installation";

    private const string OfDeployGuard = "labelSelector=app.kubernetes.io%2Fpart-of%3Ddeployguard";

    /// <summary>By the given name, or by the name that the chart derives from a release's name.</summary>
    public async Task<FoundInstallation> FindAsync(CancellationToken cancel)
    {
        var mayRead = true;
        foreach (var candidate in (string[])[name, $"{name}-deployguard"])
        {
            var (deployment, isReadable) = await TryReadAsync(ApiPaths.One(ApiPaths.DeploymentsIn(@namespace), candidate), cancel);
            if (deployment is not null)
            {
                return new FoundInstallation(Installation.Of(deployment, @namespace, candidate), null, true);
            }

            mayRead &= isReadable;
        }

        var assumed = Installation.Of(null, @namespace, name);
        var (space, maySeeSpace) = await TryReadAsync(ApiPaths.One(ApiPaths.Namespaces, @namespace), cancel);
        var hasNoNamespace = space is null && maySeeSpace;
        var (configuration, _) = await TryReadAsync(
            $"{ApiPaths.WebhookConfigurations}/validatingwebhookconfigurations/{assumed.Options.WebhookConfiguration}",
            cancel
        );
        var isRegistered = RegistrationCheck
            .EntriesOf(configuration)
            .Any(e => (string?)e["clientConfig"]?["service"]?["namespace"] == @namespace);
        if (!mayRead && !hasNoNamespace)
        {
            // The checks say what could not be read.
            return new FoundInstallation(assumed, maySeeSpace || isRegistered ? null : Unknown(), true);
        }

        return new FoundInstallation(assumed, Explain(hasNoNamespace, isRegistered, await OthersAsync(cancel)), isRegistered);
    }

    /// <param name="others">Every DeployGuard of the cluster; null where the user may not look.</param>
    public Diagnosis Explain(bool hasNoNamespace, bool isRegistered, IReadOnlyList<Elsewhere>? others)
    {
        var here = hasNoNamespace ? $"there is no namespace {@namespace}" : $"there is no Deployment {name} in namespace {@namespace}";
        return others switch
        {
            [var other] => Diagnosis.Failed(
                $"{here}; DeployGuard is in namespace {other.Namespace}, as release {other.Release}",
                $"Check that one: {other.Command}"
            ),
            [_, ..] => Diagnosis.Failed(
                $"{here}; DeployGuard is in other places",
                $"Check one of them: {string.Join("; or: ", others.Select(o => o.Command))}"
            ),
            _ when isRegistered => Diagnosis.Failed(
                $"{here}, but its webhooks are registered: requests that an Enforce policy guards are blocked",
                $"If it was deleted by mistake, install it again: {Installation.Of(null, @namespace, name).Upgrade("--reset-then-reuse-values")}. "
                    + $"Until it runs, open the gate: {GateCheck.OpenCommand(name)}"
            ),
            [] => Diagnosis.Failed(
                $"{here}, nor a DeployGuard anywhere in this cluster: it is not installed here",
                "Check that your context is the right cluster: kubectl config current-context. To install it, see docs/getting-started.md"
            ),
            null => Diagnosis.Failed(
                $"{here}, and you may not list the Deployments of other namespaces",
                "Ask the platform team for its release and namespace, then run: kubectl deployguard doctor --release RELEASE -n NAMESPACE"
            ),
        };
    }

    /// <summary>The API server denies access to a namespace that does not exist in the same words as to one that does.</summary>
    private Diagnosis Unknown() =>
        Diagnosis.Warning(
            $"it is not known whether there is a namespace {@namespace} with a DeployGuard in it: you may not read either",
            $"Check the name first: DeployGuard may be in another namespace than {@namespace}. Ask the platform team, then run: "
                + "kubectl deployguard doctor --release RELEASE -n NAMESPACE"
        );

    private async Task<IReadOnlyList<Elsewhere>?> OthersAsync(CancellationToken cancel)
    {
        try
        {
            var found = new List<Elsewhere>();
            await api.ListAsync(
                ApiPaths.Deployments,
                item => found.Add(Elsewhere.Of(JsonNode.Parse(item.GetRawText()))),
                cancel,
                OfDeployGuard
            );
            return found;
        }
        catch (ApiException refused) when (refused.StatusCode is HttpStatusCode.Forbidden)
        {
            return null;
        }
    }

    private async Task<(JsonNode? Found, bool IsReadable)> TryReadAsync(string path, CancellationToken cancel)
    {
        try
        {
            return (await CheckContext.ReadAsync(api, path, cancel), true);
        }
        catch (ApiException refused) when (refused.StatusCode is HttpStatusCode.Forbidden)
        {
            return (null, false);
        }
    }
}

/// <summary>A DeployGuard in another place than the one that was asked for.</summary>
internal sealed record Elsewhere(string Name, string Namespace, string Release)
{
    public string Command => $"kubectl deployguard doctor -n {Namespace}{(Name == "deployguard" ? "" : $" --name {Name}")}";

    public static Elsewhere Of(JsonNode? deployment)
    {
        var metadata = deployment?["metadata"];
        var name = (string?)metadata?["name"] ?? "";
        return new Elsewhere(
            name,
            (string?)metadata?["namespace"] ?? "",
            (string?)metadata?["annotations"]?["meta.helm.sh/release-name"]
                ?? (string?)metadata?["labels"]?["app.kubernetes.io/instance"]
                ?? name
        );
    }
}

/// <param name="Cause">Why there is nothing to check; null if there is, or nobody may know.</param>
/// <param name="IsRegistered">Whether the API server calls it, as far as is known.</param>
internal sealed record FoundInstallation(Installation Installation, Diagnosis? Cause, bool IsRegistered);
