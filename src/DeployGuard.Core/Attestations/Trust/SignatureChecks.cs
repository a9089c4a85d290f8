namespace DeployGuard.Core.Attestations.Trust;

/// <summary>
/// Checks signatures with the keys of a policy, a bounded number for one image: who may push chooses how many there are, and each costs
/// processor time. A hint at a key decides which one is tried first, and never who signed.
/// </summary>
internal sealed class SignatureChecks(KeySet keys)
{
    public const int Most = 512;

    /// <summary>To hash so much costs about as much as to check a signature.</summary>
    private const int BytesOfACheck = 256 * 1024;

    private int _left = Most;

    /// <summary>Whether anything was left unchecked: then a statement may have more signers than were found.</summary>
    public bool IsMet { get; private set; }

    /// <summary>The keys that made one of the signatures, in the order of the set; null if the bound was met before one was.</summary>
    public IReadOnlyList<TrustedKey>? SignersOf(byte[] message, IEnumerable<(byte[] Value, string? Hint)> signatures)
    {
        HashSet<TrustedKey> signers = [];
        foreach (var (value, hint) in signatures)
        {
            foreach (var key in keys.Keys.Except(signers).OrderBy(k => hint is not null && SigstoreBundle.IsNamed(hint, k.Key) ? 0 : 1))
            {
                if (!Take(key.Key.Cost + (message.Length / BytesOfACheck)))
                {
                    IsMet = true;
                    break;
                }

                if (key.Key.Verifies(message, value))
                {
                    signers.Add(key);
                    break;
                }
            }
        }

        return IsMet && signers.Count == 0 ? null : [.. keys.Keys.Where(signers.Contains)];
    }

    private bool Take(int cost)
    {
        if (cost > _left)
        {
            return false;
        }

        _left -= cost;
        return true;
    }
}
