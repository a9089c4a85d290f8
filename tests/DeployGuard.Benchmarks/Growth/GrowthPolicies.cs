namespace DeployGuard.Benchmarks.Growth;

/// <summary>
/// The policies of a case: those that match have every kind of finding between them, and the others would refuse as well.
/// </summary>
internal static class GrowthPolicies
{
    public static IEnumerable<string> Of(GrowthCase @case) =>
        Enumerable
            .Range(0, @case.Matching)
            .Select(Matching)
            .Select(p => p.Replace("ADOPTED", Adopted(GrowthCluster.Namespace), StringComparison.Ordinal))
            .Concat(
                Enumerable
                    .Range(0, @case.OtherPolicies)
                    .Select(i =>
                        Other(i, @case.PoliciesOf)
                            .Replace(
                                "ADOPTED",
                                Adopted(@case.PoliciesOf is Elsewhere.OtherNamespaces ? "elsewhere" : GrowthCluster.Namespace),
                                StringComparison.Ordinal
                            )
                    )
            );

    /// <summary>Policies adopt the namespaces that they enforce in.</summary>
    private static string Adopted(string @namespace) =>
        $$$"""
            "status": {"adopted": [{"namespace": "{{{@namespace}}}", "at": "2026-11-24T10:00:00Z", "servingAt": "2026-11-24T10:00:00Z"}]}
            """;

    private static string Matching(int i) =>
        i == 0
            ? """
                {"metadata": {"name": "match-0", "generation": 2}, "spec": {"mode": "Enforce", "images": {"pin": "Digest"},
                  "approval": {"quorum": [{"groups": ["senior-engineers"], "count": 1}, {"groups": ["directors"], "count": 1}]},
                  "canary": {"steps": [5, 25, 50], "pace": {"percent": 25, "minReady": "1m"} } }, ADOPTED }
                """
            : $$$"""
                {"metadata": {"name": "match-{{{i}}}", "generation": 2}, "spec": {"mode": "Enforce",
                  "match": {"kinds": ["Deployment"], "workloadSelector": {"matchLabels": {"tier": "1"} } },
                  "approval": {"required": "Always", "quorum": [{"groups": ["owners-{{{i}}}"], "count": 1}]} }, ADOPTED }
                """;

    private static string Other(int i, Elsewhere elsewhere) =>
        $$$"""
            {"metadata": {"name": "other-{{{i}}}", "generation": 2}, "spec": {"mode": "Enforce", "match": {{{Match(i, elsewhere)}}},
              "images": {"pin": "Digest"}, "approval": {"required": "Always", "quorum": [{"groups": ["others-{{{i}}}"], "count": 1}]} }, ADOPTED }
            """;

    private static string Match(int i, Elsewhere elsewhere) =>
        elsewhere switch
        {
            Elsewhere.OtherNamespaces => $$$"""{"namespaceSelector": {"matchLabels": {"tier": "other-{{{i}}}"} } }""",
            Elsewhere.OtherKinds => """{"kinds": ["StatefulSet", "DaemonSet"]}""",
            Elsewhere.OtherLabels => $$$"""{"workloadSelector": {"matchLabels": {"app": "other-{{{i}}}"} } }""",
            _ => throw new InvalidOperationException($"unknown: {elsewhere}"),
        };
}
