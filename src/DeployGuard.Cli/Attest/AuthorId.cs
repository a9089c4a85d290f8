using DeployGuard.Core.Workloads;

namespace DeployGuard.Cli.Attest;

/// <summary>The id of a person or machine at a forge, such as <c>github:1001</c>: the same person has the same one everywhere.</summary>
internal static class AuthorId
{
    private const string Form = "is no id such as github:1001, gitlab:42 or email:dana@example.com";

    public static bool IsValid(string id) =>
        id.IndexOf(':', StringComparison.Ordinal) is var colon and > 0
        && colon < id.Length - 1
        && id.AsSpan(0, colon).IndexOfAnyExcept(s_source) < 0
        && !id.Any(c => char.IsWhiteSpace(c) || char.IsControl(c));

    public static string Checked(string id, Field owner, string name) =>
        IsValid(id) ? id : throw StrictFile.Wrong(owner, name, $"\"{id}\" {Form}");

    /// <exception cref="Manifests.ManifestException">It is none.</exception>
    public static string Checked(string id, string option) =>
        IsValid(id) ? id : throw new Manifests.ManifestException($"{option} {id}: {Form}");

    private static readonly System.Buffers.SearchValues<char> s_source = System.Buffers.SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyz0123456789.-"
    );
}
