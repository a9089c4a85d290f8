namespace DeployGuard.Core.Workloads;

/// <summary>
/// Finds all images of a pod spec in one place, so that no safeguard can miss one. <see cref="InjectionTable"/> finds those in annotations.
/// </summary>
internal static class ImageVisitor
{
    public static IReadOnlyList<string> ContainerLists { get; } = ["initContainers", "containers", "ephemeralContainers"];

    /// <param name="spec">The pod spec.</param>
    /// <exception cref="MalformedObjectException">A container is not an object, or an image is not a string.</exception>
    public static IEnumerable<ImageUse> Visit(Field spec)
    {
        foreach (var container in ContainerLists.SelectMany(list => spec.Items(list)))
        {
            // Defaulting by a controller may add the image later. Without an image there is nothing to evaluate.
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
