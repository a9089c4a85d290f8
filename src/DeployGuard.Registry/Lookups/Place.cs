using DeployGuard.Registry.Transport;

namespace DeployGuard.Registry.Lookups;

/// <summary>One of the places where statements may lie, and what was seen there.</summary>
internal sealed class Place(string name)
{
    private readonly Lock _lock = new();

    // A manifest may list thousands of layers that are refused.
    private const int ShownRefusals = 8;

    private readonly List<string> _refused = [];
    private int _refusals;

    public string Name => name;

    public string Outcome { get; set; } = "nothing there";

    public IReadOnlyList<Statement> Statements { get; private set; } = [];

    public IReadOnlyList<string> Refused =>
        _refusals > ShownRefusals ? [.. _refused, $"{name}: {_refusals - ShownRefusals} more were refused"] : _refused;

    /// <summary>With the first reason; null if everything that lies there was read.</summary>
    public UnreadPlace? Unread { get; private set; }

    public RegistryException? Failure { get; private set; }

    public string Looked => Failure is null ? $"{name}: {Outcome}" : $"{name}: {Failure.Message}";

    public void Refuse(string why)
    {
        lock (_lock)
        {
            _refusals++;
            if (_refusals <= ShownRefusals)
            {
                _refused.Add($"{name}: {why}");
            }
        }
    }

    /// <summary>Something may lie there that says otherwise than what was read, and that was not read because there is too much.</summary>
    public void RefuseRest(string why)
    {
        Unread ??= new UnreadPlace(name, why);
        Refuse(why);
    }

    /// <summary>What stays as it is.</summary>
    public void Refuse(RegistryException final)
    {
        if (final.IsBeyondBudget)
        {
            RefuseRest(final.Message);
        }
        else
        {
            Refuse(final.Message);
        }
    }

    /// <summary>Adds to a refusal of every credential what the place is, where the reader may not know it.</summary>
    public Place ExplainDenial(string what)
    {
        if (Failure is { Cause: FailureCause.Denied } denied)
        {
            Failure = new RegistryException(denied.Cause, $"{denied.Message}. {what}", denied);
        }

        return this;
    }

    /// <summary>
    /// Looks. What this place refuses for good says nothing of the other places; what it cannot say now leaves the whole lookup undecided.
    /// </summary>
    public async Task<Place> LookAsync(Func<Place, Task<IReadOnlyList<Statement>>> look)
    {
        try
        {
            Statements = await look(this);
            if (Statements.Count > 0)
            {
                Outcome = $"{Statements.Count} {(Statements.Count == 1 ? "statement" : "statements")}";
            }
        }
        catch (RegistryException e) when (e.IsFinal)
        {
            // The list itself: what it names is not known, and anybody who may push can make it so.
            RefuseRest(e.Message);
            Outcome = "refused";
        }
        catch (RegistryException e)
        {
            Failure = e;
        }

        return this;
    }
}
