import Primitives
import Testing
import Web

@Suite("Client certificates")
struct ClientCertificateTests {
    /// A peer of one TLS version that believes whom `authority` vouches for, and a client that believes the peer.
    private func asked(
        _ version: String = "TLSv1_3", by authority: String = TestAuthority.authority, showing: [String] = [],
        _ body: (HTTPClient, HTTPRequest, _ shown: [String]) async throws -> Void
    ) async throws {
        let fingerprint = try #require(CertificateFingerprint(parsing: TestAuthority.printed))
        try await withFiles([TestAuthority.certificate, TestAuthority.key, authority] + showing) { files in
            let options = TLSPeer.Options(certificate: files[0], key: files[1], onlyVersion: version, clientAuthority: files[2])
            try await TLSPeer.run(options) { port, _ in
                try await asking { client in
                    let asking = request("https://127.0.0.1:\(port)/") { $0.trust = .fingerprints([fingerprint]) }
                    try await body(client, asking, Array(files.dropFirst(3)))
                }
            }
        }
    }

    @Test(
        "Shown to a server that asks, from two files or one; a connection made with it serves no request without",
        arguments: ["TLSv1_2", "TLSv1_3"])
    func shown(_ version: String) async throws {
        let both = TestAuthority.certificate + TestAuthority.key
        try await asked(version, showing: [TestAuthority.certificate, TestAuthority.key, both]) { client, asking, files in
            var shown = asking
            for certificate in [
                ClientCertificate(certificateFile: files[0], keyFile: files[1]), ClientCertificate(certificateFile: files[2]),
            ] {
                shown.clientCertificate = certificate
                for opened in [1, 0] {
                    let answer = try await client.send(shown)
                    #expect(answer.connectionsOpened == opened)
                }
                #expect(await client.error(of: asking) != nil)
            }
        }
    }

    @Test("None where one is asked for is said")
    func missing() async throws {
        try await asked { client, asking, _ in
            let error = await client.error(of: asking)
            #expect(error?.kind == .tls)
            #expect(error?.certificate == nil)
            #expect(error?.message == "the server asks for a client certificate")
        }
    }

    @Test("One that the server refuses is not blamed on the server's", arguments: ["TLSv1_2", "TLSv1_3"])
    func refused(_ version: String) async throws {
        try await asked(version, by: TestAuthority.expiredAuthority, showing: [TestAuthority.certificate, TestAuthority.key]) {
            client, asking, files in
            var shown = asking
            shown.clientCertificate = ClientCertificate(certificateFile: files[0], keyFile: files[1])
            let error = await client.error(of: shown)
            #expect(error?.kind == .tls)
            #expect(error?.certificate == nil)
            #expect(error?.message == "the server refuses the client certificate: certificate expired")
        }
    }

    @Test("Files that are missing, hold nothing or do not belong together are errors of TLS")
    func badFiles() async throws {
        let other = try SelfSignedCertificate(commonName: "x", names: [])
        try await asked(showing: [TestAuthority.certificate, TestAuthority.key, other.keyPEM.reveal(), ""]) { client, asking, files in
            for (certificate, key) in [
                ("/nonexistent", files[1]), (files[0], "/nonexistent"), (files[0], nil), (files[0], files[2]), (files[3], files[1]),
                ("", nil),
                ("\(files[0])\u{0}", files[1]), (files[0], "\(files[1])\u{0}"),
            ] {
                var shown = asking
                shown.clientCertificate = ClientCertificate(certificateFile: certificate, keyFile: key)
                let error = await client.error(of: shown)
                #expect(error?.kind == .tls, "\(certificate), \(key ?? "no key")")
                #expect(error?.certificate == nil)
                #expect(error?.message.contains("\n") == false)
            }
        }
    }
}
