namespace DeployGuard.Cli.Doctor;

/// <summary>Whether namespaces carry the label by which the webhooks select them; servers from 1.21 on see to that themselves.</summary>
internal sealed class NamespaceLabelsCheck : ICheck
{
    public string Name => "namespaces";

    public async Task<IReadOnlyList<Diagnosis>> LookAsync(CheckContext patient, CancellationToken cancel) => [Judge(await patient.NamespacesAsync(cancel))];

    public static Diagnosis Judge(IReadOnlyList<NamespaceLabels> namespaces)
    {
        var wrong = namespaces.Where(n => n.Labels.GetValueOrDefault(NamespaceLabels.OfName) != n.Name).Select(n => n.Name).ToList();
        return wrong.Count == 0
            ? Diagnosis.Ok($"all {namespaces.Count} carry the label {NamespaceLabels.OfName}")
            : Diagnosis.Warning(
                $"{Words.List(wrong, "namespace", "none")} without its name in the label {NamespaceLabels.OfName}: webhooks cannot tell it from others, so that nothing waits there, and exempt ones are asked about",
                $"kubectl label --overwrite namespace {wrong[0]} {NamespaceLabels.OfName}={wrong[0]}");
    }
}
