import Primitives
import Testing
import Web

@Suite("TLS")
struct TLSTests {
    /// Serves over TLS while the certificate stands in a file.
    private func serving(
        _ certificate: SelfSignedCertificate, _ body: (HTTPServer, HTTPClient, _ file: String) async throws -> Void
    ) async throws {
        let file = "/tmp/martlet-certificate-\(UInt64.random(in: 0 ... .max)).pem"
        try Files.write(Array(certificate.certificatePEM.utf8), to: file)
        defer { Files.remove(file) }
        try await WebTests.serving(certificate: certificate, echo) { server, client in try await body(server, client, file) }
    }

    @Test("Trusted by its file, refused without, taken without looking by explicit choice")
    func trust() async throws {
        let certificate = try SelfSignedCertificate(commonName: "pve1", names: ["127.0.0.1", "localhost", "::1"])
        try await serving(certificate) { server, client, file in
            let url = server.address.url(scheme: "https")
            let trusted = try await client.send(request(url + "/x") { $0.trust = .authority(file: file) })
            #expect(trusted.text == "GET /x\n\n")
            #expect(await client.failure(request(url)) == .tls)
            #expect(try await client.send(request(url) { $0.trust = .insecure }).status == 200)
            // Trust belongs to the request, not to the connection that another request left open.
            #expect(await client.failure(request(url)) == .tls)
            #expect(try await client.send(request(url) { $0.trust = .authority(file: file) }).connectionsOpened == 0)
        }
    }

    @Test(
        "A certificate for another name is refused though its file is trusted",
        arguments: [[], ["127.0.0.2"], ["example.org"], ["localhost"]])
    func wrongName(_ names: [String]) async throws {
        try await serving(SelfSignedCertificate(commonName: "127.0.0.1.example.org", names: names)) { server, client, file in
            let url = server.address.url(scheme: "https")
            #expect(await client.failure(request(url) { $0.trust = .authority(file: file) }) == .tls)
        }
    }

    @Test("One that has expired, or is not valid yet, is refused", arguments: [-40.0, 10.0])
    func validity(_ days: Double) async throws {
        let clock = WallClock.fixed(WallClock.system.unixSeconds + days * 86_400)
        try await serving(SelfSignedCertificate(commonName: "pve1", names: ["127.0.0.1"], clock: clock)) { server, client, file in
            #expect(await client.failure(request(server.address.url(scheme: "https")) { $0.trust = .authority(file: file) }) == .tls)
        }
    }

    @Test("A file of another authority, a file without one and no file at all", arguments: ["other", "empty", "missing"])
    func wrongFile(_ kind: String) async throws {
        let file = "/tmp/martlet-authority-\(UInt64.random(in: 0 ... .max)).pem"
        defer { Files.remove(file) }
        if kind == "other" {
            try Files.write(Array(SelfSignedCertificate(commonName: "x", names: ["127.0.0.1"]).certificatePEM.utf8), to: file)
        }
        if kind == "empty" { try Files.write([], to: file) }
        try await serving(SelfSignedCertificate(commonName: "pve1", names: ["127.0.0.1"])) { server, client, _ in
            #expect(await client.failure(request(server.address.url(scheme: "https")) { $0.trust = .authority(file: file) }) == .tls)
        }
    }

    @Test("Plain words to a TLS server and TLS to a plain one are errors, and neither server minds")
    func mixedUp() async throws {
        try await serving(SelfSignedCertificate(commonName: "pve1", names: ["127.0.0.1"])) { server, client, file in
            #expect(await client.failure(request(server.address.url(scheme: "http"))) == .closed)
            let status = try await client.send(request(server.address.url(scheme: "https")) { $0.trust = .authority(file: file) }).status
            #expect(status == 200)
        }
        try await WebTests.serving(echo) { server, client in
            #expect(await client.failure(request(server.address.url(scheme: "https")) { $0.trust = .insecure }) == .tls)
            let status = try await client.send(request(server.address.url())).status
            #expect(status == 200)
        }
    }

    @Test("Large bodies both ways, many at once")
    func largeBodies() async throws {
        let certificate = try SelfSignedCertificate(commonName: "pve1", names: ["127.0.0.1"])
        try await WebTests.serving(certificate: certificate, { HTTPServerResponse(status: 200, body: .bytes($0.body)) }) { server, client in
            let url = server.address.url(scheme: "https")
            try await withThrowingTaskGroup(of: Int.self) { group in
                for size in [0, 1, 16_384, 500_000, 1 << 20] {
                    group.addTask {
                        try await client.send(
                            request(url) {
                                $0.method = "POST"
                                $0.trust = .insecure
                                $0.body = [UInt8](repeating: 0x78, count: size)
                            }
                        ).body.count
                    }
                }
                let sum = try await group.reduce(0, +)
                #expect(sum == 1 + 16_384 + 500_000 + 1 << 20)
            }
        }
    }

    @Test("The key is a secret, and no two are the same")
    func keys() throws {
        let one = try SelfSignedCertificate(commonName: "pve1", names: ["127.0.0.1"])
        let other = try SelfSignedCertificate(commonName: "pve1", names: ["127.0.0.1"])
        #expect(one.keyPEM != other.keyPEM)
        #expect(one.certificatePEM != other.certificatePEM)
        #expect(one.keyPEM.reveal().hasPrefix("-----BEGIN PRIVATE KEY-----"))
        #expect(one.certificatePEM.hasPrefix("-----BEGIN CERTIFICATE-----"))
        #expect(!"\(one)".contains("PRIVATE"))
    }
}
