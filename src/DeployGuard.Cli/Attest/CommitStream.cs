using System.Text;
using DeployGuard.Core.Provenance;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Attest;

/// <summary>Reads the output of <c>git log -z</c>. Every field ends with NUL, which none of them can contain.</summary>
internal sealed class CommitStream(Stream output)
{
    /// <summary>The names as the commit has them (%an, not %aN): a mailmap of the repository could name another person.</summary>
    public const string Format = "--format=%H%x00%P%x00%an%x00%ae%x00%cn%x00%ce%x00%B";

    private byte[] _buffer = new byte[1 << 16];
    private int _start;
    private int _end;

    public IEnumerable<Commit> Read()
    {
        while (Next() is { } hash)
        {
            yield return new Commit(hash, Field(), new Person(Field(), Field()), new Person(Field(), Field()), Field());
        }
    }

    private string Field() => Next() ?? throw new ManifestException("git log ended within a commit; run it again");

    /// <summary>Null at the end.</summary>
    private string? Next()
    {
        var searched = _start;
        while (true)
        {
            var at = _buffer.AsSpan(searched, _end - searched).IndexOf((byte)0);
            if (at >= 0)
            {
                var text = Encoding.UTF8.GetString(_buffer, _start, searched + at - _start);
                _start = searched + at + 1;
                return text;
            }

            if (!Fill())
            {
                return null;
            }

            searched = _start;
        }
    }

    private bool Fill()
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, 2 * _buffer.Length);
        }

        var read = output.Read(_buffer, _end, _buffer.Length - _end);
        _end += read;
        return read > 0;
    }
}
