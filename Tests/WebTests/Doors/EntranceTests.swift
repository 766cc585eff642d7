import Glibc
import Primitives
import RawPeers
import Synchronization
import Testing

@testable import Web

/// TLS of the server, spoken to by libcurl, which has another library for it.
@Suite("The entrance of a server")
struct EntranceTests {
    /// What the next reading gives.
    private final class Source: Sendable {
        private let state: Mutex<DoorSettings>

        init(_ settings: DoorSettings) { state = Mutex(settings) }

        var settings: DoorSettings {
            get { state.withLock { $0 } }
            set { state.withLock { $0 = newValue } }
        }
    }

    /// Serves with settings that `body` may change, over TLS.
    private func serving<Result>(
        _ settings: DoorSettings, files: [String] = [], logger: Logger = .silent,
        _ body: (Source, Entrance, HTTPServer, HTTPClient) async throws -> Result
    ) async throws -> Result {
        let source = Source(settings)
        let entrance = try Entrance(logger: logger) { () throws(Failure) in Entrance.Reading(source.settings, files: files) }
        let server = try HTTPServer(
            try Listener.open([.network(ListenAddress(host: "127.0.0.1", port: 0))], origin: "the test"), entrance: entrance,
            hosts: HostCheck(), logger: logger, handler: { _ in HTTPServerResponse(text: "in") })
        let client = try HTTPClient()
        do {
            let result = try await body(source, entrance, server, client)
            client.close()
            await server.stop(withinSeconds: 5)
            return result
        } catch {
            client.close()
            await server.stop(withinSeconds: 0)
            throw error
        }
    }

    private func tls(_ certificate: String = TestAuthority.certificate, _ key: String = TestAuthority.key) -> TLSSettings {
        TLSSettings(certificate: .inline(Secret(certificate)), key: .inline(Secret(key)))
    }

    private func doors(_ tls: TLSSettings?) -> DoorSettings {
        var settings = DoorSettings()
        settings.tls = tls
        return settings
    }

    static let clients: [(rule: TLSSettings.ClientAuthentication, none: Bool, ours: Bool, stranger: Bool)] = [
        (.none, true, true, true), (.request, true, true, true), (.requireAny, false, true, true), (.verifyIfGiven, true, true, false),
        (.requireAndVerify, false, true, false),
    ]

    @Test("Who gets in with which certificate", arguments: clients)
    func clientCertificates(_ row: (rule: TLSSettings.ClientAuthentication, none: Bool, ours: Bool, stranger: Bool)) async throws {
        var settings = tls()
        settings.clientAuthentication = row.rule
        settings.clientAuthorities = .inline(Secret(TestAuthority.authority))
        let stranger = try SelfSignedCertificate(commonName: "stranger", names: ["stranger"])
        let texts = [TestAuthority.certificate, TestAuthority.key, stranger.certificatePEM, stranger.keyPEM.reveal()]
        try await withFiles(texts) { files in
            try await serving(doors(settings)) { _, _, server, client in
                let cases = [(nil, row.none), ((files[0], files[1]), row.ours), ((files[2], files[3]), row.stranger)]
                for (pair, isWelcome) in cases as [((String, String)?, Bool)] {
                    let answer = try? await client.send(
                        request(server.address.url(scheme: "https")) { request in
                            request.trust = .insecure
                            if let (certificate, key) = pair {
                                request.clientCertificate = ClientCertificate(certificateFile: certificate, keyFile: key)
                            }
                        })
                    #expect((answer?.text == "in") == isWelcome, "\(row.rule) \(String(describing: pair))")
                }
            }
        }
    }

    static let names: [([String], Bool)] = [
        ([], true), (["pve1.example.org"], true), (["127.0.0.1"], true), (["other", "pve1.example.org"], true),
        (["PVE1.example.org"], false),
        (["example.org"], false), (["pve1.example.or"], false), (["127.0.0.2"], false),
    ]

