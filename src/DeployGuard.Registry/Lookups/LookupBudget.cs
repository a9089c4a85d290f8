using DeployGuard.Registry.Access;
using DeployGuard.Registry.References;

namespace DeployGuard.Registry.Lookups;

/// <summary>What one lookup may still read and keep.</summary>
internal sealed class LookupBudget(LookupLimits limits)
{
    /// <summary>Two objects and their place in a dictionary.</summary>
    private const int BytesOfEntry = 100;

    private readonly Lock _lock = new();
    private readonly HashSet<(Digest Subject, Digest Manifest, Digest Blob)> _statements = [];
    private readonly Dictionary<Digest, int> _bySubject = [];
    private long _bytes;

    /// <summary>
    /// Reserves the place of a statement: taken, known already from another place, or one too many.
    /// </summary>
    public Reservation Reserve(Digest subject, Digest manifest, Digest blob)
    {
        lock (_lock)
        {
            if (_statements.Contains((subject, manifest, blob)))
            {
                return Reservation.Known;
            }

            var count = _bySubject.GetValueOrDefault(subject);
            if (count == limits.Referrers)
            {
                return Reservation.TooMany;
            }

            _bySubject[subject] = count + 1;
            _statements.Add((subject, manifest, blob));
            return Reservation.Taken;
        }
    }

    /// <summary>False if there is no room for so many bytes.</summary>
    public bool TakeBytes(long bytes)
    {
        lock (_lock)
        {
            if (_bytes + bytes > limits.ResultBytes)
            {
                return false;
            }

            _bytes += bytes;
            return true;
        }
    }

    /// <summary>False if there is no room for these texts. Short ones cost more than their characters.</summary>
    public bool Take(IReadOnlyDictionary<string, string> texts) =>
        TakeBytes(texts.Sum(t => BytesOfEntry + (2L * (t.Key.Length + t.Value.Length))));

    /// <summary>All that was taken.</summary>
    public long Bytes
    {
        get
        {
            lock (_lock)
            {
                return _bytes;
            }
        }
    }
}

internal enum Reservation
{
    Taken,
    Known,
    TooMany,
}
