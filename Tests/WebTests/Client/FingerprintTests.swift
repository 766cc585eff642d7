import Primitives
import RawPeers
import Testing
import Web

@Suite("Trust by fingerprint")
struct FingerprintTests {
    static let other = String(repeating: "00:", count: 31) + "00"

    /// A server whose certificate is for no name here, out of date and signed by itself, with a count of the requests that it got.
    private func servingOld(
        _ body: (_ url: String, CertificateFingerprint, HTTPClient, _ requests: Collected<String>) async throws -> Void
    ) async throws {
        let clock = WallClock.fixed(WallClock.system.unixSeconds - 400 * 86_400)
        let certificate = try SelfSignedCertificate(commonName: "old", names: ["old.example.org"], clock: clock)
        let fingerprint = try #require(CertificateFingerprint(certificatePEM: certificate.certificatePEM))
        let requests = Collected<String>()
        try await serving(
            certificate: certificate,
            {
                requests.add($0.path)
                return HTTPServerResponse(text: "here")
            }
        ) { server, client in try await body(server.address.url(scheme: "https"), fingerprint, client, requests) }
    }

    @Test("The holder of the certificate is believed, whatever its name, its dates and its signer, in every way of writing it")
    func right() async throws {
        try await servingOld { url, fingerprint, client, requests in
            let text = fingerprint.description
            for written in [text, text.lowercased(), text.filter { $0 != ":" }, "SHA256:\(text)"] {
                let read = try #require(CertificateFingerprint(parsing: written))
                #expect(try await client.send(request(url) { $0.trust = .fingerprints([read]) }).text == "here")
            }
            #expect(requests.all.count == 4)
        }
    }

    @Test("So it is as one of several")
    func several() async throws {
        try await servingOld { url, fingerprint, client, _ in
            let other = try #require(CertificateFingerprint(parsing: Self.other))
            for list in [[other, fingerprint], [fingerprint, other], Array(repeating: other, count: 500) + [fingerprint]] {
                #expect(try await client.send(request(url) { $0.trust = .fingerprints(list) }).text == "here")
            }
        }
    }

    @Test("Anybody else is not: the error shows what was found, and no request is sent")
    func wrong() async throws {
        try await servingOld { url, fingerprint, client, requests in
            let other = try #require(CertificateFingerprint(parsing: Self.other))
            for (list, words) in [([other], "not the one that was given"), ([other, other], "none of those that were given")] {
                let error = await client.error(
                    of: request(url) {
                        $0.trust = .fingerprints(list)
                        $0.headers = [("Authorization", "secret")]
                    })
                #expect(error?.kind == .tls)
                #expect(error?.certificate == CertificateProblem(kind: .wrongFingerprint, found: fingerprint))
                #expect(error?.message == "the certificate's SHA-256 is \(fingerprint), which is \(words)")
            }
            #expect(requests.all.isEmpty)
        }
    }

    @Test("One that differs in a single bit is another", arguments: [0, 7, 128, 255])
    func almost(_ bit: Int) async throws {
        try await servingOld { url, fingerprint, client, requests in
            var text = Array(fingerprint.description.filter { $0 != ":" })
            let digit = try #require(text[bit / 4].hexDigitValue)
            text[bit / 4] = Character(String(digit ^ 8 >> (bit % 4), radix: 16))
            let almost = try #require(CertificateFingerprint(parsing: String(text)))
            #expect(almost != fingerprint)
            #expect(await client.error(of: request(url) { $0.trust = .fingerprints([almost]) })?.certificate?.kind == .wrongFingerprint)
            #expect(requests.all.isEmpty)
        }
    }

    @Test("An empty list believes nobody, and nobody is asked")
    func empty() async throws {
        let server = try RawServer { _ = $0.readToEnd() }
        try await asking { client in
            let error = await client.error(of: request("https://127.0.0.1:\(server.port)/") { $0.trust = .fingerprints([]) })
            #expect(error?.kind == .tls)
            #expect(error?.message == "no fingerprint is given, so no server can be believed")
            #expect(server.connectionCount == 0)
        }
    }

    @Test("With http, which shows no certificate, nothing is sent")
    func plain() async throws {
        let server = try RawServer { _ = $0.readToEnd() }
        try await asking { client in
            let fingerprint = try #require(CertificateFingerprint(parsing: Self.other))
            #expect(await client.failure(request(server.url) { $0.trust = .fingerprints([fingerprint]) }) == .url)
            #expect(server.connectionCount == 0)
        }
    }

    // MARK: reuse

