using System.Text.Json;

namespace DeployGuard.Core.Workloads;

/// <summary>
/// Checks that the lists of a pod spec which the hash reads are lists of objects. API servers ensure it; files and direct calls may contain
/// anything, and the error then names the place.
/// </summary>
internal static class PodSpecLists
{
    /// <exception cref="MalformedObjectException">A list or an item of one has another type.</exception>
    public static void Check(Field spec)
    {
        // Nearly every spec is fine, and needs no places for errors.
        if (!IsFine(spec.Element))
        {
            FindWrong(spec);
        }
    }

    private static bool IsFine(JsonElement spec)
    {
        foreach (var list in ImageVisitor.ContainerLists)
        {
            if (!IsList(spec, list, "volumeMounts"))
            {
                return false;
            }
        }

        return IsList(spec, "tolerations") && IsList(spec, "volumes", "projected", "sources");
    }

    /// <summary>Whether a list is absent, or has objects alone that hold such a list.</summary>
    /// <param name="path">Its name, and those of the lists in its items; an object may be between.</param>
    private static bool IsList(JsonElement owner, params ReadOnlySpan<string> path)
    {
        if (!owner.TryGetProperty(path[0], out var list) || list.ValueKind is JsonValueKind.Null)
        {
            return true;
        }

        if (path[0] == "projected")
        {
            return list.ValueKind is JsonValueKind.Object && IsList(list, path[1..]);
        }

        if (list.ValueKind is not JsonValueKind.Array)
        {
            return false;
        }

        foreach (var item in list.EnumerateArray())
        {
            if (item.ValueKind is not JsonValueKind.Object || (path.Length > 1 && !IsList(item, path[1..])))
            {
                return false;
            }
        }

        return true;
    }

    private static void FindWrong(Field spec)
    {
        CheckItems(spec, "tolerations");
        foreach (var container in ImageVisitor.ContainerLists.SelectMany(list => spec.Items(list)))
        {
            CheckItems(container.AsObject(), "volumeMounts");
        }

        foreach (var volume in spec.Items("volumes"))
        {
            if (volume.AsObject().Object("projected") is { } projected)
            {
                CheckItems(projected, "sources");
            }
        }
    }

    private static void CheckItems(Field owner, string list)
    {
        foreach (var item in owner.Items(list))
        {
            item.AsObject();
        }
    }
}
