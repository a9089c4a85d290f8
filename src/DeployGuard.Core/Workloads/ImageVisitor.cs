using System.Collections.Concurrent;

namespace DeployGuard.Core.Workloads;

/// <summary>
/// Finds all images of a pod spec in one place, so that no safeguard can miss one. <see cref="InjectionTable"/> finds those in annotations.
/// </summary>
internal static class ImageVisitor
{
    private const int MaxPaths = 1000;
    private const string Containers = "containers";

    private static readonly ConcurrentDictionary<(string Spec, string List, int Index), string> s_paths = new();

    public static IReadOnlyList<string> ContainerLists { get; } = ["initContainers", Containers, "ephemeralContainers"];

    /// <param name="spec">The pod spec.</param>
    /// <param name="path">Of the pod spec.</param>
    /// <param name="containers">The same containers, read before and in the same order: their texts are not made again.</param>
    /// <exception cref="MalformedObjectException">A container is not an object, or an image is not a string.</exception>
    public static IReadOnlyList<ImageUse> Visit(Field spec, string path, IReadOnlyList<Container> containers)
    {
        var images = new List<ImageUse>();
        foreach (var list in ContainerLists)
        {
            var index = 0;
            foreach (var container in spec.Each(list))
            {
                // Defaulting by a controller may add the image later. Without an image there is nothing to evaluate.
                var known = list == Containers ? containers[index].Image : null;
                if (container.AsObject().Text("image", known) is { Length: > 0 } image)
                {
                    images.Add(new ImageUse(PathOf(path, list, index), new ImageReference(image)));
                }

                index++;
            }
        }

        foreach (var volume in spec.Each("volumes"))
        {
            if (volume.AsObject().Object("image") is { } source && source.Text("reference") is { Length: > 0 } image)
            {
                images.Add(new ImageUse($"{source.Path}.reference", new ImageReference(image)));
            }
        }

        return images;
    }

    /// <summary>One string for each place: there are few, and every template that is read has some of them.</summary>
    private static string PathOf(string spec, string list, int index)
    {
        if (s_paths.TryGetValue((spec, list, index), out var known))
        {
            return known;
        }

        var path = $"{(spec.Length == 0 ? "" : $"{spec}.")}{list}{FieldLocation.Index(index)}.image";
        if (s_paths.Count < MaxPaths)
        {
            s_paths.TryAdd((spec, list, index), path);
        }

        return path;
    }
}
