import Primitives
import Web

/// A certificate that an authority signed, and that authority; made with openssl for these tests, for 127.0.0.1 and pve1.example.org, from
/// 2020 to 2120. The keys vouch for nothing else.
enum TestAuthority {
    /// What `openssl x509 -noout -fingerprint -sha256` prints of the certificate.
    static let printed =
        "sha256 Fingerprint=46:B2:F2:86:D1:E1:C8:99:6D:12:26:FB:66:34:A6:2B:7B:9C:C4:3C:3F:A5:02:23:AC:D3:DF:F5:98:3C:48:D1"

    static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBmjCCAT+gAwIBAgICEAIwCgYIKoZIzj0EAwIwGTEXMBUGA1UEAwwOVGVzdCBB
        dXRob3JpdHkwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBsxGTAX
        BgNVBAMMEHB2ZTEuZXhhbXBsZS5vcmcwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
        AAQcLYVOGoKKnfsHBkZwCbwMnnsCSZbBqhUMVTjWRHPMQn/ZuAjxuavt/1DfYExF
        7hc8D+cmvYma9fHupMrqEP4Xo3MwcTAMBgNVHRMBAf8EAjAAMCEGA1UdEQQaMBiH
        BH8AAAGCEHB2ZTEuZXhhbXBsZS5vcmcwHQYDVR0OBBYEFN0JoYbg0v6e0d1jWFQi
        xirYhwn8MB8GA1UdIwQYMBaAFAiLdUuwJSc0nANkHZVuD4Auw3unMAoGCCqGSM49
        BAMCA0kAMEYCIQDLU9tgAiCt0Fxts82MVlhug0mkVNF3eY2CKJdqMmaGBgIhAKgP
        rX+qP1zman4443PIL3UFRpiiwWWydNsMvNmPIhcx
        -----END CERTIFICATE-----

        """

    static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgfEFHkiHru63SPdUE
        EQYnutGy2RjhYtWIiIPrZnbPjK6hRANCAAQcLYVOGoKKnfsHBkZwCbwMnnsCSZbB
        qhUMVTjWRHPMQn/ZuAjxuavt/1DfYExF7hc8D+cmvYma9fHupMrqEP4X
        -----END PRIVATE KEY-----

        """

    static let authority = """
        -----BEGIN CERTIFICATE-----
        MIIBZjCCAQygAwIBAgICEAAwCgYIKoZIzj0EAwIwGTEXMBUGA1UEAwwOVGVzdCBB
        dXRob3JpdHkwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBkxFzAV
        BgNVBAMMDlRlc3QgQXV0aG9yaXR5MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
        yxHT0M70SubLYD+6vvZ5eM6mDrt7dIS1yse/s5+vDc9bsanRpNwrr5u0nj7J07fq
        A6FCi6VRdWbklb8pfMoo56NCMEAwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8E
        BAMCAQYwHQYDVR0OBBYEFAiLdUuwJSc0nANkHZVuD4Auw3unMAoGCCqGSM49BAMC
        A0gAMEUCIBlnstlFL8L6e+uKslVSgQy8TZNeNKr1MeypvJR3BPK1AiEAwWy6UZjj
        AIa04UxZMWEJOkvycaXsQJNBx6RAi3iFarc=
        -----END CERTIFICATE-----

        """

    /// The same authority as it was until the end of 2020.
    static let expiredAuthority = """
        -----BEGIN CERTIFICATE-----
        MIIBZDCCAQqgAwIBAgICEAEwCgYIKoZIzj0EAwIwGTEXMBUGA1UEAwwOVGVzdCBB
        dXRob3JpdHkwHhcNMjAwMTAxMDAwMDAwWhcNMjEwMTAxMDAwMDAwWjAZMRcwFQYD
        VQQDDA5UZXN0IEF1dGhvcml0eTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABMsR
        09DO9Ermy2A/ur72eXjOpg67e3SEtcrHv7Ofrw3PW7Gp0aTcK6+btJ4+ydO36gOh
        QoulUXVm5JW/KXzKKOejQjBAMA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0PAQH/BAQD
        AgEGMB0GA1UdDgQWBBQIi3VLsCUnNJwDZB2Vbg+ALsN7pzAKBggqhkjOPQQDAgNI
        ADBFAiEAvyNwfm8ZLF5C2rm9rdHzZ9F/mRq5ZLi0YCkW0sQS+R8CIBG9wG6vJzT/
        F9MOvwud4GwC0xjhRIOnTwNohpHsDFbD
        -----END CERTIFICATE-----

        """
}

/// Texts in files, gone when `body` is done.
func withFiles<Result>(_ texts: [String], _ body: ([String]) async throws -> Result) async throws -> Result {
    let files = texts.map { _ in "/tmp/martlet-test-\(UInt64.random(in: 0 ... .max)).pem" }
    defer { for file in files { Files.remove(file) } }
    for (file, text) in zip(files, texts) { try Files.write(Array(text.utf8), to: file, mode: 0o600) }
    return try await body(files)
}
