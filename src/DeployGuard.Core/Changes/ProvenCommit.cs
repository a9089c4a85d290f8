namespace DeployGuard.Core.Changes;

/// <summary>The commit of an image, as statements that a policy trusts proved it when the image was looked up.</summary>
public sealed record ProvenCommit(string Policy, string Image, string Repository, string Commit);