    @Test("Of the names of a client's certificate one must be allowed", arguments: names)
    func allowedNames(_ names: [String], _ isWelcome: Bool) async throws {
        var settings = tls()
        settings.clientAuthentication = .requireAndVerify
        settings.clientAuthorities = .inline(Secret(TestAuthority.authority))
        settings.allowedNames = names
        try await withFiles([TestAuthority.certificate, TestAuthority.key]) { files in
            try await serving(doors(settings)) { _, _, server, client in
                let answer = try? await client.send(
                    request(server.address.url(scheme: "https")) { request in
                        request.trust = .insecure
                        request.clientCertificate = ClientCertificate(certificateFile: files[0], keyFile: files[1])
                    })
                #expect((answer?.text == "in") == isWelcome)
            }
        }
    }

    @Test("An expired authority vouches for nobody")
    func expired() async throws {
        var settings = tls()
        settings.clientAuthentication = .requireAndVerify
        settings.clientAuthorities = .inline(Secret(TestAuthority.expiredAuthority))
        try await withFiles([TestAuthority.certificate, TestAuthority.key]) { files in
            try await serving(doors(settings)) { _, _, server, client in
                let answer = try? await client.send(
                    request(server.address.url(scheme: "https")) { request in
                        request.trust = .insecure
                        request.clientCertificate = ClientCertificate(certificateFile: files[0], keyFile: files[1])
                    })
                #expect(answer == nil)
            }
        }
    }

    @Test("Materials that cannot be used are told apart, and nothing of them is printed")
    func unusable() throws {
        let other = try SelfSignedCertificate(commonName: "x", names: ["x"])
        var authorities = tls()
        authorities.clientAuthorities = .inline(Secret("no certificate"))
        authorities.clientAuthentication = .requireAndVerify
        let cases: [(TLSSettings, String)] = [
            (tls(TestAuthority.certificate, other.keyPEM.reveal()), "the key in \"key\" does not belong to the certificate in \"cert\""),
            (tls("nothing", TestAuthority.key), "\"cert\" holds no certificate in PEM"),
            (tls(TestAuthority.key, TestAuthority.key), "\"cert\" holds no certificate in PEM; what it holds is a private key"),
            (tls(TestAuthority.certificate, "nothing"), "\"key\" holds no private key in PEM"),
            (
                tls(TestAuthority.certificate, TestAuthority.certificate),
                "\"key\" holds no private key in PEM; what it holds is a certificate"
            ),
            (tls("", ""), "\"cert\" holds no certificate in PEM"),
            (authorities, "\"client_ca\" holds no certificate that can be read: "),
            (TLSSettings(certificate: .file("/nonexistent/c"), key: .inline(Secret("k"))), "cert_file: cannot read /nonexistent/c: "),
        ]
        for (settings, message) in cases {
            let error = #expect(throws: Failure.self) { try TLSIdentity(settings) }
            #expect(error?.code == .configuration)
            #expect(error?.message.hasPrefix(message) == true, "\(error?.message ?? "")")
            #expect(error?.message.contains("BEGIN") == false && error?.message.contains("nothing") == false)
        }
    }

    @Test("A certificate that was swapped is shown to the next client, also when the key comes a moment later")
    func swap() async throws {
        let new = try SelfSignedCertificate(commonName: "new", names: ["127.0.0.1"])
        try await withFiles([TestAuthority.certificate, TestAuthority.key]) { files in
            let settings = TLSSettings(certificate: .file(files[0]), key: .file(files[1]))
            try await serving(doors(settings)) { _, entrance, server, client in
                #expect(entrance.certificateExpires ?? 0 > 4_000_000_000)
                let old = try await shown(by: server)
                #expect(old == TestAuthority.printed)
                // Half of the pair: the old one stays.
                try Files.write(Array(new.certificatePEM.utf8), to: files[0])
                for look in 1...3 {
                    entrance.refresh(now: .now.advanced(by: .seconds(100 * look)))
                    #expect(try await client.send(request(server.address.url(scheme: "https")) { $0.trust = .insecure }).text == "in")
                }
                #expect(!entrance.isCurrent)
                let still = try await shown(by: server)
                #expect(still == old)
                try Files.write(Array(new.keyPEM.reveal().utf8), to: files[1])
                entrance.refresh(now: .now.advanced(by: .seconds(1_000)))
                #expect(entrance.isCurrent)
                let swapped = try await shown(by: server)
                #expect(swapped != old)
                #expect(entrance.certificateExpires ?? 0 < 4_000_000_000)
            }
        }
    }

