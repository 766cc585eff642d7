import Glibc
import JSON
import Primitives
import Synchronization
import TestSupport
import Testing
import Web

@testable import ProxmoxAPI

@Suite struct ProxmoxClientTests {
    private static let version = #"{"data":{"version":"9.2.11","release":"9.2","repoid":"x"}}"#

    @Test func `the token goes into one header, exactly`() async throws {
        let seen = Mutex<[HTTPServerRequest]>([])
        try await serving { request in
            seen.withLock { $0.append(request) }
            return HTTPServerResponse(text: Self.version)
        } _: { client, http in
            let answer = try await client.version(http: http, by: .farAway)
            #expect(answer.version == "9.2.11")
        }
        let request = try #require(seen.withLock { $0 }.first)
        #expect(request.method == "GET" && request.path == "/api2/json/version" && request.query.isEmpty && request.body.isEmpty)
        #expect(request.headers["Authorization"] == "PVEAPIToken=\(testToken)")
        #expect(request.headers.fields.count { $0.value.contains("secret") } == 1)
        #expect(request.headers["Cookie"] == nil)
    }

    @Test func `every call asks its path`() async throws {
        let seen = Mutex<[String]>([])
        try await serving { request in
            let query = request.query.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
            seen.withLock { $0.append(request.path + (query.isEmpty ? "" : "?\(query)")) }
            return HTTPServerResponse(text: #"{"data":[{"type":"node","name":"pve1","node":"pve1"}]}"#)
        } _: { client, http in
            _ = await failure { () async throws(ProxmoxError) in try await client.version(http: http, by: .farAway) }
            _ = try await client.clusterStatus(http: http, by: .farAway)
            _ = try await client.clusterResources(http: http, by: .farAway)
            _ = await failure { () async throws(ProxmoxError) in try await client.nodeStatus("pve1", http: http, by: .farAway) }
            _ = try await client.virtualMachines("pve1", http: http, by: .farAway)
            _ = try await client.containers("pve1", http: http, by: .farAway)
            // A node's name cannot lead elsewhere, neither here nor in libcurl.
            for name in ["..", "../../access", "a?b#c", "ü/%2F"] { _ = try await client.containers(name, http: http, by: .farAway) }
        }
        #expect(
            seen.withLock { $0 } == [
                "/api2/json/version", "/api2/json/cluster/status", "/api2/json/cluster/resources", "/api2/json/nodes/pve1/status",
                "/api2/json/nodes/pve1/qemu?full=1", "/api2/json/nodes/pve1/lxc", "/api2/json/nodes/../lxc",
                "/api2/json/nodes/../../access/lxc",
                "/api2/json/nodes/a?b#c/lxc", "/api2/json/nodes/ü/%2F/lxc",
            ])
    }

    @Test func `at most three calls are in flight for a node`() async throws {
        let turnstile = Turnstile()
        try await serving { request in
            await turnstile.pass(request.path)
            return HTTPServerResponse(text: #"{"data":[{"type":"node","name":"pve1","node":"pve1"}]}"#)
        } _: { client, http in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<30 {
                    group.addTask { _ = try await client.containers("pve\(number % 3)", http: http, by: .farAway) }
                }
                // Nine fill the places of three nodes; the cluster's own calls have places of their own.
                await turnstile.arrivals(9)
                for _ in 0..<5 { group.addTask { _ = try await client.clusterStatus(http: http, by: .farAway) } }
                await turnstile.arrivals(12)
                turnstile.open()
                try await group.waitForAll()
            }
            #expect(client.counts[0].requests == 35)
        }
        #expect(turnstile.total == 35)
        #expect(turnstile.most.count == 4 && turnstile.most.values.allSatisfy { $0 == 3 })
    }

    // MARK: refusals

    @Test(
        arguments: [
            (401, .unauthorized), (403, .forbidden), (595, .nodeUnreachable), (596, .nodeUnreachable), (599, .nodeUnreachable),
            (500, .refused(status: 500)), (501, .refused(status: 501)), (503, .refused(status: 503)), (400, .refused(status: 400)),
            (404, .refused(status: 404)), (301, .refused(status: 301)), (204, .refused(status: 204)),
        ] as [(Int, ProxmoxError.Kind)])
    func `a status is a kind of error`(status: Int, kind: ProxmoxError.Kind) async throws {
        try await serving { _ in
            var response = HTTPServerResponse(status: status, text: status == 204 ? "" : #"{"data":null,"message":"a reason\n"}"#)
            response.headers.add("Location", "http://127.0.0.1:1/")
            return response
        } _: { client, http in
            let error = try #require(
                await failure { () async throws(ProxmoxError) in try await client.clusterStatus(http: http, by: .farAway) })
            #expect(error.kind == kind)
            let advice = [
                401: "; check the token's name and secret, and that it has not expired: pveum user token list USER@REALM",
                403: "; give the role PVEAuditor on / to the user, and to a token with privileges of its own",
                404: "; is this a Proxmox VE node?", 501: "; is this a Proxmox VE node?",
            ]
            let reason = status == 204 ? "No Content" : "a reason"
            #expect(error.description == "GET /cluster/status: \(status) \(reason)\(advice[status] ?? "")")
            #expect(client.counts[0].failures == 1 && client.counts[0].requests == 1)
        }
    }

