import Glibc
import Primitives
import RawPeers
import Testing

@testable import Web

/// Sockets in the file system.
@Suite("Listeners")
struct ListenerTests {
    private let path = "/tmp/martlet-test-\(UInt64.random(in: 0 ... .max)).sock"

    private func listener() throws -> Listener { try Listener(.file(path), origin: "the test") }

    /// What a server behind the socket answers.
    private func ask() async throws -> String? {
        let path = path
        return try await onThread { () -> String? in
            let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            let code = withUnsafeBytes(of: &address) { bytes in
                bytes.baseAddress.map { connect(descriptor, $0.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count)) } ?? -1
            }
            guard code == 0 else {
                close(descriptor)
                return nil
            }
            let connection = RawConnection(descriptor: descriptor)
            connection.send("GET / HTTP/1.1\r\nHost: whatever.example\r\n\r\n")
            return connection.readAnswer()?.body
        }
    }

    @Test("Served over a socket of user and group alone, which is gone in the end; a dead one is replaced, a live one is not")
    func life() async throws {
        for _ in 0..<2 {
            let server = try HTTPServer(
                [try listener()], hosts: HostCheck(), logger: .silent, handler: { _ in HTTPServerResponse(text: "in") })
            #expect(server.listeners.map(\.name) == ["unix:\(path)"])
            var status = stat()
            #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o660)
            let answer = try await ask()
            #expect(answer == "in")
            let error = #expect(throws: Failure.self) { try listener() }
            #expect(
                error?.message == "cannot listen on unix:\(path) (the test): another process listens there; stop it, or choose another path"
            )
            await server.stop(withinSeconds: 1)
            #expect(!Files.exists(path))
            // What a process that was killed leaves behind.
            let dead = try listener()
            close(dead.descriptor)
            #expect(Files.exists(path))
        }
        Files.remove(path)
    }

    @Test("A file that is no socket stays")
    func file() throws {
        try Files.write(Array("precious".utf8), to: path)
        defer { Files.remove(path) }
        let error = #expect(throws: Failure.self) { try listener() }
        #expect(error?.message == "cannot listen on unix:\(path) (the test): a file that is no socket stands there; move it away")
        #expect(try Files.readLine(path) == "precious")
    }

    @Test("Places of both kinds are opened together or not at all")
    func together() throws {
        let error = #expect(throws: Failure.self) {
            try Listener.open([.file(path), .file("/nonexistent/folder/socket")], origin: "the test")
        }
        #expect(error?.message.hasPrefix("cannot listen on unix:/nonexistent/folder/socket (the test): ") == true)
        #expect(!Files.exists(path))
    }

    static let badPlaces = ["unix:", "unix:relative", "unix:/" + String(repeating: "x", count: 107), "unix:/a\nb", "unix:/a\u{0}b"]

    @Test("What is no place", arguments: badPlaces)
    func refuses(_ text: String) {
        let error = #expect(throws: Failure.self) { try ListenPlace(parsing: text) }
        #expect(error?.code == .configuration)
    }

    @Test("Places print as they are written", arguments: ["unix:/run/martlet.sock", "127.0.0.1:9221"])
    func prints(_ text: String) throws { #expect(try ListenPlace(parsing: text).description == text) }

    static let framings: [(String, Bool)] = [
        ("Content-Length: 0", true), ("Content-Length: 5\r\nContent-Length: 5", false),
        ("Transfer-Encoding: chunked\r\nContent-Length: 0", false),
        ("Transfer-Encoding: gzip, chunked", false), ("Transfer-Encoding: identity", false), ("Host: two", false),
        ("Content-Length: +0", false), ("Content-Length : 0", false), ("Transfer-Encoding\t: chunked", false), ("X(Y): a", false),
        ("X: a\rContent-Length: 0", false), ("X: a\u{7}b", false), ("X: a\tb", true), ("X-a_b.c!~: \u{e4}", true),
        ("X: a\r\n b", false), ("X: a\r\n\tb", false), ("Content-Length: 0\r\n 5", false), ("Transfer-Encodin: chunked\r\n g", false),
        ("X:\t  a", true), ("X:", true), ("Transfer-Encoding: chunked, chunked", false),
    ]

    @Test(
        "A body in chunks is not taken, whatever its chunks look like",
        arguments: ["0\r\n\r\n", "1\nx\n0\n\n", "5;a=b\r\nabcde\r\n0\r\n\r\n"])
    func chunks(_ body: String) async throws {
        try await serving({ _ in HTTPServerResponse(text: "in") }) { server, _ in
            let text =
                "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n\(body)GET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n"
            let answers = try await exchange(server.address.port, text)
            #expect(answers?.hasPrefix("HTTP/1.1 411 Length Required\r\n") == true, "\(answers ?? "none")")
            #expect(answers?.contains("200 OK") == false && answers?.contains("Connection: close") == true)
        }
    }

    @Test("A request whose end two readers would see in two places is refused, and its connection closed", arguments: framings)
    func framing(_ headers: String, _ isFine: Bool) async throws {
        try await serving({ _ in HTTPServerResponse(text: "in") }) { server, _ in
            let port = server.address.port
            let hidden = "GET /hidden HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            let answers = try await exchange(port, "GET / HTTP/1.1\r\nHost: localhost\r\n\(headers)\r\n\r\n0\r\n\r\n\(hidden)")
            #expect(answers?.hasPrefix(isFine ? "HTTP/1.1 200 " : "HTTP/1.1 400 ") == true, "\(answers ?? "none")")
            if !isFine { #expect(answers?.contains("200 OK") == false) }
        }
    }

    @Test("Headers that trickle in are not waited for, however lively the trickle")
    func trickle() async throws {
        var limits = HTTPServer.Limits()
        limits.headerSeconds = 1
        try await serving(limits: limits, { _ in HTTPServerResponse(text: "in") }) { server, _ in
            let port = server.address.port
            let seconds = try await onThread { () -> Double in
                let start = ContinuousClock.now
                guard let connection = RawConnection(port: port) else { return 0 }
                connection.send("GET / HTTP/1.1\r\nHost: localhost\r\n")
                // A header every tenth of a second; a write to a closed connection fails in the end.
                for number in 0..<300 {
                    guard connection.send("X-\(number): 1\r\n") else { break }
                    usleep(100_000)
                }
                return (ContinuousClock.now - start).seconds
            }
            #expect(seconds > 0.9 && seconds < 10)
            #expect(server.counts.connectionsEnded["slow_headers"] == 1)
        }
    }
}
