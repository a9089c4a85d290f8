using System.Text.Json;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Manifests;

/// <summary>The <c>request.yaml</c> of an example.</summary>
/// <param name="Requester">Null if it names none.</param>
/// <param name="Now">Null if it names no time.</param>
internal sealed record ExampleRequest(Requester? Requester, bool DryRun, DateTimeOffset? Now)
{
    /// <exception cref="MalformedObjectException">A field has a wrong type.</exception>
    public static ExampleRequest Read(JsonElement content)
    {
        var request = Field.Root(content).AsObject();
        var user = request.Object("user");
        return new ExampleRequest(
            user is { } given ? new Requester(given.Text("username") ?? "", "", given.Texts("groups")) : null,
            request.Flag("dryRun"),
            request.Time("now")
        );
    }
}
