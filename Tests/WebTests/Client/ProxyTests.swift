import Primitives
import RawPeers
import Testing
import Web

@Suite("Proxies")
struct ProxyTests {
    @Test("CONNECT is all that a proxy reads: no header of ours, and a certificate is judged behind it")
    func tunnel() async throws {
        let certificate = try SelfSignedCertificate(commonName: "pve1", names: ["127.0.0.1"])
        let right = try #require(CertificateFingerprint(certificatePEM: certificate.certificatePEM))
        let wrong = try #require(CertificateFingerprint(parsing: FingerprintTests.other))
        let seen = Collected<String>()
        try await serving(
            certificate: certificate,
            {
                seen.add($0.headers["Authorization"] ?? "")
                return HTTPServerResponse(text: "here")
            }
        ) { server, client in
            try await TLSPeer.run(TLSPeer.Options(role: .proxy)) { port, peer in
                let asking = request(server.address.url(scheme: "https") + "/secret") {
                    $0.trust = .fingerprints([right])
                    $0.headers = [("Authorization", "secret")]
                }
                let authority = server.address.url().dropFirst("http://".count)
                let head = "CONNECT \(authority) HTTP/1.1|Host: \(authority)|"
                var tunnelled = asking
                tunnelled.proxy = "http://127.0.0.1:\(port)"
                // Each kind of way has its own connection, and keeps it.
                for opened in [1, 0] {
                    let direct = try await client.send(asking)
                    #expect(direct.connectionsOpened == opened)
                    let answer = try await client.send(tunnelled)
                    #expect(answer.connectionsOpened == opened)
                    #expect(answer.text == "here")
                    #expect(answer.headers["X-Proxy"] == nil)
                }
                #expect(await peer.report() == head + "Proxy-Connection: Keep-Alive||")
                var named = tunnelled
                named.proxy = "http://user:word@127.0.0.1:\(port)/"
                for opened in [1, 0] { #expect(try await client.send(named).connectionsOpened == opened) }
                #expect(await peer.report() == head + "Proxy-Authorization: Basic dXNlcjp3b3Jk|Proxy-Connection: Keep-Alive||")
                #expect(seen.all == Array(repeating: "secret", count: 6))
                tunnelled.trust = .fingerprints([wrong])
                let error = await client.error(of: tunnelled)
                #expect(error?.certificate == CertificateProblem(kind: .wrongFingerprint, found: right))
                #expect(seen.all.count == 6)
            }
        }
    }

    @Test("A proxy that says no is a failure to connect", arguments: [403, 407, 502])
    func refusal(_ status: Int) async throws {
        try await TLSPeer.run(TLSPeer.Options(role: .proxy, status: status)) { port, _ in
            try await asking { client in
                let error = await client.error(of: request("https://127.0.0.1:1/") { $0.proxy = "http://u:hunter2@127.0.0.1:\(port)" })
                #expect(error?.kind == .connect)
                #expect(error?.message == "the proxy answers CONNECT with status \(status)")
            }
        }
    }

    @Test("A proxy behind https has a certificate of its own, which no fingerprint of the server excuses")
    func certificate() async throws {
        let fingerprint = try #require(CertificateFingerprint(parsing: TestAuthority.printed))
        try await withFiles([TestAuthority.certificate, TestAuthority.key, TestAuthority.authority]) { files in
            try await TLSPeer.run(TLSPeer.Options(role: .proxy, certificate: files[0], key: files[1])) { port, peer in
                try await asking { client in
                    for trust in [.fingerprints([fingerprint]), .insecure, .authority(file: files[2]), .system] as [HTTPRequest.Trust] {
                        let error = await client.error(
                            of: request("https://127.0.0.1:1/") {
                                $0.proxy = "https://127.0.0.1:\(port)"
                                $0.trust = trust
                            })
                        #expect(error?.kind == .tls)
                        #expect(error?.certificate == nil)
                        #expect(error?.message == "the proxy's certificate is signed by an authority that is not trusted here")
                        #expect(await peer.report()?.hasPrefix("refused: ") == true)
                    }
                }
            }
        }
    }

    @Test("A plain request goes by way of it too, and nobody there is a failure to connect")
    func plain() async throws {
        try await TLSPeer.run(TLSPeer.Options(role: .proxy)) { port, peer in
            try await asking { client in
                let answer = try await client.send(request("http://127.0.0.1:1/x") { $0.proxy = "HTTP://127.0.0.1:\(port)" })
                #expect(answer.headers["X-Proxy"] == "yes")
                #expect(await peer.report()?.hasPrefix("GET http://127.0.0.1:1/x HTTP/1.1|") == true)
                for scheme in ["http", "socks4", "socks4a", "socks5", "socks5h"] {
                    let error = await client.error(of: request("http://127.0.0.1:2/") { $0.proxy = "\(scheme)://127.0.0.1:1" })
                    #expect(error?.kind == .connect)
                }
            }
        }
    }

    static let noProxies = [
        "", " ", "proxy", "proxy:3128", "127.0.0.1:3128", "//proxy", "http://", "http:///", "http://:3128", "ftp://proxy/",
        "file:///etc/passwd",
        "socks://proxy", "socks6://proxy", "http://proxy/path", "http://proxy/?query", "http://proxy/#part",
        "socks5h://localhost/run/socket",
        "http://proxy:99999", "http://proxy:x", "http://pro xy", "http://proxy\r\nX-Forged: 1", "http://proxy\u{0}", "http://[::1",
        "http://u%0d%0a:hunter2@proxy", "http://u:hunter2%00@proxy", "://u:hunter2@proxy",
    ]

    @Test("What is no proxy is refused as one, and nothing is sent", arguments: noProxies)
    func malformed(_ proxy: String) async throws {
        let server = try RawServer(answer: [])
        try await asking { client in
            let error = await client.error(of: request(server.url) { $0.proxy = proxy })
            #expect(error?.kind == .url)
            #expect(error?.message == "the proxy is no http, https or SOCKS URL such as http://proxy:3128")
            #expect(server.connectionCount == 0)
        }
    }
}
