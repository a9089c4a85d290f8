namespace DeployGuard.Cli.Doctor;

/// <summary>The checks in the order of the report. Those on which others depend come first.</summary>
internal static class CheckList
{
    public static IReadOnlyList<ICheck> All { get; } =
    [
        new PermissionsCheck(),
        new DeploymentCheck(),
        new CertificateCheck(),
        new ReachabilityCheck(),
        new RegistrationCheck(),
        new GateCheck(),
        new MatchConditionsCheck(),
        new PoliciesCheck(),
        new QuorumCheck(),
        new SignedEvidenceCheck(),
        new NamespaceLabelsCheck(),
        new ControllersCheck(),
    ];
}
