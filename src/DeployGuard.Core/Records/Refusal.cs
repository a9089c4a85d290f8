using DeployGuard.Core.Evaluation;

namespace DeployGuard.Core.Records;

/// <summary>Why a record may not be written so: a code of the catalogue, and the words for whoever writes it.</summary>
public sealed record Refusal(Reason Reason, string Message)
{
    public override string ToString() => $"{Reason.Code}: {Message}";
}
