using System.Text.Json;

namespace DeployGuard.Core.Workloads;

/// <summary>The items of a JSON list with their paths; none for an absent list.</summary>
public readonly struct FieldList(Field? list)
{
    private readonly Field? _list = list;

    public Enumerator GetEnumerator() => new(_list);

    /// <summary>Goes through the items.</summary>
    public struct Enumerator(Field? list)
    {
        private readonly FieldLocation? _place = list?.Place;
        private JsonElement.ArrayEnumerator _items = list is { } found ? found.Element.EnumerateArray() : default;
        private int _index = -1;

        public readonly Field Current => new(_items.Current, new FieldLocation(_place, FieldLocation.Index(_index)));

        public bool MoveNext()
        {
            _index++;
            return _items.MoveNext();
        }
    }
}
