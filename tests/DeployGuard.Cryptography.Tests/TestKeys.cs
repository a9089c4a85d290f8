namespace DeployGuard.Cryptography.Tests;

/// <summary>Keys that openssl and cosign wrote for these tests, and that protect nothing. The password is <c>pw</c>.</summary>
internal static class TestKeys
{
    /// <summary><c>openssl genpkey -algorithm ed25519</c></summary>
    public const string Ed25519 = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEIC08PlDhDlBlHX9/DwKWvYYOWMpHvS3PgZYwDtb76wHF
        -----END PRIVATE KEY-----
        """;

    /// <summary><c>openssl pkcs8 -topk8</c></summary>
    public const string Ed25519Encrypted = """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAilmGY7jwl39gICCAAw
        DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEGw6uHmLKgl8ta7rZQgvrVUEQE2u
        gNDgAhnNhhh0XkS76yS2G8TyVbt2sLdpBp3RnahF7CzR9ZzI/YcakcWrPzLVBwRT
        ysUmj92EVJj5zxkw82M=
        -----END ENCRYPTED PRIVATE KEY-----
        """;

    /// <summary><c>openssl pkey -pubout</c></summary>
    public const string Ed25519Public = """
        -----BEGIN PUBLIC KEY-----
        MCowBQYDK2VwAyEA32oR1QNesiJF8ARph0Uy+7VwfpVjqwjVzEwmDWXzS5A=
        -----END PUBLIC KEY-----
        """;

    /// <summary><c>cosign generate-key-pair</c>, version 3.1.1.</summary>
    public const string Cosign = """
        -----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----
        eyJrZGYiOnsibmFtZSI6InNjcnlwdCIsInBhcmFtcyI6eyJOIjo2NTUzNiwiciI6
        OCwicCI6MX0sInNhbHQiOiJEMEdRTkhkamhSUDJaQXBVZnBQQ1BXV2RzK2FXM0JS
        b0RQR3QrRm5DblNFPSJ9LCJjaXBoZXIiOnsibmFtZSI6Im5hY2wvc2VjcmV0Ym94
        Iiwibm9uY2UiOiJzKysrRTVxdnlwUXlwYnFwYlFVbENiMUVBRS96NmlrdCJ9LCJj
        aXBoZXJ0ZXh0IjoiL2E5ZjhoSWtCT3J4MXFlanlRSWNuUmlNZEpRQmNpWU96bUJS
        MG5mcjVPbUY2RVNvcTZuRGlRWU40UFBydHYxdzFYdG0zVW1PM0JOaUprVmxXR2E4
        QzhJa1c3anpqdFd5M1F2TjVtdmk5RFliWEJEVzY0Zyt3YUJuZjh6WUJVd0hGUUI4
        WHNTOTYzRFJHSFRuK0RFQXovS3dRNG5CdjB3UXlsWHc5YnJsK2dhNjVMMU41YmFO
        TFRUYVRCRTYxUFpJZjZZNUo0SVhkZW53OHc9PSJ9
        -----END ENCRYPTED SIGSTORE PRIVATE KEY-----
        """;

    /// <summary>Its public half.</summary>
    public const string CosignPublic = """
        -----BEGIN PUBLIC KEY-----
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEDtik9a91eu4n29XRioC9mYZiJVQ4
        S3qzk92xmWJuY9BVTMqWRgxGnRmExLiwCz7DRXKp08iDW40DeTsEMQxb4Q==
        -----END PUBLIC KEY-----
        """;
}
