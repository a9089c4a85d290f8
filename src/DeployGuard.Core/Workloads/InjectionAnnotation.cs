namespace DeployGuard.Core.Workloads;

/// <summary>How the value of an injection annotation names an image.</summary>
public enum InjectionForm
{
    /// <summary>A whole image reference.</summary>
    Image,

    /// <summary>The tag of an image. The injector knows the repository.</summary>
    Version,

    /// <summary>JSON that contains images: containers, or a JSON patch of them.</summary>
    Document,

    /// <summary>A reference to another object that contains the images. It cannot be resolved here.</summary>
    Other,

    /// <summary>The key and the value look like an image. The injector that reads the annotation is unknown.</summary>
    Guess,

    /// <summary>It names no image, whatever its value looks like.</summary>
    Never,
}

/// <summary>A pod annotation with which the author selects an image for an injector.</summary>
/// <param name="Key">The whole key. One <c>*</c> in it matches any text.</param>
/// <param name="Injector">The injector's name in messages.</param>
public sealed record InjectionAnnotation(string Key, InjectionForm Form, string Injector)
{
    private readonly int _star = Key.IndexOf('*', StringComparison.Ordinal);

    /// <summary>The error for a flag of another form.</summary>
    public const string Expected =
        "expected FORM=KEY with a FORM of image, version, document, other or never, such as image=sidecar.example.com/image";

    /// <summary>The name in messages for the injector of an annotation that configuration added.</summary>
    public const string UnnamedInjector = "an injector";

    public bool IsPattern => _star >= 0;

    /// <summary>The forms that policies, the chart and flags may add.</summary>
    public static IReadOnlyDictionary<string, InjectionForm> Forms { get; } =
        new Dictionary<string, InjectionForm>
        {
            ["image"] = InjectionForm.Image,
            ["version"] = InjectionForm.Version,
            ["document"] = InjectionForm.Document,
            ["other"] = InjectionForm.Other,
            ["never"] = InjectionForm.Never,
        };

    /// <summary>Reads <c>image=sidecar.example.com/image</c>; null if the text has another form.</summary>
    public static InjectionAnnotation? ParseOrNull(string text) =>
        text.Split('=', 2) is [var form, var key] && ProblemWith(key) is null && Forms.TryGetValue(form, out var known)
            ? new InjectionAnnotation(key, known, UnnamedInjector)
            : null;

    /// <summary>Why a text cannot be an annotation key or pattern; null if it can.</summary>
    public static string? ProblemWith(string key) =>
        key.Count(c => c == '*') > 1 ? "has more than one *"
        : key.Length is 0 or > 317 || !key.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or '/' or '*')
            ? "is not an annotation key"
        : key == "*" ? "would match every annotation"
        : null;

    public bool Matches(string key) =>
        _star < 0
            ? key == Key
            : key.Length >= Key.Length - 1
                && key.AsSpan().StartsWith(Key.AsSpan(0, _star), StringComparison.Ordinal)
                && key.AsSpan().EndsWith(Key.AsSpan(_star + 1), StringComparison.Ordinal);
}

/// <summary>An annotation that makes, or may make, an injector add an image that the template does not show.</summary>
/// <param name="Path">Its JSON path in the object.</param>
public sealed record UnreadableInjection(string Path, string Key, InjectionAnnotation By)
{
    /// <summary>Its injector is unknown; it only looks like an image.</summary>
    public bool IsGuess => By.Form is InjectionForm.Guess;

    /// <summary>It should be JSON with images, and is not, or its image field is not a string.</summary>
    public bool IsBadDocument => By.Form is InjectionForm.Document;
}
