using DeployGuard.Rig;

namespace DeployGuard.Benchmarks.Api;

/// <summary>
/// Starts the published webhook with tiered compilation, which the rig switches off because test clusters live for minutes. What is
/// measured here is a replica that has run for a while.
/// </summary>
internal static class RecompilingWebhook
{
    /// <summary>What the rig has to start in place of the webhook: it becomes the webhook, with the same process id.</summary>
    public static string WriteTo(string folder)
    {
        if (!File.Exists(Toolbox.Webhook))
        {
            throw new FileNotFoundException($"{Toolbox.Webhook} is not there: run make publish first", Toolbox.Webhook);
        }

        var script = Path.Combine(folder, "webhook.sh");
        File.WriteAllText(script, $"#!/bin/sh\nDOTNET_TieredCompilation=1 exec '{Toolbox.Webhook}' \"$@\"\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        return script;
    }
}
