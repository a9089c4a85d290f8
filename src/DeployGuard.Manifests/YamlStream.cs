using System.Text;

namespace DeployGuard.Manifests;

/// <summary>
/// Splits a stream at its <c>---</c> lines, as kubectl does. Only one part is in memory at a time, and an error in one does not affect the
/// next.
/// </summary>
internal sealed class YamlStream(string source, TextReader text)
{
    // In characters. An API server takes objects of 3 MiB at most, but a list of many objects is one document.
    private const int MaxDocument = 16 * 1024 * 1024;
    private const long MaxStream = 1024L * 1024 * 1024;
    private const char ByteOrderMark = '\uFEFF';

    private readonly char[] _buffer = new char[32 * 1024];
    private int _at;
    private int _filled;
    private long _read;

    /// <param name="unusable">Receives each error in a part; reading continues after it.</param>
    /// <exception cref="IOException">The stream cannot be read.</exception>
    public IEnumerable<YamlPart> Parts(Action<ManifestException> unusable)
    {
        var part = new PartBuilder();
        var number = 0;
        while (ReadLine() is { } read)
        {
            number++;
            if (_read > MaxStream)
            {
                unusable(
                    new ManifestException(
                        $"{source}:{number}: the rest was not read, because the stream is larger than {MaxStream / 1024 / 1024} "
                            + "MiB; split it"
                    )
                );
                yield break;
            }

            // After concatenation of files, a byte order mark may be in the middle.
            var line = read[0] == ByteOrderMark && (part.IsEmpty || IsSeparator(read.AsSpan(1))) ? read[1..] : read;
            if (IsSeparator(line) && !part.IsOnlyDirectives)
            {
                if (part.ToPartOrNull(source) is { } complete)
                {
                    yield return complete;
                }

                part = new PartBuilder();
            }

            if (!part.Add(line, number))
            {
                unusable(
                    new ManifestException($"{source}:{part.FirstLine}: a document larger than {MaxDocument / 1024 / 1024} MiB; split it")
                );
            }
        }

        if (part.ToPartOrNull(source) is { } last)
        {
            yield return last;
        }
    }

    private static bool IsSeparator(ReadOnlySpan<char> line) => line.StartsWith("---") && (line.Length == 3 || char.IsWhiteSpace(line[3]));

    /// <summary>A line with its line end; a line that exceeds any document is cut. Null at the end of the stream.</summary>
    private string? ReadLine()
    {
        var line = new StringBuilder();
        var isComplete = false;
        while (!isComplete && Fill())
        {
            var rest = _buffer.AsSpan(_at, _filled - _at);
            var end = rest.IndexOf('\n');
            isComplete = end >= 0;
            var taken = isComplete ? rest[..(end + 1)] : rest;
            _at += taken.Length;
            _read += taken.Length;
            line.Append(line.Length > MaxDocument ? [] : taken);
        }

        return line.Length > 0 ? line.ToString() : null;
    }

    private bool Fill()
    {
        if (_at == _filled)
        {
            (_at, _filled) = (0, text.Read(_buffer));
        }

        return _filled > 0;
    }

    /// <summary>Collects the lines of a part.</summary>
    private sealed class PartBuilder
    {
        private readonly StringBuilder _text = new();
        private bool _hasDirective;
        private bool _hasContent;
        private bool _isTooLarge;

        public int FirstLine { get; private set; }

        public bool IsEmpty => FirstLine == 0;

        /// <summary>Directives such as <c>%YAML 1.1</c> come before the separator of the document that they belong to.</summary>
        public bool IsOnlyDirectives => _hasDirective && !_hasContent;

        /// <returns>False for the line with which the part becomes too large.</returns>
        public bool Add(string line, int number)
        {
            FirstLine = IsEmpty ? number : FirstLine;
            _hasDirective |= line.StartsWith('%');
            _hasContent |= !line.StartsWith('%') && !line.StartsWith('#') && !string.IsNullOrWhiteSpace(line);
            if (_isTooLarge)
            {
                return true;
            }

            _isTooLarge = _text.Length + line.Length > MaxDocument;
            _text.Append(_isTooLarge ? "" : line);
            return !_isTooLarge;
        }

        /// <summary>Null if the part is empty or too large.</summary>
        public YamlPart? ToPartOrNull(string source) =>
            _hasContent && !_isTooLarge ? new YamlPart(source, FirstLine, _text.ToString()) : null;
    }
}
