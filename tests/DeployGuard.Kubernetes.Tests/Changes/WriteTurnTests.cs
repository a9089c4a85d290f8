using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using DeployGuard.Kubernetes.Api;
using Microsoft.AspNetCore.Http;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>Several write one Change at once: those for whom nobody waits leave time for those for whom somebody does.</summary>
public class WriteTurnTests
{
    [TestCase(nameof(WriteTurn.Background), 80)]
    [TestCase(nameof(WriteTurn.First), 5)]
    public async Task AfterAConflictAWriterPausesAsItsTurnSays(string turn, int pause)
    {
        var (started, writes) = (Stopwatch.StartNew(), new ConcurrentQueue<TimeSpan>());
        await using var api = await FakeApi.StartAsync();
        api.Objects["/apis/x/v1/things/one"] = """{"metadata": {"name": "one", "resourceVersion": "1"} }""";
        api.Own = async context =>
        {
            if (context.Request.Method != "PUT")
            {
                return false;
            }

            writes.Enqueue(started.Elapsed);
            var isFirst = writes.Count == 1;
            context.Response.StatusCode = isFirst ? StatusCodes.Status409Conflict : StatusCodes.Status200OK;
            await context.Response.WriteAsync(isFirst ? """{"kind": "Status", "code": 409, "reason": "Conflict"}""" : "{}");
            return true;
        };

        using var written = await api.Connection.SwapAndReadAsync(
            "/apis/x/v1/things",
            "one",
            stored => Task.FromResult(stored?.GetRawText()),
            Enum.Parse<WriteTurn>(turn),
            CancellationToken.None
        );

        Assert.That(written?.RootElement.ValueKind, Is.EqualTo(JsonValueKind.Object));
        // A pause is never shorter, but the clock of the timer may be a tick behind.
        Assert.That(writes.Last() - writes.First(), Is.GreaterThan(TimeSpan.FromMilliseconds(pause * 0.8)));
        Assert.That(writes, Has.Count.EqualTo(2));
    }
}
