namespace DeployGuard.Core.Tests.Serving;

/// <summary>A pod template. A revision is the number of its image.</summary>
internal sealed record Template(int Image, TagSet Labels)
{
    public const string HashLabel = "pod-template-hash";

    /// <summary>As the deployment controller compares templates.</summary>
    public bool IsSame(Template other) =>
        Image == other.Image && (ReferenceEquals(Labels, other.Labels) || Labels.Without(HashLabel) == other.Labels.Without(HashLabel));

    public override string ToString() => $"image {Image} {Labels}";
}

/// <summary>The owner that an object names as its controller, whether that is true or not.</summary>
internal sealed record Claim(string Kind, string Name, string Uid);

/// <summary>An object of the simulated namespace; a developer may write its fields.</summary>
internal abstract class SimulatedObject
{
    public required string Kind { get; init; }

    public required string Name { get; init; }

    public required string Uid { get; init; }

    public required TagSet Labels { get; set; }

    public Claim? Owner { get; set; }

    public required DateTimeOffset Created { get; init; }

    public Claim AsOwner => new(Kind, Name, Uid);
}

internal sealed class Pod : SimulatedObject
{
    public required int Image { get; set; }

    public required string Node { get; init; }

    /// <summary>It never becomes ready.</summary>
    public bool Crashes { get; init; }

    public DateTimeOffset? Ready { get; set; }

    public Pod Copy() => (Pod)MemberwiseClone();

    public override string ToString() =>
        $"Pod {Name} image {Image} {Labels} of {Owner?.Name ?? "none"}{(Ready is null ? " not ready" : "")}";
}

/// <summary>A Deployment, ReplicaSet, StatefulSet or Job.</summary>
internal sealed class Controller : SimulatedObject
{
    public required TagSet Selector { get; init; }

    public required Template Template { get; set; }

    public required int Replicas { get; set; }

    public Pacing Pacing { get; set; } = Pacing.AllAtOnce;

    /// <summary>Replaces all at once: Recreate of a Deployment, OnDelete of a StatefulSet.</summary>
    public bool ReplacesAllAtOnce { get; set; }

    public bool Paused { get; set; }

    public int Partition { get; set; }

    public long Generation { get; set; } = 1;

    /// <summary>The last generation that its controller acted on.</summary>
    public long Observed { get; set; }

    /// <summary>Of a ReplicaSet: the sizes that its Deployment wrote, to distinguish a scale from a rollout.</summary>
    public (int Desired, int Most)? Sizes { get; set; }

    /// <summary>Of a Deployment: the number of hash collisions.</summary>
    public int Collisions { get; set; }

    /// <summary>Of a StatefulSet: names of its revisions.</summary>
    public string OldRevision { get; set; } = "";

    public string NewRevision { get; set; } = "";

    public Controller Copy() => (Controller)MemberwiseClone();

    public Controller Changed(Action<Controller> change)
    {
        var copy = Copy();
        change(copy);
        copy.Generation++;
        return copy;
    }

    public override string ToString() =>
        $"{Kind} {Name} x{Replicas} {Template} selects {Selector} labels {Labels} of "
        + $"{Owner?.Name ?? "none"}{(Paused ? " paused" : "")}{(ReplacesAllAtOnce ? " all at once" : "")}{(Partition > 0 ? $" partition {Partition}" : "")} "
        + $"{Pacing.Json}{(Pacing.IsTimed ? " timed" : "")}{(Kind == "StatefulSet" ? $" {OldRevision}->{NewRevision}" : "")}";
}

/// <summary>A ControllerRevision of a StatefulSet.</summary>
internal sealed record Revision(string Name, string Uid, string OwnerUid, Template Template, long Number);

/// <param name="Alias">The Service that it is an ExternalName of; null where it selects pods.</param>
internal sealed record SimulatedService(string Name, TagSet Selector, string? Alias)
{
    public override string ToString() => $"Service {Name} {(Alias is null ? $"selects {Selector}" : $"is {Alias}")}";
}
