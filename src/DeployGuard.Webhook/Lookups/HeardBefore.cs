using System.Runtime.CompilerServices;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Registry.Access;
using DeployGuard.Registry.References;

namespace DeployGuard.Webhook.Lookups;

/// <summary>
/// The statements of the last minutes that name AI, authors or reviews that were taken back, or link an image to a commit of which such
/// is said. Who may push may also delete them, and the next look must not forget what the one before it heard. To hear a deleted
/// statement is no risk: its signature was verified, and everybody could bring it along in an annotation. What there is no room for makes
/// its image count as unread, and never as heard. It is kept by what it is about and by who signed it, and not by who asked: an edit of a
/// policy's keys forgets nothing that a key signed which it still trusts.
/// </summary>
internal sealed class HeardBefore(TimeProvider time)
{
    /// <summary>
    /// Of all images: statements, each once for each of its signers. Copies beside many images count for each of them, and anybody who may
    /// push can make those.
    /// </summary>
    internal const int Most = 16_384;

    /// <summary>What is kept of a place, in characters: it names every place at which the statement lay.</summary>
    private const int LongestPlace = 512;

    /// <summary>Images whose statements were forgotten. If there are more, every image may be one.</summary>
    internal const int MostForgotten = 65_536;

    /// <summary>How long a reading in which nothing was missing is not checked again.</summary>
    private static readonly TimeSpan s_rest = new LookupLimits().PositiveLife / 2;

    /// <summary>At least as long as a result may count without another look.</summary>
    private static readonly TimeSpan s_life = s_rest + new LookupLimits().PositiveLife;

    private readonly Lock _lock = new();
    private readonly Dictionary<Digest, Dictionary<(string Statement, string Signer), Heard>> _byImage = [];

    /// <summary>What each statement says, once, however many images it lies beside and whoever signed it.</summary>
    private readonly Dictionary<string, VerifiedStatement> _statements = new(StringComparer.Ordinal);

    /// <summary>Until when what was forgotten would have been heard.</summary>
    private readonly Dictionary<Digest, DateTimeOffset> _forgotten = [];

    private DateTimeOffset _allForgottenUntil;

    /// <summary>When what is too old is dropped next, also if there is room: a statement may be large.</summary>
    private DateTimeOffset _cleanAt;
    private readonly ConditionalWeakTable<Verification, Whole> _whole = [];
    private int _count;

    /// <summary>Rises with each statement that was not heard before, or no more.</summary>
    private int _new;

    /// <summary>
    /// Remembers what was read now, and returns what an earlier look heard beside it and this one lacks: statements, or that some were
    /// forgotten for want of room. A statement that another of its signers signed is lacking too: anybody may strip a signature, and what
    /// a signer may say depends on its role.
    /// </summary>
    /// <param name="images">The image, and those of its platforms: the same image may be asked for by itself, or in another index.</param>
    /// <param name="keys">What another key signed is not heard. A key is told by itself: its role and times are those of this set.</param>
    /// <returns>Each statement once for each signer that is lacking; <see cref="Verification.With"/> makes one of them.</returns>
    public Verification MissingFrom(Verification read, IReadOnlyList<Digest> images, KeySet keys)
    {
        var now = time.GetUtcNow();
        // Most decisions rest on the same reading as the one before. One object may have been read of several images, for several policies.
        var whole = new Whole(images[0], keys.Id, Volatile.Read(ref _new), now + s_rest);
        if (_whole.TryGetValue(read, out var before) && before.IsStill(whole, now))
        {
            return Verification.Nothing;
        }

        var tightening = read.Statements.Where(Tightens).ToList();
        lock (_lock)
        {
            var missing = HeardOf(images, keys, tightening, now);
            var forgotten = images.Max(ForgottenUntil);
            foreach (var image in images)
            {
                // What names a platform is heard of it also without this index.
                Remember(image, image == images[0] ? tightening : tightening.FindAll(s => IsAbout(s, image)), now);
            }

            if (_count > Most || now >= _cleanAt)
            {
                Forget(now);
            }

            if (missing.Count == 0 && forgotten <= now)
            {
                _whole.AddOrUpdate(read, whole with { New = _new });
                return Verification.Nothing;
            }

            return new Verification(missing, forgotten > now ? [Forgotten(images[0], forgotten)] : []);
        }
    }

    /// <summary>What the last minutes say of an image of which nothing can be read now. Nothing is remembered.</summary>
    /// <param name="images">The image, and those of its platforms.</param>
    public Verification Of(IReadOnlyList<Digest> images, KeySet keys)
    {
        var now = time.GetUtcNow();
        lock (_lock)
        {
            var forgotten = images.Max(ForgottenUntil);
            return new Verification(HeardOf(images, keys, [], now), forgotten > now ? [Forgotten(images[0], forgotten)] : []);
        }
    }

