using DeployGuard.Core.Provenance;

namespace DeployGuard.Cli.Attest;

/// <summary>What <c>attest</c> reads of a commit.</summary>
internal sealed record Commit(string Hash, string Parents, Person Author, Person Committer, string Message);
