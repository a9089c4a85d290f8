using System.Globalization;
using System.Text.Json;

namespace DeployGuard.Core.Workloads;

/// <summary>Reads how a workload replaces its pods: <c>strategy</c> of a Deployment, <c>updateStrategy</c> of the others.</summary>
internal static class StrategyReader
{
    private const int DefaultProgressDeadlineSeconds = 600;

    public static RolloutStrategy Read(Field spec)
    {
        var strategy = spec.Object("strategy") ?? spec.Object("updateStrategy");
        var rolling = strategy?.Object("rollingUpdate");
        var read = new RolloutStrategy(
            strategy?.Text("type"),
            ReadIntOrPercent(rolling, "maxSurge"),
            ReadIntOrPercent(rolling, "maxUnavailable"),
            rolling?.Int("partition"),
            spec.Int("minReadySeconds") ?? 0,
            spec.Int("progressDeadlineSeconds") ?? DefaultProgressDeadlineSeconds,
            // Only Deployments define this field; other kinds ignore it.
            spec["paused"] is { Element.ValueKind: JsonValueKind.True }
        )
        {
            FirstOrdinal = spec.Object("ordinals")?.Int("start") ?? 0,
            JobsOverlap = spec["jobTemplate"] is not null && (spec.Text("concurrencyPolicy") ?? "Allow") == "Allow",
        };
        // An unknown type may ignore the fields under rollingUpdate. So they are not taken as a limit.
        return read.IsRolling ? read : read with { MaxSurge = null, MaxUnavailable = null, Partition = null };
    }

    private static IntOrPercent? ReadIntOrPercent(Field? rolling, string name)
    {
        if (rolling?[name] is not { } field)
        {
            return null;
        }

        if (field.Element.ValueKind is JsonValueKind.Number && field.Element.TryGetInt32(out var pods))
        {
            return new IntOrPercent(pods, IsPercent: false);
        }

        return
            field.Element.ValueKind is JsonValueKind.String
            && field.Element.GetString() is ['0' or '1' or '2' or '3' or '4' or '5' or '6' or '7' or '8' or '9', .., '%'] text
            && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var percent)
            ? new IntOrPercent(percent, IsPercent: true)
            : throw field.Wrong("a whole number or a percentage such as 25%");
    }
}
