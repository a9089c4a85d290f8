using System.Collections.Frozen;
using System.Text.Json;

namespace DeployGuard.Core.Workloads;

/// <summary>The annotations with which pods select injected images. The well-known ones are data, in <c>injectors.json</c>.</summary>
public sealed class InjectionTable
{
    /// <summary>Never filled.</summary>
    private static readonly List<(string Key, string Value, InjectionAnnotation By)> s_nothing = [];

    private readonly InjectionTable? _known;
    private readonly FrozenDictionary<string, InjectionAnnotation> _exact;
    private readonly InjectionAnnotation[] _patterns;
    private readonly InjectionAnnotation[] _guesses;
    private readonly InjectionAnnotation[] _never;

    public InjectionTable(IEnumerable<InjectionAnnotation> annotations)
        : this(null, [.. annotations]) { }

    private InjectionTable(InjectionTable? known, IReadOnlyList<InjectionAnnotation> more)
    {
        _known = known;
        _exact = Definite(more).Where(a => !a.IsPattern).DistinctBy(a => a.Key).ToFrozenDictionary(a => a.Key, StringComparer.Ordinal);
        _patterns = [.. Definite(more).Where(a => a.IsPattern)];
        All = [.. known?.All ?? [], .. more];
        _guesses = [.. All.Where(a => a.Form is InjectionForm.Guess)];
        _never = [.. All.Where(a => a.Form is InjectionForm.Never)];
    }

    public static InjectionTable None { get; } = new([]);

    /// <summary>The annotations of the well-known injectors.</summary>
    public static InjectionTable BuiltIn { get; } = Load();

    public IReadOnlyList<InjectionAnnotation> All { get; }

    /// <summary>
    /// This table with further annotations. A known image annotation keeps its meaning; guesses can be declared to name no image.
    /// </summary>
    public InjectionTable With(IEnumerable<InjectionAnnotation> more) => new(this, [.. more]);

    /// <summary>The built-in table with the annotations of flags, each <c>FORM=KEY</c>. A text of another form is left out.</summary>
    public static InjectionTable WithFlags(IEnumerable<string> more) =>
        BuiltIn.With(more.Select(InjectionAnnotation.ParseOrNull).OfType<InjectionAnnotation>());

    /// <summary>The images that annotations name, in the order of their keys.</summary>
    /// <param name="path">Path of the annotations in the object: <c>spec.template.metadata.annotations</c>.</param>
    public IEnumerable<ImageUse> ImagesIn(IReadOnlyDictionary<string, string> annotations, string path) =>
        Find(annotations) is { Count: > 0 } found ? ImagesIn(found, path) : [];

    private static IEnumerable<ImageUse> ImagesIn(List<(string Key, string Value, InjectionAnnotation By)> all, string path) =>
        from found in all
        from image in found.By.Form switch
        {
            InjectionForm.Image => [found.Value],
            // The key is included, because two injectors may use the same version text.
            InjectionForm.Version => [$"{found.Key}:{found.Value}"],
            InjectionForm.Document => InjectionDocument.Read(found.Value).Images,
            _ => (IReadOnlyList<string>)[],
        }
        select new ImageUse($"{path}.{found.Key}", new ImageReference(image)) { InjectedBy = found.By };

    /// <summary>The annotations whose injected images cannot be read.</summary>
    public IEnumerable<UnreadableInjection> UnreadableIn(IReadOnlyDictionary<string, string> annotations, string path) =>
        from found in Find(annotations)
        where
            found.By.Form switch
            {
                // The value false turns an injector off. Any other value may name an object.
                InjectionForm.Other => !found.Value.Equals("false", StringComparison.OrdinalIgnoreCase),
                InjectionForm.Document => !InjectionDocument.Read(found.Value).IsWhole,
                InjectionForm.Guess => new ImageReference(found.Value).LooksLikeImage,
                _ => false,
            }
        select new UnreadableInjection($"{path}.{found.Key}", found.Key, found.By);

    /// <summary>Whether the table knows the annotation. A guess does not count.</summary>
    public bool Knows(string key) => MatchOrNull(key) is { Form: not InjectionForm.Guess };

    /// <summary>Whether the annotation's value is, or contains, an image.</summary>
    public bool NamesImages(string key) =>
        MatchOrNull(key) is { Form: InjectionForm.Image or InjectionForm.Version or InjectionForm.Document };

    /// <summary>Whether the table declares that the annotation names no image.</summary>
    public bool Excludes(string key) => FirstOrNull(_never, key) is not null;

    private InjectionAnnotation? MatchOrNull(string key) =>
        (DefiniteOrNull(key) ?? FirstOrNull(_guesses, key)) is { } found
        && !(found.Form is InjectionForm.Other or InjectionForm.Guess && Excludes(key))
            ? found
            : null;

    /// <summary>The built-in table takes precedence, so that configuration cannot redefine its annotations.</summary>
    private InjectionAnnotation? DefiniteOrNull(string key) =>
        _known?.DefiniteOrNull(key) ?? _exact.GetValueOrDefault(key) ?? FirstOrNull(_patterns, key);

    private static InjectionAnnotation? FirstOrNull(InjectionAnnotation[] annotations, string key)
    {
        foreach (var annotation in annotations)
        {
            if (annotation.Matches(key))
            {
                return annotation;
            }
        }

        return null;
    }

    private static IEnumerable<InjectionAnnotation> Definite(IEnumerable<InjectionAnnotation> annotations) =>
        annotations.Where(a => a.Form is not (InjectionForm.Guess or InjectionForm.Never));

    /// <summary>Templates are read often, and most have no such annotation. So only the matches are sorted.</summary>
    private List<(string Key, string Value, InjectionAnnotation By)> Find(IReadOnlyDictionary<string, string> annotations)
    {
        List<(string Key, string Value, InjectionAnnotation By)>? found = null;
        foreach (var (key, value) in annotations)
        {
            if (value.Length > 0 && MatchOrNull(key) is { } known)
            {
                (found ??= []).Add((key, value, known));
            }
        }

        if (found is null)
        {
            return s_nothing;
        }

        found.Sort(static (a, b) => string.CompareOrdinal(a.Key, b.Key));
        return found;
    }

    private static InjectionTable Load()
    {
        using var stream =
            typeof(InjectionTable).Assembly.GetManifestResourceStream("injectors.json")
            ?? throw new InvalidOperationException("injectors.json is missing from the assembly");
        using var document = JsonDocument.Parse(stream);
        return new InjectionTable(document.RootElement.EnumerateArray().SelectMany(Read));
    }

    private static IEnumerable<InjectionAnnotation> Read(JsonElement injector) =>
        from form in InjectionAnnotation.Forms.Append(KeyValuePair.Create("guess", InjectionForm.Guess))
        where injector.TryGetProperty(form.Key, out _)
        from key in injector.GetProperty(form.Key).EnumerateArray()
        select new InjectionAnnotation(key.GetString() ?? "", form.Value, injector.GetProperty("injector").GetString() ?? "");
}
