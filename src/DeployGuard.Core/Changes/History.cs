namespace DeployGuard.Core.Changes;

/// <summary>What a workload went through, from the records and from what the API server still holds.</summary>
internal static class History
{
    /// <summary>The workload completed a revision with this template.</summary>
    public static bool WentThrough(string templateHash, ClusterView view)
    {
        // The live owned revision is asked first: a server upgrade may have added defaults, and then the stored hash is of another day.
        var owned = view.History.Where(h => h.TemplateHash == templateHash).Select(h => h.Name).ToHashSet();
        return view.Changes.Any(c => c.HasCompleted
                && (c.TemplateHash == templateHash || (c.OwnedRevision is { } name && owned.Contains(name))))
            || (RecordsAreLost(view) && owned.Count > 0);
    }

    /// <summary>The revision gone back to is proven, or completed on at least as many pods as are asked for now.</summary>
    public static bool RanOnAsMany(Change change, ClusterView view) =>
        change.After is not { } after
        || RecordsAreLost(view)
        || view.Changes.Any(c => c.HasCompleted && IsOf(c, after.Template.Hash, view)
            && (c.Phase is Phase.Proven || c.Adopted || c.CompletedPods >= after.Replicas));

    private static bool IsOf(RecordedChange change, string templateHash, ClusterView view) =>
        change.TemplateHash == templateHash
        || (change.OwnedRevision is { } owned && view.History.Any(h => h.TemplateHash == templateHash && h.Name == owned));

    /// <summary>
    /// Nothing on record was ever let in. What waits does not count: a refusal just now must not close the way back of
    /// a workload whose records were lost.
    /// </summary>
    public static bool RecordsAreLost(ClusterView view) => !view.Changes.Any(c => c.WasAdmitted);
}