    @Test("A file that is empty now, as one is that is being written, changes nothing; one that was empty from the start may stay so")
    func emptied() throws {
        var settings = DoorSettings()
        settings.headers = [DoorSettings.Header(name: "X-Frame-Options", value: "deny")]
        let source = Source(settings)
        let entrance = try Entrance(logger: .silent) { () throws(Failure) in Entrance.Reading(source.settings) }
        source.settings = DoorSettings()
        #expect((try? entrance.prepare()) == nil)
        settings.headers = []
        settings.rateLimit = RateLimit(intervalSeconds: 1, burst: 1)
        source.settings = settings
        entrance.take(try entrance.prepare())
        #expect(entrance.doors.settings == settings)
        let open = try Entrance(logger: .silent) { () throws(Failure) in Entrance.Reading(DoorSettings()) }
        open.take(try open.prepare())
        #expect(open.doors.settings == DoorSettings())
    }

    @Test("The very file that is in use, put back after it was missed, is up to date again")
    func putBack() async throws {
        try await withFiles([TestAuthority.certificate, TestAuthority.key]) { files in
            let settings = doors(TLSSettings(certificate: .file(files[0]), key: .file(files[1])))
            let entrance = try Entrance(logger: .silent) { () throws(Failure) in Entrance.Reading(settings) }
            #expect(rename(files[0], files[0] + ".away") == 0)
            for look in 1...2 { entrance.refresh(now: .now.advanced(by: .seconds(100 * look))) }
            #expect(!entrance.isCurrent)
            #expect(rename(files[0] + ".away", files[0]) == 0)
            entrance.refresh(now: .now.advanced(by: .seconds(1_000)))
            #expect(entrance.isCurrent)
        }
    }

    /// The fingerprint of the certificate that a server shows, as openssl prints it: nothing else accepts it.
    private func shown(by server: HTTPServer) async throws -> String {
        let client = try HTTPClient()
        defer { client.close() }
        let url = server.address.url(scheme: "https")
        let pin = try #require(CertificateFingerprint(parsing: TestAuthority.printed))
        let error = await client.error(of: request(url) { $0.trust = .fingerprints([pin]) })
        return error == nil ? TestAuthority.printed : "another: \(error?.message ?? "")"
    }

    @Test("TLS is not switched on or off by a reload, and what cannot be used changes nothing")
    func allOrNothing() async throws {
        try await serving(doors(tls())) { source, entrance, server, client in
            source.settings.tls = nil
            let error = #expect(throws: Failure.self) { try entrance.prepare() }
            #expect(error?.message == "TLS cannot be switched on or off while martlet runs; restart it")
            source.settings = doors(tls("nothing"))
            #expect(throws: Failure.self) { try entrance.prepare() }
            #expect(try await client.send(request(server.address.url(scheme: "https")) { $0.trust = .insecure }).text == "in")
            source.settings = doors(tls())
            source.settings.headers = [.init(name: "X-Frame-Options", value: "deny")]
            let change = try entrance.prepare()
            #expect(try await headers(server, client)["X-Frame-Options"] == nil)
            entrance.take(change)
            #expect(try await headers(server, client)["X-Frame-Options"] == "deny")
        }
    }

    private func headers(_ server: HTTPServer, _ client: HTTPClient) async throws -> HTTPHeaders {
        try await client.send(request(server.address.url(scheme: "https")) { $0.trust = .insecure }).headers
    }

    @Test("On loopback, a name that is not of this machine is refused")
    func hosts() async throws {
        try await serving(DoorSettings()) { _, _, server, _ in
            for (host, status) in [("localhost", "200"), ("127.0.0.1:1", "200"), ("evil.example", "403"), ("", "400")] {
                let answer = try await exchange(server.address.port, "GET / HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n")
                #expect(answer?.hasPrefix("HTTP/1.1 \(status) ") == true, "\(host): \(answer ?? "none")")
            }
        }
    }
}
