using System.Text.Json.Nodes;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Comparison;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Kubernetes.Changes;

/// <summary>What signed evidence proved of one image under one policy, in the form of the record.</summary>
internal sealed record RecordedProvenance(string Policy, string Image, JsonObject Json)
{
    /// <summary>
    /// Of images under each policy that asks about them. A later change of an image that finds no place has no commit to start from.
    /// </summary>
    internal const int Most = 50;

    /// <summary>What could not be looked up is not recorded: it says nothing of the image.</summary>
    public static IReadOnlyList<RecordedProvenance> Of(Verdict verdict) =>
        [
            .. from facts in verdict.SignedFacts
            let policy = verdict.Policies.FirstOrDefault(p => p.Name == facts.Policy)
            from image in facts.Images
            from proven in new[] { image.Provenance }.OfType<ImageProvenance>()
            select new RecordedProvenance(
                facts.Policy,
                image.Image,
                JsonOf(facts.Policy, image.Image, Asked(proven, policy), policy?.SignedOrigin?.Keys ?? [])
            ),
        ];

    /// <summary>The last answer replaces the one before, but a commit that was proven stays: later changes start from it.</summary>
    public static void Merge(JsonObject status, IReadOnlyList<RecordedProvenance> all)
    {
        foreach (var one in all)
        {
            var list = JsonWriting.List(status, ChangeReader.ProvenanceField);
            var former = list.FirstOrDefault(p =>
                (string?)p?["policy"] == one.Policy && (string?)p?["image"] == one.Image && IsOfTemplate(p) == IsOfTemplate(one.Json)
            );
            if ((former is null && list.Count >= Most) || (former?["commit"] is not null && one.Json["commit"] is null))
            {
                continue;
            }

            if (former is not null)
            {
                list.Remove(former);
            }

            list.Add((JsonNode)one.Json.DeepClone());
        }
    }

    /// <summary>Where every change needs an approval, nobody asked whether AI had a part.</summary>
    private static ImageProvenance Asked(ImageProvenance proven, SafeguardPolicy? policy) =>
        proven.Missing is { Kind: LinkKind.AiStatus } && policy is { Approval.Required: Required.Always }
            ? proven with
            {
                Missing = null,
            }
            : proven;

    private static bool IsOfTemplate(JsonNode? entry) => (bool?)entry?[ChangeReader.TemplateFlag] is true;

    /// <summary>
    /// The commit of an image is a fact. That of a template counts only with a whole chain: later templates start from it, and an old
    /// statement must not lead back.
    /// </summary>
    private static HeadCommit? HeadOf(ImageProvenance proven) =>
        proven is { IsOfTemplate: true, Chain.Count: 0 } or { IsOfTemplate: true, ReviewedTemplates.Count: 0 } ? null : proven.Head;

    private static JsonObject JsonOf(string policy, string image, ImageProvenance proven, IReadOnlyList<OriginKey> keys)
    {
        JsonArray Named(IEnumerable<string> names) =>
            new([.. names.Select(n => (JsonNode)$"{n}{(keys.FirstOrDefault(k => k.Name == n) is { } key ? $" ({key.Role})" : "")}")]);

        var json = new JsonObject
        {
            ["policy"] = policy,
            ["image"] = VisibleText.Inline(image),
            ["origin"] = proven.Origin.ToString(),
        };
        if (proven.IsOfTemplate)
        {
            json[ChangeReader.TemplateFlag] = true;
        }

        if (HeadOf(proven) is { } head)
        {
            json["repository"] = head.Repository;
            json["commit"] = head.Commit;
            json["keys"] = Named(head.Keys);
            json[ChangeReader.KeyIdsField] = new JsonArray([.. head.KeyIds.Select(k => (JsonNode)k)]);
        }

        JsonWriting.SetOrRemove(json, "missing", proven.Missing is { } gap ? VisibleText.Inline($"{gap.Kind}: {gap.What}") : null);
        json["statements"] = new JsonArray([
            .. proven
                .Chain.Take(Most)
                .SelectMany(l =>
                    l.Statements.Select(s =>
                        (JsonNode)
                            new JsonObject
                            {
                                ["digest"] = s,
                                ["from"] = l.BaseCommit,
                                ["to"] = l.HeadCommit,
                                ["keys"] = Named(l.Keys),
                            }
                    )
                ),
        ]);
        json["reviews"] = new JsonArray([
            .. proven
                .Reviews.Take(Most)
                .Select(r =>
                    (JsonNode)
                        new JsonObject
                        {
                            ["approver"] = VisibleText.Inline(r.Approver),
                            ["at"] = Rfc3339.Show(r.At),
                            ["statements"] = new JsonArray([.. r.Statements.Take(Most).Select(s => (JsonNode)s)]),
                            ["keys"] = Named(r.Keys),
                        }
                ),
        ]);
        return json;
    }
}
