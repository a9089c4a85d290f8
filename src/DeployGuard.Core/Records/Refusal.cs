using DeployGuard.Core.Evaluation;

namespace DeployGuard.Core.Records;

/// <summary>Why a record may not be written: a reason of the catalogue, and a message for the user.</summary>
public sealed record Refusal(Reason Reason, string Message)
{
    public override string ToString() => $"{Reason.Code}: {Message}";
}
