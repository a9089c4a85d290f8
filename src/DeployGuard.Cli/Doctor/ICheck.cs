namespace DeployGuard.Cli.Doctor;

/// <summary>One thing that must be so for DeployGuard to work. Reports everything that it finds, and at least that all is well.</summary>
internal interface ICheck
{
    string Name { get; }

    /// <exception cref="ApiException">The API server refused something; <see cref="CheckRunner"/> says so in the check's place.</exception>
    Task<IReadOnlyList<Diagnosis>> LookAsync(CheckContext patient, CancellationToken cancel);
}
