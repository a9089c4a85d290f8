using System.Buffers;
using System.Text.Json;

namespace DeployGuard.Kubernetes.Api;

/// <summary>
/// Reads a list as it arrives, object by object: a page has megabytes, and many lists are read at once when a replica starts. No more than
/// a buffer and one object are in memory.
/// </summary>
internal sealed class ListReader(Stream body) : IDisposable
{
    private const int InitialBytes = 64 * 1024;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(InitialBytes);
    private int _start;
    private int _end;
    private bool _isLast;
    private Place _place = Place.Start;
    private JsonReaderState _state = new(new JsonReaderOptions { MaxDepth = ObjectDepth.Parsed });
    private bool _hasItems;
    private bool _hasMetadata;

    private enum Place
    {
        Start,
        List,
        Items,
        End,
    }

    /// <summary>The version of the collection; empty if it has none. Known at the end.</summary>
    public string Version { get; private set; } = "";

    /// <summary>Where the next page begins; empty on the last one. Known at the end.</summary>
    public string Next { get; private set; } = "";

    /// <summary>The next object, for the caller to dispose; null at the end.</summary>
    /// <exception cref="JsonException">It is not JSON, incomplete, or no list.</exception>
    /// <exception cref="IOException">The connection was cut.</exception>
    public async ValueTask<JsonDocument?> NextAsync(CancellationToken cancel)
    {
        while (true)
        {
            if (Parse() is { } item)
            {
                return item;
            }

            if (_isLast)
            {
                return _place is Place.End && _hasItems && _hasMetadata ? null : throw new JsonException("it is no list");
            }

            await FillAsync(cancel);
        }
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(Interlocked.Exchange(ref _buffer, []));

    /// <summary>Null if the buffer holds no further whole object.</summary>
    private JsonDocument? Parse()
    {
        var reader = new Utf8JsonReader(_buffer.AsSpan(_start, _end - _start), _isLast, _state);
        JsonDocument? item = null;
        var (consumed, state) = (0L, _state);
        while (item is null && TryStep(ref reader, out item))
        {
            (consumed, state) = (reader.BytesConsumed, reader.CurrentState);
        }

        _start += (int)consumed;
        _state = state;
        return item;
    }

    /// <summary>Reads the next part of the list; false if it is not whole yet, or there is none.</summary>
    private bool TryStep(ref Utf8JsonReader reader, out JsonDocument? item)
    {
        item = null;
        if (!reader.Read())
        {
            return false;
        }

        switch (_place, reader.TokenType)
        {
            case (Place.Start, JsonTokenType.StartObject):
                _place = Place.List;
                return true;
            case (Place.List, JsonTokenType.PropertyName):
                return TryMember(ref reader);
            case (Place.List, JsonTokenType.EndObject):
                _place = Place.End;
                return true;
            case (Place.Items, JsonTokenType.EndArray):
                _place = Place.List;
                return true;
            case (Place.Items, _):
                return JsonDocument.TryParseValue(ref reader, out item);
            default:
                throw new JsonException("it is no list");
        }
    }

    private bool TryMember(ref Utf8JsonReader reader)
    {
        if (reader.ValueTextEquals("items"u8))
        {
            if (!reader.Read())
            {
                return false;
            }

            (_place, _hasItems) = (reader.TokenType, _hasItems) switch
            {
                (JsonTokenType.StartArray, false) => (Place.Items, true),
                // Servers written in Go may write an empty list so.
                (JsonTokenType.Null, false) => (Place.List, true),
                _ => throw new JsonException("it has no list of items"),
            };
            return true;
        }

        if (!reader.ValueTextEquals("metadata"u8))
        {
            return reader.TrySkip();
        }

        if (!JsonDocument.TryParseValue(ref reader, out var metadata))
        {
            return false;
        }

        using (metadata)
        {
            (Version, Next, _hasMetadata) = (
                metadata.RootElement.Text("resourceVersion") ?? "",
                metadata.RootElement.Text("continue") ?? "",
                true
            );
        }

        return true;
    }

    /// <summary>Fills the buffer, which grows if one object fills it.</summary>
    private async ValueTask FillAsync(CancellationToken cancel)
    {
        var rest = _buffer.AsMemory(_start, _end - _start);
        if (rest.Length > _buffer.Length / 2)
        {
            var larger = ArrayPool<byte>.Shared.Rent(_buffer.Length * 2);
            rest.CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }
        else
        {
            rest.CopyTo(_buffer);
        }

        (_start, _end) = (0, rest.Length);
        var free = _buffer.AsMemory(_end);
        var read = await body.ReadAtLeastAsync(free, free.Length, throwOnEndOfStream: false, cancel);
        _end += read;
        _isLast = read < free.Length;
    }
}