    @Test func `recorded refusals keep the words of their status line`() async throws {
        let http = try HTTPClient()
        // Others say the same in their bodies.
        let refusals = try Recordings.refusals().filter { $0.status == 401 || $0.status >= 595 }
        #expect(refusals.count == 6)
        for refusal in refusals {
            let server = try RawServer("HTTP/1.1 \(refusal.status) \(refusal.reason)\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            let client = try client(server.url)
            let path = String(refusal.path.dropFirst("/api2/json".count))
            let error = try #require(
                await failure { () async throws(ProxmoxError) in
                    try await client.get(path, http: http, by: .farAway) { $0.isNull ? nil : true }
                })
            #expect(error.kind == (refusal.status == 401 ? .unauthorized : .nodeUnreachable))
            #expect(error.description.hasPrefix("GET \(path): \(refusal.status) \(refusal.reason)\(refusal.status == 401 ? ";" : "")"))
        }
    }

    @Test(arguments: [
        "", "<html>maintenance</html>", #"{"data":["#, #"{"data":null}"#, #"{"errors":{}}"#, "[]", "null", "5", #"{"data":{}}"#,
        #"{"data":5}"#,
        #"{"data":"x"}"#, "{\"data\":" + String(repeating: "[", count: 5000) + String(repeating: "]", count: 5000) + "}", "\u{0}\u{1}",
        #"{"data":[1e999]}"#,
    ])
    func `an answer that breaks its promise is malformed`(body: String) async throws {
        try await serving { _ in
            HTTPServerResponse(text: body)
        } _: { client, http in
            let error = try #require(
                await failure { () async throws(ProxmoxError) in try await client.clusterStatus(http: http, by: .farAway) })
            #expect(error.kind == .malformed)
            #expect(Self.isLine(error.description))
            #expect(client.counts[0].failures == 1 && client.counts[0].receivedBytes == body.utf8.count)
        }
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", "\u{0}\u{1} no HTTP\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n",
    ])
    func `an answer that is no HTTP is malformed`(bytes: String) async throws { try await self.bytes(bytes, are: .malformed) }

    @Test(arguments: ["", "HTTP"])
    func `a server that hangs up before it answers is not reachable`(bytes: String) async throws {
        try await self.bytes(bytes, are: .unreachable)
    }

    private func bytes(_ bytes: String, are kind: ProxmoxError.Kind) async throws {
        let server = try RawServer(bytes)
        let (client, http) = (try client(server.url), try HTTPClient())
        let error = try #require(
            await failure { () async throws(ProxmoxError) in try await client.clusterStatus(http: http, by: .farAway) })
        #expect(error.kind == kind)
        #expect(Self.isLine(error.description))
    }

    @Test func `an answer larger than the limit is cut off`() async throws {
        try await serving { _ in
            let body = HeapBytes(reservingBytes: 65 << 20)
            let megabyte = [UInt8](repeating: UInt8(ascii: " "), count: 1 << 20)
            for _ in 0..<65 { body.append(contentsOf: megabyte) }
            return HTTPServerResponse(status: 200, body: .heap(body))
        } _: { client, http in
            let error = try #require(
                await failure { () async throws(ProxmoxError) in try await client.clusterStatus(http: http, by: .farAway) })
            #expect(error.kind == .tooLarge)
            #expect(error.description == "GET /cluster/status: answer larger than 16777216 bytes")
        }
    }

    @Test func `an API that does not answer is given up at the deadline`() async throws {
        let turnstile = Turnstile()
        try await serving { _ in
            await turnstile.pass("")
            return HTTPServerResponse(text: "{}")
        } _: { client, http in
            let begin = ContinuousClock.now
            let error = await failure { () async throws(ProxmoxError) in
                try await client.clusterStatus(http: http, by: .after(seconds: 0.2))
            }
            #expect(error?.kind == .timeout)
            #expect(error.map { Self.isLine($0.description) } == true)
            let seconds = (ContinuousClock.now - begin).seconds
            #expect(seconds > 0.15 && seconds < 10)
            let late = await failure { () async throws(ProxmoxError) in try await client.clusterStatus(http: http, by: .after(seconds: 0)) }
            #expect(late?.kind == .timeout && late?.description == "GET /cluster/status: no time left to ask")
            turnstile.open()
        }
    }

    @Test func `a cancelled task ends its calls`() async throws {
        let turnstile = Turnstile()
        try await serving { _ in
            await turnstile.pass("")
            return HTTPServerResponse(text: "{}")
        } _: { client, http in
            // Five calls: three ask, two stand in line.
            let calls = Task {
                await withTaskGroup(of: ProxmoxError?.self) { group in
                    for _ in 0..<5 {
                        group.addTask {
                            await failure { () async throws(ProxmoxError) in try await client.clusterStatus(http: http, by: .farAway) }
                        }
                    }
                    return await group.reduce(into: []) { $0.append($1?.kind) }
                }
            }
            await turnstile.arrivals(3)
            calls.cancel()
            let kinds = await calls.value
            #expect(kinds == [.unreachable, .unreachable, .unreachable, .unreachable, .unreachable])
            #expect(turnstile.total == 3)
            turnstile.open()
        }
    }

    @Test func `nobody at home`() async throws {
        let free = try ListenAddress(host: "127.0.0.1", port: 0).listen(origin: "test")
        let address = ListenAddress(host: "127.0.0.1", port: 0).bound(to: free)
        close(free)
        let (client, http) = (try client(address.url()), try HTTPClient())
        let error = await failure { () async throws(ProxmoxError) in try await client.version(http: http, by: .farAway) }
        #expect(error?.kind == .unreachable)
        #expect(error.map { Self.isLine($0.description) } == true)
    }

    @Test func `certificates`() async throws {
        let certificate = try SelfSignedCertificate(commonName: "localhost", names: ["127.0.0.1"])
        let file = "/tmp/martlet-test-ca-\(getpid()).pem"
        try Files.write(Array(certificate.certificatePEM.utf8), to: file)
        defer { Files.remove(file) }
        let server = try HTTPServer(
            listen: ListenAddress(host: "127.0.0.1", port: 0), origin: "test", certificate: certificate, logger: .silent,
            handler: { _ in HTTPServerResponse(text: Self.version) })
        let url = server.address.url(scheme: "https")
        let http = try HTTPClient()
        for (trust, kind) in [(.system, .tls), (.insecure, nil), (.authority(file: file), nil)] as [(HTTPRequest.Trust, ProxmoxError.Kind?)]
        {
            let client = try client(url, trust: trust)
            let error = await failure { () async throws(ProxmoxError) in try await client.version(http: http, by: .farAway) }
            #expect(error?.kind == kind)
            #expect(error.map { Self.isLine($0.description) } ?? true)
        }
        await server.stop(withinSeconds: 0)
    }

    // MARK: texts

    @Test(arguments: [
        ("two\nlines\r\nand\tmore\n", "two lines  and more"), ("a\u{2028}b\u{2029}c\u{85}d", "a b c d"), ("\u{1B}[31mred", " [31mred"),
        ("\u{202E}evil", " evil"), ("  spaces  ", "  spaces"), (String(repeating: "x", count: 5000), String(repeating: "x", count: 196)),
        ("invalid token \(testToken)", "invalid token monitor@pve!exporter=***"), ("0f9c4f7e-secret-6a1d", "***"),
    ])
    func `messages are one line of bearable length, without the secret`(message: String, line: String) async throws {
        var text: [UInt8] = []
        text.append(quoted: message)
        let body = "{\"message\":\(String(decoding: text, as: UTF8.self))}"
        try await serving { _ in
            HTTPServerResponse(status: 500, text: body)
        } _: { client, http in
            let error = try #require(await failure { () async throws(ProxmoxError) in try await client.version(http: http, by: .farAway) })
            #expect(error.description == "GET /version: 500 \(line)")
            #expect(Self.isLine(error.description))
        }
    }

    @Test func `counts tell calls, bytes and connections`() async throws {
        try await serving { _ in
            HTTPServerResponse(text: Self.version)
        } _: { client, http in
            for _ in 0..<4 { _ = try await client.version(http: http, by: .farAway) }
            let counts = client.counts[0]
            #expect(counts.requests == 4 && counts.failures == 0)
            #expect(counts.receivedBytes == 4 * Self.version.utf8.count)
            #expect(counts.connectionsOpened == 1)
        }
    }

    private static func isLine(_ text: String) -> Bool {
        !text.isEmpty && text.count < 500
            && text.unicodeScalars.allSatisfy { ![.control, .lineSeparator, .paragraphSeparator].contains($0.properties.generalCategory) }
    }
}
