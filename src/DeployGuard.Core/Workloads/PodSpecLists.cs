namespace DeployGuard.Core.Workloads;

/// <summary>
/// That the lists of a pod's spec are lists of objects, as far as its hash goes through them. API servers see to that; files and calls that come
/// past one may hold anything, and are then told the place.
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
