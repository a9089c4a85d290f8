using System.Text.Json.Nodes;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Identities;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Kubernetes.Changes;

/// <summary>The requesters in the status of a Change, and how a column of <c>kubectl get changes</c> names them.</summary>
internal static class ChangeRequesters
{
    /// <summary>Service accounts cannot approve, and their number is unlimited: only the first twenty are kept.</summary>
    private const int MaxMachines = 20;

    /// <summary>
    /// Requesters that are people are all kept, because they may not approve. Their number is limited, unlike that of service accounts.
    /// </summary>
    private const int MaxPeople = 1000;

    /// <summary>Adds a request. Replicas may write requests in another order than they were made.</summary>
    /// <param name="username">Null or empty for a revision that nobody requested.</param>
    public static void Merge(JsonArray requesters, string? username, DateTimeOffset at)
    {
        if (string.IsNullOrEmpty(username))
        {
            return;
        }

        if (requesters.FirstOrDefault(r => (string?)r?["username"] == username) is JsonObject again)
        {
            again["at"] = JsonWriting.ExactTime(JsonWriting.ReadTime(again["at"]) is { } first && first < at ? first : at);
            again["lastAt"] = JsonWriting.ExactTime(JsonWriting.ReadTime(again["lastAt"]) is { } last && last > at ? last : at);
            again["count"] = ((int?)again["count"] ?? 0) + 1;
            return;
        }

        var isMachine = Requester.IsMachineName(username);
        var alike = requesters.Count(r => Requester.IsMachineName((string?)r?["username"] ?? "") == isMachine);
        if (alike < (isMachine ? MaxMachines : MaxPeople))
        {
            requesters.Add(
                (JsonNode)
                    new JsonObject
                    {
                        ["username"] = username,
                        ["at"] = JsonWriting.ExactTime(at),
                        ["lastAt"] = JsonWriting.ExactTime(at),
                        ["count"] = 1,
                    }
            );
        }
    }

    /// <summary>Time of the last request; null if it was never requested.</summary>
    public static DateTimeOffset? LastAt(JsonObject status) =>
        (status["requesters"] as JsonArray ?? []).Max(r => JsonWriting.ReadTime(r?["lastAt"]));

    /// <summary>Names the requesters for the column.</summary>
    /// <returns>Whether anything changed.</returns>
    public static bool SetColumn(JsonObject status)
    {
        var before = (string?)status[ChangeReader.RequesterField];
        JsonWriting.SetOrRemove(status, ChangeReader.RequesterField, ColumnOf(status));
        return before != (string?)status[ChangeReader.RequesterField];
    }

    /// <summary>
    /// The requester whom to ask, and how many others there are: <c>alice +2</c>. The user of the last break-glass that admitted the
    /// revision comes before the first requester, whose request was refused.
    /// </summary>
    private static string ColumnOf(JsonObject status)
    {
        var requesters = (status["requesters"] as JsonArray ?? []).Select(r => (string?)r?["username"]).OfType<string>().ToList();
        var breaker = (status["breakGlass"] as JsonArray ?? []).LastOrDefault(u => (bool?)u?["letIn"] is not false)?["by"];
        var named = (string?)breaker ?? requesters.FirstOrDefault("");
        var others = requesters.Count(r => r != named);
        return $"{named}{(breaker is null ? "" : " (break-glass)")}{(others > 0 ? $" +{others}" : "")}";
    }
}
