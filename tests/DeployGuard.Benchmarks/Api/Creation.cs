namespace DeployGuard.Benchmarks.Api;

/// <summary>A dry run that creates a Deployment.</summary>
/// <param name="Path">With the query.</param>
internal sealed record Creation(string Name, string Path, string Body)
{
    /// <summary>A script of wrk that sends it again and again.</summary>
    public string WriteScript(string folder, string token)
    {
        var file = System.IO.Path.Combine(folder, $"{Name.Replace(' ', '-')}.lua");
        File.WriteAllText(
            file,
            $$"""
            local headers = {["Content-Type"] = "application/json", ["Authorization"] = "Bearer {{token}}"}
            local body = [==[{{Body}}]==]
            request = function()
              return wrk.format("POST", "{{Path}}", headers, body)
            end
            """
        );
        return file;
    }
}
