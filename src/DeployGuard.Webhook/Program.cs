using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using DeployGuard.Core.Policies;
using DeployGuard.Webhook.Admission;
using DeployGuard.Webhook.Hosting;

return await CommandLine.RunAsync(args, async (options, cancel) =>
{
    var policy = PolicyReader.Read(JsonDocument.Parse("""{"metadata":{"name":"tier-1"},"spec":{"images":{},"approval":{"quorum":[{"groups":["a"]},{"groups":["b"]}]},"canary":{"steps":[5,25,50]}}}""").RootElement);
    var cert = X509Certificate2.CreateFromPemFile(options.Tls!.Certificate.FullName, options.Tls.Key.FullName);
    SafeguardPolicy[] ps = [policy];
    await using var app = WebhookApp.Build(options, new StandaloneFacts(() => ps), () => cert, () => [], new StreamWriter(Console.OpenStandardOutput()), TimeProvider.System);
    await app.RunAsync();
    return 0;
});
