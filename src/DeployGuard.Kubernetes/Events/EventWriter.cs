using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using DeployGuard.Core.Comparison;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Kubernetes.Events;

/// <summary>
/// Writes Events. A repeated Event increases the count of the stored one, and the rate of each namespace is limited, for votes also that
/// of each voter: Events only inform, the record is the Change.
/// </summary>
internal sealed class EventWriter(ApiConnection api, TimeProvider time)
{
    private const int MaxMessage = 1000;
    private const int MaxPerMinute = 60;

    /// <summary>Of one user, where Events are limited by user: the votes of one do not silence those of another.</summary>
    private const int MaxPerUser = 20;

    /// <summary>Of all users together.</summary>
    private const int MaxOfUsers = 240;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _written = [];
    private DateTimeOffset _minute;

    /// <exception cref="ApiException">The API server refused.</exception>
    /// <exception cref="HttpRequestException">It could not be reached.</exception>
    public async Task WriteAsync(EventEntry entry, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        if (!MayWrite(entry, now))
        {
            return;
        }

        var document = Document(entry, now);
        var collection = ApiPaths.Events(entry.About.EventNamespace);
        try
        {
            using var created = await api.WriteAsync(HttpMethod.Post, collection, document.ToJsonString(), cancel);
        }
        catch (ApiException exists) when (exists.StatusCode is HttpStatusCode.Conflict)
        {
            var path = ApiPaths.One(collection, (string?)document["metadata"]?["name"] ?? "");
            using var stored = await api.GetAsync(path, cancel);
            var count = stored.RootElement.Number("count") ?? 1;
            var patch = new JsonObject
            {
                ["count"] = count + 1,
                ["lastTimestamp"] = Rfc3339.Show(now),
                ["message"] = document["message"]?.DeepClone(),
            };
            using var patched = await api.WriteAsync(HttpMethod.Patch, path, patch.ToJsonString(), cancel, "application/merge-patch+json");
        }
    }

    private bool MayWrite(EventEntry entry, DateTimeOffset now)
    {
        var all = $"{entry.About.EventNamespace}/{entry.Budget?.What}";
        lock (_lock)
        {
            if (now - _minute >= TimeSpan.FromMinutes(1))
            {
                _minute = now;
                _written.Clear();
            }

            // What one user writes too much does not use up the limit of all.
            return entry.Budget is { } budget ? Take($"{all}/{budget.By}", MaxPerUser) && Take(all, MaxOfUsers) : Take(all, MaxPerMinute);
        }
    }

    private bool Take(string key, int max) => (_written[key] = _written.GetValueOrDefault(key) + 1) <= max;

    private static JsonObject Document(EventEntry entry, DateTimeOffset now)
    {
        var about = entry.About;
        // Parts come from users; kubectl prints them as they are.
        var visible = string.Join('\n', entry.Message.Split('\n').Select(VisibleText.Inline));
        var message = visible.Length > MaxMessage ? string.Concat(visible.AsSpan(0, MaxMessage), "...") : visible;
        var identity = Convert.ToHexStringLower(
            SHA256.HashData(Encoding.UTF8.GetBytes($"{about.Kind}/{about.Name}/{about.Uid}/{entry.Reason}/{message}")).AsSpan(0, 8)
        );
        var involved = new JsonObject
        {
            ["apiVersion"] = about.ApiVersion,
            ["kind"] = about.Kind,
            ["name"] = about.Name,
        };
        JsonWriting.SetOrRemove(involved, "namespace", about.Namespace);
        JsonWriting.SetOrRemove(involved, "uid", about.Uid);
        var name = about.Name.Length > 200 ? about.Name[..200].TrimEnd('-', '.') : about.Name;
        return new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Event",
            ["metadata"] = new JsonObject { ["name"] = $"{name}.{identity}", ["namespace"] = about.EventNamespace },
            ["involvedObject"] = involved,
            ["type"] = entry.IsWarning ? "Warning" : "Normal",
            ["reason"] = entry.Reason,
            ["message"] = message,
            ["source"] = new JsonObject { ["component"] = "deployguard" },
            ["firstTimestamp"] = Rfc3339.Show(now),
            ["lastTimestamp"] = Rfc3339.Show(now),
            ["count"] = 1,
        };
    }
}
