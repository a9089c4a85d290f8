namespace DeployGuard.Benchmarks.Api;

/// <summary>A patch that is another one in each request.</summary>
/// <param name="Lua">The body as an expression of Lua; <c>at</c> is the number of the request.</param>
internal sealed record Patch(string Name, string Lua)
{
    public static IReadOnlyList<Patch> All { get; } =
    [
        new("same template", """'{"spec":{"progressDeadlineSeconds":' .. (601 + at % 1000) .. '}}'"""),
        new(
            "new image",
            """
            '{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"registry.example.com/web@sha256:'
                .. string.format("%064x", at) .. '"}]}}}}'
            """
        ),
    ];

    /// <summary>A script of wrk that sends it to the Deployments of a namespace by turns.</summary>
    public string WriteScript(string folder, Target target, string token)
    {
        var file = Path.Combine(folder, $"{target.Webhook}-{Name.Replace(' ', '-')}.lua");
        File.WriteAllText(
            file,
            $$"""
            local headers = {["Content-Type"] = "application/strategic-merge-patch+json", ["Authorization"] = "Bearer {{token}}"}
            local at = 0
            request = function()
              at = at + 1
              local path = "/apis/apps/v1/namespaces/{{target.Namespace}}/deployments/web-" .. at % {{BenchCluster.Deployments}} .. "?dryRun=All"
              return wrk.format("PATCH", path, headers, {{Lua}})
            end
            """
        );
        return file;
    }
}

/// <summary>A namespace, and what the API server calls for it.</summary>
internal sealed record Target(string Name, Webhook Webhook, string Namespace);

internal enum Webhook
{
    None,
    Bare,
    DeployGuard,
}
