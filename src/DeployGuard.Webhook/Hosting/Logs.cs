using Microsoft.Extensions.Logging.Console;

namespace DeployGuard.Webhook.Hosting;

/// <summary>Where the program writes: decisions to standard output, one JSON line each; what it says about itself to standard error.</summary>
internal static class Logs
{
    public static ILoggerFactory Create() => LoggerFactory.Create(Configure);

    public static void Configure(ILoggingBuilder logging)
    {
        logging.ClearProviders();
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "yyyy-MM-ddTHH:mm:ssZ ";
            console.UseUtcTimestamp = true;
        });
        logging.Services.Configure<ConsoleLoggerOptions>(c => c.LogToStandardErrorThreshold = LogLevel.Trace);
        logging.AddFilter("Microsoft", LogLevel.Warning);
    }

    /// <summary>Buffered, and flushed by the decision log when it has caught up.</summary>
    public static Stream StandardOutput() => new BufferedStream(Console.OpenStandardOutput(), 64 * 1024);
}
