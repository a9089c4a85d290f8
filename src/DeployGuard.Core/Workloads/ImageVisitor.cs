namespace DeployGuard.Core.Workloads;

/// <summary>The one place that finds images in a pod's spec, so that no safeguard can forget where one hides. <see cref="InjectionTable"/> finds those beside it.</summary>
internal static class ImageVisitor
{
    public static IReadOnlyList<string> ContainerLists { get; } = ["initContainers", "containers", "ephemeralContainers"];

    /// <param name="spec">The pod spec.</param>
    /// <exception cref="MalformedObjectException">A container that is no object, or an image that is no string.</exception>
    public static IEnumerable<ImageUse> Visit(Field spec)
    {
        foreach (var container in ContainerLists.SelectMany(list => spec.Items(list)))
        {
            // A container without an image is what a controller's defaulting may fill in; there is nothing to judge in it.
            if (container.AsObject().Text("image") is { Length: > 0 } image)
            {
                yield return new ImageUse($"{container.Path}.image", new ImageReference(image));
            }
        }

        foreach (var volume in spec.Items("volumes"))
        {
            if (volume.AsObject().Object("image") is { } source && source.Text("reference") is { Length: > 0 } image)
            {
                yield return new ImageUse($"{source.Path}.reference", new ImageReference(image));
            }
        }
    }
}