    @Test("No connection serves a request of another trust, in whatever order they come; one of the same trust does")
    func pairs() async throws {
        let certificate = try SelfSignedCertificate(commonName: "pve1", names: ["127.0.0.1"])
        let right = try #require(CertificateFingerprint(certificatePEM: certificate.certificatePEM))
        let wrong = try #require(CertificateFingerprint(parsing: Self.other))
        let requests = Collected<String>()
        try await withFiles([certificate.certificatePEM, certificate.certificatePEM]) { files in
            let trusts: [(HTTPRequest.Trust, isMet: Bool)] = [
                (.system, false), (.authority(file: files[0]), true), (.authority(file: files[1]), true), (.insecure, true),
                (.fingerprints([right]), true), (.fingerprints([wrong]), false), (.fingerprints([wrong, right]), true),
                (.fingerprints([right, wrong]), true),
            ]
            try await serving(
                certificate: certificate,
                {
                    requests.add($0.path)
                    return HTTPServerResponse(text: "")
                }
            ) { server, _ in
                let url = server.address.url(scheme: "https")
                var expectedRequests = 0
                for first in trusts {
                    for second in trusts {
                        try await asking { client in
                            var known: [HTTPRequest.Trust] = []
                            for trust in [first, second, first, second] {
                                let answer = try? await client.send(request(url) { $0.trust = trust.0 })
                                #expect((answer != nil) == trust.isMet, "\(first.0), then \(second.0)")
                                guard let answer else { continue }
                                #expect(answer.connectionsOpened == (known.contains(trust.0) ? 0 : 1), "\(first.0), then \(second.0)")
                                known.append(trust.0)
                                expectedRequests += 1
                            }
                        }
                    }
                }
                #expect(requests.all.count == expectedRequests)
            }
        }
    }

    @Test("Not even when a host has room for one connection only")
    func oneConnection() async throws {
        try await servingOld { url, right, _, requests in
            let wrong = try #require(CertificateFingerprint(parsing: Self.other))
            let client = try HTTPClient(connectionsPerHost: 1, connectionsKept: 1)
            defer { client.close() }
            for _ in 1...5 {
                #expect(try await client.send(request(url) { $0.trust = .insecure }).connectionsOpened == 1)
                #expect(await client.failure(request(url) { $0.trust = .fingerprints([wrong]) }) == .tls)
                #expect(try await client.send(request(url) { $0.trust = .fingerprints([right]) }).connectionsOpened == 1)
                #expect(await client.failure(request(url)) == .tls)
            }
            #expect(requests.all.count == 10)
        }
    }

    @Test("Two hundred at once share the connections of their trust, right and wrong ones mixed")
    func concurrent() async throws {
        try await servingOld { url, right, _, requests in
            let wrong = try #require(CertificateFingerprint(parsing: Self.other))
            let client = try HTTPClient(connectionsPerHost: 16)
            defer { client.close() }
            for wave in 1...3 {
                let opened = try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 0..<200 {
                        group.addTask { try await client.send(request(url) { $0.trust = .fingerprints([right]) }).connectionsOpened }
                    }
                    return try await group.reduce(0, +)
                }
                #expect(wave == 1 ? 1...16 ~= opened : opened == 0)
            }
            #expect(requests.all.count == 600)
            let refused = await withTaskGroup(of: Bool.self) { group in
                for index in 0..<200 {
                    group.addTask {
                        await client.failure(request(url) { $0.trust = .fingerprints([index % 2 == 0 ? right : wrong]) }) == .tls
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(refused == 100)
            #expect(requests.all.count == 700)
        }
    }

    // MARK: against another TLS library

    @Test(
        "In each version of TLS: the right one is served, the wrong one ends the handshake and no byte of HTTP comes",
        arguments: ["TLSv1.2", "TLSv1.3"])
    func versions(_ version: String) async throws {
        let right = try #require(CertificateFingerprint(parsing: TestAuthority.printed))
        let wrong = try #require(CertificateFingerprint(parsing: Self.other))
        try await withFiles([TestAuthority.certificate, TestAuthority.key]) { files in
            var options = TLSPeer.Options(certificate: files[0], key: files[1])
            options.onlyVersion = version.replacing(".", with: "_")
            try await TLSPeer.run(options) { port, peer in
                let url = "https://localhost:\(port)/"
                for _ in 1...3 {
                    try await asking { client in
                        let error = await client.error(of: request(url) { $0.trust = .fingerprints([wrong]) })
                        #expect(error?.certificate == CertificateProblem(kind: .wrongFingerprint, found: right))
                        // The peer's handshake has failed, so there was nothing to decrypt that could be HTTP.
                        #expect(await peer.report()?.hasPrefix("refused: ") == true)
                        for opened in [1, 0] {
                            let answer = try await client.send(request(url) { $0.trust = .fingerprints([right]) })
                            #expect(answer.text == version)
                            #expect(answer.connectionsOpened == opened)
                        }
                    }
                    #expect(await peer.report()?.hasPrefix("\(version) 2 ") == true)
                }
            }
        }
    }

    @Test("A handshake that its deadline cuts short leaves nothing behind")
    func cutShort() async throws {
        let fingerprint = try #require(CertificateFingerprint(parsing: Self.other))
        let server = try RawServer { _ = $0.readToEnd() }
        try await asking { client in
            for _ in 1...3 {
                let kind = await client.failure(
                    request("https://127.0.0.1:\(server.port)/") {
                        $0.trust = .fingerprints([fingerprint])
                        $0.deadline = .after(seconds: 0.05)
                    })
                #expect(kind == .timeout)
            }
        }
    }
}
