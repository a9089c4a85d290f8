using DeployGuard.Cli.Inputs;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Workloads;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Attest;

/// <summary>Reads JSON files strictly: a field that no code reads is an error. Every error names the file and the path.</summary>
internal static class StrictFile
{
    private const int MaxBytes = 16 << 20;

    private const string Content = "content";

    /// <exception cref="ManifestException">The file cannot be read, or not in this form.</exception>
    public static T Read<T>(string file, Func<Field, T> read) => Read(file, InputFiles.Bytes(file), read);

    /// <param name="name">What messages call it.</param>
    public static T Read<T>(string name, byte[] content, Func<Field, T> read)
    {
        try
        {
            return InputFiles.Naming(name, () => read(Field.Root(StrictJson.ReadObject(content, MaxBytes, Content))));
        }
        catch (MalformedObjectException wrong)
        {
            throw new ManifestException($"{name}: {wrong.Message}", wrong);
        }
    }

    /// <summary>The same object, which has no other fields than these.</summary>
    public static Field Only(this Field field, params string[] allowed)
    {
        foreach (var property in field.Element.EnumerateObject().Where(p => !allowed.Contains(p.Name)))
        {
            throw Wrong(field, property.Name, $"unknown field; allowed are {string.Join(", ", allowed)}");
        }

        return field;
    }

    public static MalformedObjectException Wrong(Field field, string name, string problem) =>
        new(new FieldLocation(field.Place, name).ToString(), problem);

    public static string Required(this Field field, string name) =>
        field.Text(name) is { Length: > 0 } text && !text.Any(char.IsControl)
            ? text
            : throw Wrong(field, name, "is missing, empty, or has control characters");
}
