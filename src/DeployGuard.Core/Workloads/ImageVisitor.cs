namespace DeployGuard.Core.Workloads;

/// <summary>The one place that finds images, so that no safeguard can forget where one hides.</summary>
internal static class ImageVisitor
{
    private static readonly string[] s_containerLists = ["initContainers", "containers", "ephemeralContainers"];

    /// <summary>Annotations by which well-known injectors let the pod choose the image they inject.</summary>
    public static IReadOnlyList<string> InjectionAnnotations { get; } =
    [
        "sidecar.istio.io/proxyImage",
        "vault.hashicorp.com/agent-image",
        "config.linkerd.io/proxy-image",
        "config.linkerd.io/init-image",
        "config.linkerd.io/debug-image",
    ];

    /// <param name="spec">The pod spec.</param>
    /// <param name="annotations">The pod template's annotations, found at <paramref name="annotationsPath"/>.</param>
    /// <exception cref="MalformedObjectException">A container that is no object, or an image that is no string.</exception>
    public static IEnumerable<ImageUse> Visit(Field spec, IReadOnlyDictionary<string, string> annotations, string annotationsPath)
    {
        foreach (var container in s_containerLists.SelectMany(list => spec.Items(list)))
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

        foreach (var key in InjectionAnnotations)
        {
            if (annotations.TryGetValue(key, out var image) && image.Length > 0)
            {
                yield return new ImageUse($"{annotationsPath}.{key}", new ImageReference(image));
            }
        }
    }
}
