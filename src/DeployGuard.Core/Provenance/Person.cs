namespace DeployGuard.Core.Provenance;

/// <summary>A person or machine as a commit or an image names it. Nothing proves that they are who they say.</summary>
/// <param name="Email">As it was written; empty where there is none.</param>
public sealed record Person(string Name, string Email)
{
    /// <summary>E-mail addresses are compared whole, in lower case.</summary>
    public string Address => Email.Trim().ToLowerInvariant();

    /// <summary>From <c>Name &lt;email&gt;</c>, an address alone, or a name alone.</summary>
    public static Person Parse(string text)
    {
        var (open, close) = (text.LastIndexOf('<'), text.LastIndexOf('>'));
        return open >= 0 && close > open ? new Person(text[..open].Trim(), text[(open + 1)..close].Trim())
            : text.Contains('@', StringComparison.Ordinal) && !text.Trim().Contains(' ', StringComparison.Ordinal)
                ? new Person("", text.Trim())
            : new Person(text.Trim(), "");
    }

    public override string ToString() => Email.Length > 0 ? $"{Name} <{Email}>".TrimStart() : Name;
}
