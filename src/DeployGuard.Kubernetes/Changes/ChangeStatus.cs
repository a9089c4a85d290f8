using System.Text.Json.Nodes;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Comparison;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Kubernetes.Changes;

/// <summary>
/// The phase of a Change document and its conditions, in the form of Kubernetes: one for every phase it was in, with time and reason.
/// </summary>
internal static class ChangeStatus
{
    /// <summary>Moves to the phase that a request leads to, unless the Change is further.</summary>
    /// <returns>Whether it moved.</returns>
    public static bool Request(JsonObject status, Transition requested, DateTimeOffset now) =>
        IsOpen(PhaseOf(status), requested.Phase) && Move(status, requested, now);

    /// <summary>Moves to a phase that was observed.</summary>
    /// <returns>Whether it moved.</returns>
    public static bool Move(JsonObject status, Transition to, DateTimeOffset now)
    {
        var from = PhaseOf(status);
        if (from == to.Phase)
        {
            return false;
        }

        // Admitted, Completed and Proven stay true; Pending, Running, Rejected, Expired and Withdrawn end.
        if (
            from is Phase.Pending or Phase.Rejected or Phase.Expired or Phase.Withdrawn
            || (from is Phase.Running && to.Phase is Phase.Expired)
        )
        {
            Set(status, from.Value.ToString(), false, to.Reason, to.Message, now);
        }

        status["phase"] = to.Phase.ToString();
        Set(status, to.Phase.ToString(), true, to.Reason, to.Message, now);
        return true;
    }

    /// <summary>
    /// Sets a condition. Its time changes with its status alone, not with its message; a phase that is entered again gets a new time.
    /// </summary>
    /// <returns>Whether anything changed.</returns>
    public static bool Set(JsonObject status, string type, bool holds, string reason, string message, DateTimeOffset now)
    {
        var conditions = JsonWriting.List(status, "conditions");
        if (conditions.FirstOrDefault(c => (string?)c?["type"] == type) is not JsonObject condition)
        {
            condition = new JsonObject { ["type"] = type };
            conditions.Add((JsonNode)condition);
        }

        var value = holds ? "True" : "False";
        // Parts come from users; kubectl prints them as they are.
        message = VisibleText.Inline(message);
        var isPhase = holds && type == (string?)status["phase"];
        if ((string?)condition["status"] == value && !isPhase)
        {
            var isSame = (string?)condition["reason"] == reason && (string?)condition["message"] == message;
            condition["reason"] = reason;
            condition["message"] = message;
            return !isSame;
        }

        condition["status"] = value;
        condition["reason"] = reason;
        condition["message"] = message;
        condition["lastTransitionTime"] = Rfc3339.Show(now);
        return true;
    }

    private static Phase? PhaseOf(JsonObject status) => Enum.TryParse<Phase>((string?)status["phase"], out var phase) ? phase : null;

    /// <summary>
    /// Whether a request may change the phase. A refusal changes nothing for a revision that runs or ran; otherwise the last answer counts.
    /// </summary>
    private static bool IsOpen(Phase? current, Phase requested) =>
        requested switch
        {
            Phase.Pending => current is null or Phase.Admitted or Phase.Expired or Phase.Rejected or Phase.Withdrawn,
            Phase.Rejected => current is null or Phase.Admitted or Phase.Expired or Phase.Pending or Phase.Withdrawn,
            Phase.Admitted => current is null or Phase.Pending or Phase.Rejected or Phase.Expired or Phase.Withdrawn,
            Phase.Proven => current is not Phase.Proven,
            Phase.Completed => current is not (Phase.Completed or Phase.Proven),
            Phase.Running or Phase.Expired or Phase.Withdrawn => throw new InvalidOperationException(
                $"no request makes a Change {requested}"
            ),
            _ => throw new InvalidOperationException($"unknown phase {requested}"),
        };

    /// <summary>Records the object that holds the revision, by its uid and template hash, which cannot be forged.</summary>
    public static void SetOwned(JsonObject status, OwnedRevision owned)
    {
        status["ownedRevision"] = owned.Name;
        JsonWriting.SetOrRemove(status, "ownedUid", owned.Uid);
        JsonWriting.SetOrRemove(status, "ownedHash", owned.TemplateHash);
    }
}
