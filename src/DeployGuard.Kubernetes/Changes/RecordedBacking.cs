using System.Text.Json.Nodes;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Comparison;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Kubernetes.Changes;

/// <summary>What signed evidence said of a revision at its last request, in the form of the record.</summary>
internal static class RecordedBacking
{
    internal const int Most = 20;

    /// <summary>They are excluded from the approvers, so none may be left out of a usual range.</summary>
    private const int MostAuthors = 200;

    /// <summary>The last request replaces what the one before found, except where the evidence could not be looked up.</summary>
    public static void Replace(JsonObject status, IReadOnlyList<SignedBacking> found)
    {
        var former = (status[ChangeReader.BackingField] as JsonArray ?? []).OfType<JsonObject>().ToList();
        var entries = found
            .Take(Most)
            .Select(b => b.IsUnavailable ? former.Find(f => (string?)f["policy"] == b.Policy)?.DeepClone().AsObject() : JsonOf(b))
            .OfType<JsonNode>()
            .ToArray();
        status.Remove(ChangeReader.BackingField);
        if (entries.Length > 0)
        {
            status[ChangeReader.BackingField] = new JsonArray(entries);
        }
    }

    private static JsonObject JsonOf(SignedBacking backing)
    {
        var json = new JsonObject
        {
            ["policy"] = backing.Policy,
            ["human"] = backing.IsHuman,
            ["reviews"] = new JsonArray([.. backing.Reviews.Take(Most).Select(r => (JsonNode)JsonOf(r))]),
            ["authors"] = Texts(backing.Authors, MostAuthors),
            ["keys"] = Texts(backing.Keys),
            [ChangeReader.KeyIdsField] = Texts(backing.KeyIds),
        };
        if (backing.ReviewThreshold > 1)
        {
            json["reviewThreshold"] = backing.ReviewThreshold;
        }

        if (backing.Summary is { } summary)
        {
            var twoParty = new JsonObject
            {
                ["at"] = Rfc3339.Show(summary.At),
                ["statements"] = Texts(summary.Statements),
                ["keys"] = Texts(summary.Keys),
                ["verifiers"] = Texts(summary.Verifiers),
            };
            SetCounts(twoParty, summary.Counts);
            json["twoParty"] = twoParty;
        }

        JsonWriting.SetOrRemove(json, "from", backing.RanHash);
        JsonWriting.SetOrRemove(json, "expiresAt", backing.ExpiresAt is { } end ? Rfc3339.Show(end) : null);
        return json;
    }

    private static JsonObject JsonOf(SignedReview review)
    {
        var json = new JsonObject
        {
            ["approver"] = VisibleText.Inline(review.Approver),
            ["at"] = Rfc3339.Show(review.At),
            ["statements"] = Texts(review.Statements),
            ["keys"] = Texts(review.Keys),
        };
        // The identities of the policy may change, and the record must still tell whose review it was.
        JsonWriting.SetOrRemove(json, "person", review.Person.Length > 0 ? VisibleText.Inline(review.Person) : null);
        SetCounts(json, review.Counts);
        return json;
    }

    private static void SetCounts(JsonObject json, string counts) =>
        JsonWriting.SetOrRemove(json, "counts", counts.Length > 0 ? VisibleText.Inline(counts) : null);

    private static JsonArray Texts(IEnumerable<string> texts, int most = Most) =>
        new([.. texts.Take(most).Select(t => (JsonNode)VisibleText.Inline(t))]);
}
