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
