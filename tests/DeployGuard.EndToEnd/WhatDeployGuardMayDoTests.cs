using System.Text.Json;
using DeployGuard.Rig;

namespace DeployGuard.EndToEnd;

/// <summary>
/// The chart's roles are enough, and no more: what they allow was used somewhere in this run, and nothing was asked for that they do not allow. It looks
/// back on the whole run, so it comes last, by its name, and fails in one that leaves tests out.
/// </summary>
public class WhatDeployGuardMayDoTests
{
    [Test]
    public async Task EveryRightIsUsedAndNoneIsMissing()
    {
        var here = UsedRights.Read(World.Rig.Plane.AuditLog);
        var used = here.Allowed.Concat(World.UsedElsewhere).ToHashSet();
        var granted = (await GrantedAsync("clusterrole", "deployguard")).Concat(await GrantedAsync("role", "deployguard", "-n", "deployguard-system")).ToHashSet();

        Assert.That(here.Forbidden, Is.Empty, "the roles are enough");
        Assert.That(granted.Except(used), Is.Empty, "a right that nothing needs is taken away");
    }

    private static async Task<IEnumerable<string>> GrantedAsync(params string[] role)
    {
        var rules = JsonDocument.Parse((await World.Rig.Plane.KubectlAsync("admin", ["get", .. role, "-o", "json"])).OrFail().Output).RootElement.GetProperty("rules");
        return
            from rule in rules.EnumerateArray()
            from verb in rule.GetProperty("verbs").EnumerateArray()
            from @group in rule.GetProperty("apiGroups").EnumerateArray()
            from resource in rule.GetProperty("resources").EnumerateArray()
            select UsedRights.Name(verb.GetString() ?? "", @group.GetString() ?? "", resource.GetString() ?? "");
    }
}
