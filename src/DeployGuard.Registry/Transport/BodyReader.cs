namespace DeployGuard.Registry.Transport;

/// <summary>Reads a body up to a bound, as it was sent.</summary>
internal static class BodyReader
{
    private const int FirstBuffer = 16 * 1024;

    /// <exception cref="RegistryException">It is larger than the bound, or compressed.</exception>
    public static async Task<byte[]> ReadAsync(HttpResponseMessage response, int maxBytes, CancellationToken cancel)
    {
        var where = response.RequestMessage?.RequestUri?.GetLeftPart(UriPartial.Path);
        // Nothing was asked to be compressed: a small body that unpacks to gigabytes stays a small body.
        if (response.Content.Headers.ContentEncoding.Any(e => !e.Equals("identity", StringComparison.OrdinalIgnoreCase)))
        {
            throw new RegistryException(FailureCause.BadContent, $"{where} answered compressed, which was not asked for");
        }

        var length = response.Content.Headers.ContentLength;
        if (length > maxBytes)
        {
            throw TooLarge(where, maxBytes);
        }

        await using var body = await response.Content.ReadAsStreamAsync(cancel);
        // One byte more than the bound tells whether there is more.
        var buffer = new byte[Math.Min(maxBytes, length ?? FirstBuffer) + 1];
        var read = 0;
        while (await body.ReadAsync(buffer.AsMemory(read), cancel) is > 0 and var more)
        {
            read += more;
            if (read > maxBytes)
            {
                throw TooLarge(where, maxBytes);
            }

            if (read == buffer.Length)
            {
                Array.Resize(ref buffer, (int)Math.Min(buffer.Length * 2L, maxBytes + 1L));
            }
        }

        return buffer[..read];
    }

    private static RegistryException TooLarge(string? where, int maxBytes) =>
        new(FailureCause.TooLarge, $"{where} is larger than {maxBytes} bytes");
}
