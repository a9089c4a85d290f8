using System.Buffers.Text;
using System.Text;

namespace DeployGuard.Benchmarks;

/// <summary>A review whose uid, and whose template where it is a new one, are other ones each time that it is used.</summary>
internal sealed class VariedReview
{
    private const int Length = 8;

    private readonly byte[] _body;
    private readonly int _uid;
    private readonly int _template;

    /// <param name="changing">A text that occurs once, and ends in the digits that change; empty for none.</param>
    public VariedReview(string review, string changing = "")
    {
        _body = Encoding.UTF8.GetBytes(review);
        _uid = _body.AsSpan().IndexOf("\"uid\":\""u8) + "\"uid\":\"".Length;
        _template = changing.Length == 0 ? -1 : _body.AsSpan().IndexOf(Encoding.UTF8.GetBytes(changing)) + changing.Length - Length;
    }

    public byte[] Next(int number)
    {
        Utf8Formatter.TryFormat((uint)number, _body.AsSpan(_uid, Length), out _, new('X', Length));
        if (_template >= 0)
        {
            Utf8Formatter.TryFormat((uint)number, _body.AsSpan(_template, Length), out _, new('X', Length));
        }

        return _body;
    }
}
