namespace DeployGuard.Benchmarks;

/// <summary>This program, to start it again: through the dotnet host or its own executable.</summary>
internal static class Self
{
    public static string Program => Environment.ProcessPath ?? "dotnet";

    /// <summary>They come before all others.</summary>
    public static string[] Arguments =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [typeof(Self).Assembly.Location] : [];
}
