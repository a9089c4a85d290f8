namespace DeployGuard.Cli.Doctor;

/// <summary>Checks one condition that DeployGuard needs. Returns every result, and at least one.</summary>
internal interface ICheck
{
    string Name { get; }

    /// <exception cref="ApiException">The API server refused a request; <see cref="CheckRunner"/> reports it in place of the
    /// check.</exception>
    Task<IReadOnlyList<Diagnosis>> RunAsync(CheckContext context, CancellationToken cancel);
}
