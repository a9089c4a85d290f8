using Microsoft.Extensions.Logging.Console;

namespace DeployGuard.Webhook.Hosting;

/// <summary>The outputs of the program: decisions on standard output, one JSON line each; its own log on standard error.</summary>
internal static class Logs
{
    private const string Timestamp = "yyyy-MM-ddTHH:mm:ss.fffZ";

    public static ILoggerFactory Create(LogOptions options) => LoggerFactory.Create(logging => Configure(logging, options));

    public static void Configure(ILoggingBuilder logging, LogOptions options)
    {
        logging.ClearProviders();
        logging.SetMinimumLevel(options.Level);
        _ =
            options.Format is LogFormat.Json
                ? logging.AddJsonConsole(console => (console.TimestampFormat, console.UseUtcTimestamp) = (Timestamp, true))
                : logging.AddSimpleConsole(console =>
                    (console.TimestampFormat, console.UseUtcTimestamp, console.SingleLine) = ($"{Timestamp} ", true, true)
                );
        logging.Services.Configure<ConsoleLoggerOptions>(c => c.LogToStandardErrorThreshold = LogLevel.Trace);
        logging.AddFilter("Microsoft", LogLevel.Warning);
    }

    /// <summary>Buffered; the decision log flushes it when no more lines wait.</summary>
    public static Stream StandardOutput() => new BufferedStream(Console.OpenStandardOutput(), 64 * 1024);
}

/// <summary>Level and format of the log on standard error.</summary>
internal sealed record LogOptions(LogLevel Level, LogFormat Format)
{
    public static readonly LogOptions Default = new(LogLevel.Information, LogFormat.Json);
}

internal enum LogFormat
{
    Json,
    Text,
}
