namespace DeployGuard.Kubernetes.Cache;

/// <summary>The key under which caches keep an object: <c>namespace/name</c>; cluster-scoped objects have an empty namespace.</summary>
internal static class ObjectKey
{
    public static string Of(string @namespace, string name) => $"{@namespace}/{name}";
}
