namespace DeployGuard.Core.Workloads;

/// <summary>What a pod tells an injector by an annotation.</summary>
public enum InjectionForm
{
    /// <summary>A whole image reference.</summary>
    Image,

    /// <summary>The tag of an image whose name the injector knows.</summary>
    Version,

    /// <summary>JSON in which images stand: containers, or a JSON patch of them.</summary>
    Document,

    /// <summary>Something that cannot be read here: the name of another object, in which the images stand.</summary>
    Other,

    /// <summary>Its key reads as if it named an image, and its value looks like one; which injector reads it is not known.</summary>
    Guess,

    /// <summary>No image, whatever it looks like.</summary>
    Never,
}

/// <summary>An annotation of a pod by which its author has an injector put an image of their choice into it.</summary>
/// <param name="Key">The whole key; one <c>*</c> in it stands for any text.</param>
/// <param name="Injector">What people call the injector.</param>
public sealed record InjectionAnnotation(string Key, InjectionForm Form, string Injector)
{
    private readonly int _star = Key.IndexOf('*', StringComparison.Ordinal);

    /// <summary>What a flag is told that is not of the form.</summary>
    public const string Expected = "expected FORM=KEY with a FORM of image, version, document, other or never, such as image=sidecar.example.com/image";

    /// <summary>Who reads an annotation that was added to the known ones.</summary>
    public const string AnInjector = "an injector";

    public bool IsPattern => _star >= 0;

    /// <summary>The forms that may be added to the known ones, as policies, the chart and flags name them.</summary>
    public static IReadOnlyDictionary<string, InjectionForm> Forms { get; } = new Dictionary<string, InjectionForm>
    {
        ["image"] = InjectionForm.Image,
        ["version"] = InjectionForm.Version,
        ["document"] = InjectionForm.Document,
        ["other"] = InjectionForm.Other,
        ["never"] = InjectionForm.Never,
    };

    /// <summary>Reads <c>image=sidecar.example.com/image</c>; null for what is not of this form.</summary>
    public static InjectionAnnotation? ParseOrNull(string text) =>
        text.Split('=', 2) is [var form, var key] && ProblemWith(key) is null && Forms.TryGetValue(form, out var known)
            ? new InjectionAnnotation(key, known, AnInjector)
            : null;

    /// <summary>Why a key cannot be one of an annotation; null if it can.</summary>
    public static string? ProblemWith(string key) =>
        key.Count(c => c == '*') > 1 ? "has more than one *"
        : key.Length is 0 or > 317 || !key.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or '/' or '*') ? "is no key of an annotation"
        : key == "*" ? "would be every annotation"
        : null;

    public bool Matches(string key) => _star < 0 ? key == Key
        : key.Length >= Key.Length - 1
            && key.AsSpan().StartsWith(Key.AsSpan(0, _star), StringComparison.Ordinal)
            && key.AsSpan().EndsWith(Key.AsSpan(_star + 1), StringComparison.Ordinal);
}

/// <summary>An annotation that has an injector add what cannot be read from the template, or may have one do so.</summary>
/// <param name="Path">Its JSON path in the object.</param>
public sealed record UnreadableInjection(string Path, string Key, InjectionAnnotation By)
{
    /// <summary>It only looks like one that names an image.</summary>
    public bool IsGuess => By.Form is InjectionForm.Guess;

    /// <summary>It is meant to be JSON with images in it, and is not, or puts something else than a text where an image stands.</summary>
    public bool IsBadDocument => By.Form is InjectionForm.Document;
}
