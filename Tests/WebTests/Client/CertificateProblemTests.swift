import Primitives
import RawPeers
import Testing
import Web

@Suite("What is wrong with a certificate")
struct CertificateProblemTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var names = ["127.0.0.1"]
        /// Days from now to the certificate's making.
        var days = 0.0
        var isTrusted = true
        let kind: CertificateProblem.Kind
        let message: String
    }

    static let rows = [
        Row(testDescription: "expired", days: -40, kind: .expired, message: "the certificate has expired"),
        Row(testDescription: "not yet valid", days: 10, kind: .notYetValid, message: "the certificate is not valid yet"),
        Row(testDescription: "signed by itself", isTrusted: false, kind: .selfSigned, message: "the certificate is signed by itself"),
        Row(
            testDescription: "for another name", names: ["pve2"], kind: .wrongName,
            message: "the certificate is not for the name 127.0.0.1"),
        Row(testDescription: "for no name", names: [], kind: .wrongName, message: "the certificate is not for the name 127.0.0.1"),
    ]

    @Test("Each has its kind, its words and what was shown, and the server gets no request", arguments: rows)
    func problem(_ row: Row) async throws {
        let clock = WallClock.fixed(WallClock.system.unixSeconds + row.days * 86_400)
        let certificate = try SelfSignedCertificate(commonName: "pve1", names: row.names, clock: clock)
        let seen = Collected<String>()
        try await withFiles([certificate.certificatePEM]) { files in
            try await serving(
                certificate: certificate,
                {
                    seen.add($0.path)
                    return HTTPServerResponse(text: "")
                }
            ) { server, client in
                // Twice, as the second may find what the first left.
                for _ in 1...2 {
                    let error = await client.error(
                        of: request(server.address.url(scheme: "https")) { if row.isTrusted { $0.trust = .authority(file: files[0]) } })
                    #expect(error?.kind == .tls)
                    #expect(error?.certificate?.kind == row.kind)
                    #expect(error?.certificate?.found == CertificateFingerprint(certificatePEM: certificate.certificatePEM))
                    #expect(error?.shown?.subject == "CN=pve1")
                    // From an hour before its making for thirty days.
                    #expect(error?.shown?.notBefore.map { abs($0 - (clock.unixSeconds - 3600)) < 3600 } == true)
                    let days = error?.shown.flatMap { shown in shown.notAfter.map { $0 - (shown.notBefore ?? 0) } }.map { $0 / 86_400 }
                    #expect(days.map { abs($0 - 30) < 1 } == true)
                    #expect(error?.message == row.message)
                }
            }
        }
        #expect(seen.all.isEmpty)
    }

    @Test("A chain: its authority is unknown, has expired, or is trusted but for another name")
    func chain() async throws {
        let found = CertificateFingerprint(parsing: TestAuthority.printed)
        let texts = [TestAuthority.certificate, TestAuthority.key, TestAuthority.authority, TestAuthority.expiredAuthority]
        try await withFiles(texts) { files in
            try await TLSPeer.run(TLSPeer.Options(certificate: files[0], key: files[1])) { port, peer in
                try await asking { client in
                    let url = "https://127.0.0.1:\(port)/"
                    let unknown = await client.error(of: request(url))
                    #expect(unknown?.certificate == CertificateProblem(kind: .unknownAuthority, found: found))
                    #expect(unknown?.message == "the certificate is signed by an authority that is not trusted here")
                    let expired = await client.error(of: request(url) { $0.trust = .authority(file: files[3]) })
                    #expect(expired?.certificate == CertificateProblem(kind: .expired, found: found))
                    #expect(expired?.message == "the authority behind the certificate has expired")
                    let named = await client.error(of: request("https://localhost:\(port)/") { $0.trust = .authority(file: files[2]) })
                    #expect(named?.certificate == CertificateProblem(kind: .wrongName, found: found))
                    #expect(named?.message == "the certificate is not for the name localhost")
                    let trusted = try await client.send(request(url) { $0.trust = .authority(file: files[2]) })
                    #expect(trusted.status == 200)
                }
                for _ in 1...2 { #expect(await peer.report()?.hasPrefix("refused: ") == true) }
                // A name is compared after the handshake, and still before a request.
                #expect(await peer.report() == "TLSv1.3 0 0")
            }
        }
    }

    @Test("A failure of TLS that is not the certificate's has none")
    func otherFailures() async throws {
        let plain = try RawServer { $0.send("HTTP/1.1 400 Bad Request\r\n\r\n") }
        try await asking { client in
            let error = await client.error(of: request("https://127.0.0.1:\(plain.port)/"))
            #expect(error?.kind == .tls)
            #expect(error?.certificate == nil)
            let missing = await client.error(
                of: request("https://127.0.0.1:\(plain.port)/") { $0.trust = .authority(file: "/nonexistent") })
            #expect(missing?.kind == .tls)
            #expect(missing?.certificate == nil)
        }
    }

    @Test("Others may make such errors, with a certificate and without")
    func making() {
        #expect(HTTPClientError(kind: .tls, message: "x").certificate == nil)
        let problem = CertificateProblem(kind: .other, found: nil)
        #expect(HTTPClientError(kind: .tls, message: "x", certificate: problem).certificate == problem)
    }
}
