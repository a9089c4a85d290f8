namespace DeployGuard.Core.Provenance.Attestations;

/// <summary>An envelope, statement or key that cannot be used. The message says what is wrong and where in it; whoever read the file puts its name before.</summary>
public sealed class AttestationException(string message, Exception? cause = null) : Exception(message, cause);
