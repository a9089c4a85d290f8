using System.Text.Json.Nodes;
using DeployGuard.Core.Changes;

namespace DeployGuard.Kubernetes.Changes;

/// <summary>The phase of a Change document and its conditions: one for every phase it was in, with time and cause, as Kubernetes words them.</summary>
internal static class ChangeStatus
{
    public const string Available = "Available";

    /// <summary>Goes to the phase of a request, unless what is on record is further.</summary>
    /// <returns>Whether it moved.</returns>
    public static bool Ask(JsonObject status, Transition asked, DateTimeOffset now) =>
        IsOpen(PhaseOf(status), asked.Phase) && Move(status, asked, now);

    /// <summary>Goes to a phase that was observed.</summary>
    /// <returns>Whether it moved.</returns>
    public static bool Move(JsonObject status, Transition to, DateTimeOffset now)
    {
        var from = PhaseOf(status);
        if (from == to.Phase)
        {
            return false;
        }

        // That it was admitted, completed or proven stays true; that it waits, runs, is vetoed or expired ends.
        if (from is Phase.Pending or Phase.Rejected or Phase.Expired || (from is Phase.Running && to.Phase is Phase.Expired))
        {
            Set(status, from.Value.ToString(), false, to.Reason, to.Message, now);
        }

        status["phase"] = to.Phase.ToString();
        Set(status, to.Phase.ToString(), true, to.Reason, to.Message, now);
        return true;
    }

    /// <summary>Sets a condition. Its time changes with its status alone; a phase that is entered anew gets a new time.</summary>
    /// <returns>Whether anything changed.</returns>
    public static bool Set(JsonObject status, string type, bool holds, string reason, string message, DateTimeOffset now)
    {
        var conditions = Json.List(status, "conditions");
        if (conditions.FirstOrDefault(c => (string?)c?["type"] == type) is not JsonObject condition)
        {
            condition = new JsonObject { ["type"] = type };
            conditions.Add((JsonNode)condition);
        }

        var value = holds ? "True" : "False";
        var isPhase = holds && type == (string?)status["phase"];
        if ((string?)condition["status"] == value && !isPhase)
        {
            return false;
        }

        condition["status"] = value;
        condition["reason"] = reason;
        condition["message"] = message;
        condition["lastTransitionTime"] = Json.Time(now);
        return true;
    }

    private static Phase? PhaseOf(JsonObject status) => Enum.TryParse<Phase>((string?)status["phase"], out var phase) ? phase : null;

    /// <summary>A refusal takes nothing back from what runs or ran; what was let in and asked for again is what the last answer says.</summary>
    private static bool IsOpen(Phase? current, Phase asked) => asked switch
    {
        Phase.Pending => current is null or Phase.Admitted or Phase.Expired or Phase.Rejected,
        Phase.Rejected => current is null or Phase.Admitted or Phase.Expired or Phase.Pending,
        Phase.Admitted => current is null or Phase.Pending or Phase.Rejected or Phase.Expired,
        Phase.Proven => current is not Phase.Proven,
        Phase.Completed => current is not (Phase.Completed or Phase.Proven),
        Phase.Running or Phase.Expired => throw new InvalidOperationException($"no request makes a change {asked}"),
        _ => throw new InvalidOperationException($"unknown phase {asked}"),
    };

    /// <summary>Notes the object that holds the revision, by what cannot be forged: its uid, and the hash that its template has.</summary>
    public static void SetOwned(JsonObject status, OwnedRevision owned)
    {
        status["ownedRevision"] = owned.Name;
        Json.SetOrRemove(status, "ownedUid", owned.Uid);
        Json.SetOrRemove(status, "ownedHash", owned.TemplateHash);
    }
}
