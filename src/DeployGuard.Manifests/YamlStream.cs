using System.Text;

namespace DeployGuard.Manifests;

/// <summary>
/// Takes a stream apart at its <c>---</c> lines, as kubectl does: one part is in memory at a time, and what is wrong with one says
/// nothing of the next.
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

    /// <param name="unusable">Gets what is wrong with a part; reading goes on behind it.</param>
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
                unusable(new ManifestException(
                    $"{source}:{number}: what follows was not read, because it is larger than {MaxStream / 1024 / 1024} MiB; split it"));
                yield break;
            }

            // A file that was appended to another has its byte order mark in the middle.
            var line = read[0] == ByteOrderMark && (part.IsEmpty || IsSeparator(read.AsSpan(1))) ? read[1..] : read;
            if (IsSeparator(line) && !part.IsOnlyDirectives)
            {
                if (part.Take(source) is { } complete)
                {
                    yield return complete;
                }

                part = new PartBuilder();
            }

            if (!part.Add(line, number))
            {
                unusable(new ManifestException($"{source}:{part.FirstLine}: a document larger than {MaxDocument / 1024 / 1024} MiB; split it"));
            }
        }

        if (part.Take(source) is { } last)
        {
            yield return last;
        }
    }

    private static bool IsSeparator(ReadOnlySpan<char> line) =>
        line.StartsWith("---") && (line.Length == 3 || char.IsWhiteSpace(line[3]));

    /// <summary>
    /// A line with its end; of one that is too long for any document, as much as shows that. Null at the end of the stream.
    /// </summary>
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

    /// <summary>The lines of a part so far.</summary>
    private sealed class PartBuilder
    {
        private readonly StringBuilder _text = new();
        private bool _hasDirective;
        private bool _hasContent;
        private bool _isTooLarge;

        public int FirstLine { get; private set; }

        public bool IsEmpty => FirstLine == 0;

        /// <summary>
        /// The directives of a document, such as <c>%YAML 1.1</c>, stand before its separator and belong to what follows it.
        /// </summary>
        public bool IsOnlyDirectives => _hasDirective && !_hasContent;

        /// <returns>False for the line that makes it too large.</returns>
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

        /// <summary>Null where there is nothing to read, or too much.</summary>
        public YamlPart? Take(string source) => _hasContent && !_isTooLarge ? new YamlPart(source, FirstLine, _text.ToString()) : null;
    }
}