    private List<VerifiedStatement> HeardOf(IReadOnlyList<Digest> images, KeySet keys, List<VerifiedStatement> read, DateTimeOffset now) =>
        [
            .. from image in images
            from heard in _byImage.GetValueOrDefault(image) ?? []
            where heard.Value.Until > now && !read.Any(s => IsSigned(s, heard.Key))
            join key in keys.Keys on heard.Key.Signer equals key.Key.KeyId
            group heard.Value.By(key) by heard.Key into alike
            select alike.First(),
        ];

    private DateTimeOffset ForgottenUntil(Digest image) =>
        _forgotten.TryGetValue(image, out var until) && until > _allForgottenUntil ? until : _allForgottenUntil;

    private static StatementFinding Forgotten(Digest image, DateTimeOffset until) =>
        new(
            FindingKind.Unread,
            $"{image}",
            null,
            "is more than is remembered of the last minutes, and what was forgotten may deny what is there now",
            $"Retry after {until:HH:mm:ss} UTC. If it persists, ask the platform team who copies statements beside many images."
        );

    private static bool Tightens(VerifiedStatement statement) =>
        statement.Claim switch
        {
            ChangeClaim { Change: var change } => change.Ai.Status is not AiStatus.None
                || change.Authors.Count > 0
                || change.Approvals.Any(a => a.State is not ReviewState.Approved),
            // What is said of a commit is heard only where something links the image to that commit.
            SummaryClaim or BuildClaim => true,
            _ => false,
        };

    private static bool IsSigned(VerifiedStatement statement, (string Statement, string Signer) by) =>
        statement.Digest == by.Statement && statement.Signers.Any(s => s.Key.KeyId == by.Signer);

    private static bool IsAbout(VerifiedStatement statement, Digest image) => statement.Subjects.Any(s => s.Sha256 == image.Hex);

    private void Remember(Digest image, List<VerifiedStatement> statements, DateTimeOffset now)
    {
        if (statements.Count == 0)
        {
            return;
        }

        if (!_byImage.TryGetValue(image, out var heard))
        {
            _byImage[image] = heard = [];
        }

        foreach (var statement in statements)
        {
            if (!_statements.TryGetValue(statement.Digest, out var known))
            {
                _statements[statement.Digest] = known = statement;
            }

            var place = statement.Place.Length <= LongestPlace ? statement.Place : $"{statement.Place.AsSpan(0, LongestPlace)}...";
            foreach (var signer in statement.Signers)
            {
                var key = (statement.Digest, signer.Key.KeyId);
                var isKept = heard.TryGetValue(key, out var before);
                _count += isKept ? 0 : 1;
                // What ended and was not dropped yet was not heard any more: a reading may have been whole without it.
                _new += before?.Until > now ? 0 : 1;

                heard[key] = new Heard(known, place, now + s_life);
            }
        }
    }

    /// <summary>What is too old; if that is not enough, also what will be next, down to half, so that this is done seldom.</summary>
    private void Forget(DateTimeOffset now)
    {
        var alive = _byImage.Values.SelectMany(h => h.Values).Select(h => h.Until).Where(u => u > now).Order().ToList();
        var until = alive.Count > Most ? alive[alive.Count - (Most / 2)] : now;
        foreach (var (image, heard) in _byImage.ToList())
        {
            foreach (var (key, old) in heard.Where(h => h.Value.Until < until || h.Value.Until <= now).ToList())
            {
                heard.Remove(key);
                if (old.Until > now && !(_forgotten.TryGetValue(image, out var later) && later >= old.Until))
                {
                    _forgotten[image] = old.Until;
                }
            }

            if (heard.Count == 0)
            {
                _byImage.Remove(image);
            }
        }

        _cleanAt = now + s_life;
        foreach (var image in _forgotten.Where(f => f.Value <= now).Select(f => f.Key).ToList())
        {
            _forgotten.Remove(image);
        }

        if (_forgotten.Count > MostForgotten)
        {
            _allForgottenUntil = _forgotten.Values.Max();
            _forgotten.Clear();
        }

        _count = _byImage.Values.Sum(h => h.Count);
        var kept = _byImage.Values.SelectMany(h => h.Keys.Select(k => k.Statement)).ToHashSet(StringComparer.Ordinal);
        foreach (var statement in _statements.Keys.Where(s => !kept.Contains(s)).ToList())
        {
            _statements.Remove(statement);
        }
    }

    /// <summary>
    /// A reading of an image by a set of keys in which nothing was missing, with the value of the counter at that moment.
    /// </summary>
    private sealed record Whole(Digest Image, string Keys, int New, DateTimeOffset Until)
    {
        public bool IsStill(Whole asked, DateTimeOffset now) =>
            now < Until && New == asked.New && Keys == asked.Keys && Image.Equals(asked.Image);
    }

    /// <param name="Statement">With the signers and the place of any image.</param>
    /// <param name="Place">Beside this image.</param>
    private sealed record Heard(VerifiedStatement Statement, string Place, DateTimeOffset Until)
    {
        public VerifiedStatement By(TrustedKey signer) =>
            Statement with
            {
                Place = $"{Place} (a few minutes ago)",
                Signers = [signer],
                IsHeardBefore = true,
            };
    }
}
