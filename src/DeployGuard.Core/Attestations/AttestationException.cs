namespace DeployGuard.Core.Attestations;

/// <summary>
/// An envelope, statement or key that cannot be used. The message says what is wrong and where; the caller adds the name of the file.
/// </summary>
public sealed class AttestationException(string message, Exception? cause = null) : Exception(message, cause);
