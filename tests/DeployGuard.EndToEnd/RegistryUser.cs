using System.Text;

namespace DeployGuard.EndToEnd;

/// <summary>The one user of registries with basic authentication.</summary>
internal static class RegistryUser
{
    public const string Name = "ann";
    public const string Password = "s3cret";

    /// <summary>The line for <see cref="Rig.ImageRegistry"/>.</summary>
    public const string Htpasswd = "ann:$2b$04$.zgutuWc3DE33VFJxb./s.6vDzPpXKVVdBJyqU6Gs3vWMuwMP8c3y";

    /// <summary>As the configuration of docker and pull secrets have it.</summary>
    public static string DockerConfig(string host) =>
        $$"""{"auths": {"{{host}}": {"auth": "{{Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Name}:{Password}"))}}"} } }""";
}
