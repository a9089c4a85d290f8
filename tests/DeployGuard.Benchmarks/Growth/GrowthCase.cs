namespace DeployGuard.Benchmarks.Growth;

/// <summary>A cluster and its reviews, which differ from the base case of their group in one respect.</summary>
internal sealed record GrowthCase(string Name)
{
    /// <summary>Policies that match the reviews.</summary>
    public int Matching { get; init; } = 2;

    public int OtherPolicies { get; init; }

    public Elsewhere PoliciesOf { get; init; }

    /// <summary>Beside the <see cref="GrowthCluster.Subjects"/>, in other namespaces.</summary>
    public int WorkloadsOutside { get; init; } = 100;

    /// <summary>In the namespace of the reviews, each with a Service of its own.</summary>
    public int WorkloadsInside { get; init; }

    /// <summary>Completed Changes of workloads of other namespaces.</summary>
    public int ChangesOutside { get; init; }

    /// <summary>Completed Changes of other workloads of the namespace of the reviews.</summary>
    public int ChangesInside { get; init; }

    public int OtherNamespaces { get; init; } = 5;

    public int Containers { get; init; } = 2;

    public ReviewSize Size { get; init; } = ReviewSize.Recorded;

    /// <summary>Bytes that the environment variables of a container have in addition, in both objects.</summary>
    public int Environment { get; init; }
}

/// <summary>What policies that do not match the reviews select.</summary>
internal enum Elsewhere
{
    OtherNamespaces,
    OtherKinds,
    OtherLabels,
}

internal enum ReviewSize
{
    /// <summary>Without what kubectl and the API server add: managed fields, the applied manifest, the status.</summary>
    Bare,
    Recorded,
}

/// <summary>Cases that are compared with the first of them, round by round.</summary>
internal static class GrowthCases
{
    public static IReadOnlyList<IReadOnlyList<GrowthCase>> Groups { get; } =
    [
        [
            new("10 policies, which all match") { Matching = 10 },
            new("1 policy, which matches") { Matching = 1 },
            new("100 policies, of which 10 match: others are of other namespaces") { Matching = 10, OtherPolicies = 90 },
            new("1,000 policies, of which 10 match: others are of other namespaces") { Matching = 10, OtherPolicies = 990 },
            new("1,000 policies, of which 10 match: others are of other kinds")
            {
                Matching = 10,
                OtherPolicies = 990,
                PoliciesOf = Elsewhere.OtherKinds,
            },
            new("1,000 policies, of which 10 match: others are of other labels")
            {
                Matching = 10,
                OtherPolicies = 990,
                PoliciesOf = Elsewhere.OtherLabels,
            },
        ],
        [
            new("100 workloads in 5 other namespaces"),
            new("1,000 workloads in other namespaces") { WorkloadsOutside = 1_000 },
            new("10,000 workloads in other namespaces") { WorkloadsOutside = 10_000 },
            new("1,000 other namespaces") { OtherNamespaces = 1_000 },
            new("10,000 Changes in other namespaces") { ChangesOutside = 10_000 },
        ],
        [
            new("20 workloads in the namespace"),
            new("100 workloads more in the namespace") { WorkloadsInside = 100 },
            new("1,000 workloads more in the namespace") { WorkloadsInside = 1_000 },
            new("10,000 workloads more in the namespace") { WorkloadsInside = 10_000 },
            new("10,000 Changes of other workloads in the namespace") { ChangesInside = 10_000 },
        ],
        [new("1 container") { Containers = 1 }, new("10 containers") { Containers = 10 }, new("50 containers") { Containers = 50 }],
        [
            new("a review as recorded"),
            new("a review without managed fields, applied manifest and status") { Size = ReviewSize.Bare },
            new("a review with 100 KB more in each object") { Environment = 95_000 },
            new("a review with 1 MB more in each object") { Environment = 1_000_000 },
        ],
    ];
}
