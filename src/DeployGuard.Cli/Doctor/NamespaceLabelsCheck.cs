namespace DeployGuard.Cli.Doctor;

/// <summary>Whether namespaces carry the label by which the webhooks select them. API servers from 1.21 on set it themselves.</summary>
internal sealed class NamespaceLabelsCheck : ICheck
{
    public string Name => "namespaces";

    public async Task<IReadOnlyList<Diagnosis>> RunAsync(CheckContext context, CancellationToken cancel) =>
        [Diagnose(await context.NamespacesAsync(cancel))];

    public static Diagnosis Diagnose(IReadOnlyList<NamespaceLabels> namespaces)
    {
        var wrong = namespaces.Where(n => n.Labels.GetValueOrDefault(NamespaceLabels.OfName) != n.Name).Select(n => n.Name).ToList();
        return wrong.Count == 0
            ? Diagnosis.Ok($"all {namespaces.Count} carry the label {NamespaceLabels.OfName}")
            : Diagnosis.Warning(
                $"{NameList.Of(wrong, "namespace", "none")} without the name in the label {NamespaceLabels.OfName}: webhooks "
                    + "cannot select by it, so no request is blocked while no replica answers, and exempt namespaces are evaluated",
                $"Set the label: kubectl label --overwrite namespace {wrong[0]} {NamespaceLabels.OfName}={wrong[0]}"
            );
    }
}
