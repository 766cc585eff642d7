import Glibc
import Primitives
import RPC
import Synchronization
import TestSupport
import Testing

@testable import GRPC

@Suite struct HealthBookTests {
    @Test func `Services serve until it is said that they do not, and others there are not`() {
        let book = HealthBook(services: ["a.v1.A"])
        #expect(book.status(of: "") == .serving)
        #expect(book.status(of: "a.v1.A") == .serving)
        #expect(book.status(of: "b.v1.B") == nil)
        book.set("a.v1.A", isServing: false)
        #expect(book.status(of: "a.v1.A") == .notServing)
        #expect(book.status(of: "") == .serving)
    }

    @Test(.timeLimit(.minutes(1))) func `Names that could not be a service's are not looked up`() async throws {
        let odd = ["é", String(repeating: "a", count: 257), "e" + String(repeating: "\u{301}\u{323}", count: 8 << 10)]
        let book = HealthBook(services: odd)
        for name in odd {
            #expect(book.status(of: name) == nil)
            var changes = try #require(book.changes(of: name)).makeAsyncIterator()
            #expect(await changes.next() == .serviceUnknown)
        }
        book.set("", isServing: false)
    }

    @Test(.timeLimit(.minutes(1))) func `Who watches hears what is, what changes, and the end`() async throws {
        let book = HealthBook(services: ["a.v1.A"])
        var changes = try #require(book.changes(of: "a.v1.A")).makeAsyncIterator()
        #expect(await changes.next() == .serving)
        book.set("", isServing: false)
        book.set("a.v1.A", isServing: true)
        book.set("a.v1.A", isServing: false)
        #expect(await changes.next() == .notServing)
        book.set("a.v1.A", isServing: true)
        #expect(await changes.next() == .serving)
        book.end()
        #expect(await changes.next() == .notServing)
        #expect(await changes.next() == nil)
        #expect(book.changes(of: "a.v1.A") == nil)
    }

    @Test func `There are not more watchers than there is room for`() {
        let book = HealthBook(services: [])
        var streams = (0..<64).map { _ in book.changes(of: "") }
        #expect(streams.allSatisfy { $0 != nil })
        #expect(book.changes(of: "") == nil)
        streams.removeAll()
        #expect(book.changes(of: "") != nil)
    }
}

@Suite struct CallPlacesTests {
    @Test func `One client leaves room for others, and what is given back is free`() {
        let places = CallPlaces(limit: 4)
        #expect((0..<3).allSatisfy { _ in places.take("a") == nil })
        #expect(places.take("a") == .client)
        #expect(places.take("b") == nil)
        #expect(places.take("c") == .all)
        places.giveBack("a")
        #expect(places.take("a") == nil)
        for client in ["a", "a", "a", "b"] { places.giveBack(client) }
        #expect((0..<3).allSatisfy { _ in places.take("b") == nil })
    }

    @Test(arguments: [(1, 1), (2, 2), (4, 3), (8, 7), (64, 56)]) func `A client has seven of eight places, and the few there are`(
        _ limit: Int, _ own: Int
    ) {
        #expect(CallPlaces(limit: limit).clientLimit == own)
    }
}

@Suite(.timeLimit(.minutes(1))) struct FileDoorTests {
    @Test func `Who has gone is forgotten, and is not taken for who comes to the same descriptor`() async throws {
        let folder = ScratchFolder()
        let door = try FileDoor(GRPCServerSettings.File(path: "\(folder.path)/s"), origin: "test")
        let adopted = Mutex<[Int32]>([])
        try door.start { descriptor in
            adopted.withLock { $0.append(descriptor) }
            return true
        }
        for number in 1...40 {
            let client = try connectedSocket("\(folder.path)/s")
            while adopted.withLock({ $0.count }) < number { await Task.yield() }
            let descriptor = try #require(adopted.withLock { $0.last })
            #expect(door.user(at: "fd:\(descriptor)")?.identity == "unix:uid=\(getuid())")
            close(descriptor)
            #expect(door.user(at: "fd:\(descriptor)") == nil)
            close(client)
        }
        #expect(door.userCount < 4)
        await door.close()
    }

    private func connectedSocket(_ path: String) throws -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8).prefix($0.count - 1)) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        try #require(result == 0)
        return descriptor
    }
}

@Suite struct MetadataTests {
    @Test(arguments: [("a", "b"), ("martlet-idempotency-key", "~ !"), ("x.y_z", ""), ("1", String(repeating: "v", count: 4000))])
    func `What is plain may travel`(_ name: String, _ value: String) { #expect(RPCMetadata([(name, value)]).firstIllegal == nil) }

    @Test(
        arguments: [
            ("", "x", "number 2"), ("Upper", "x", "Upper"), ("a b", "x", "a b"), ("grpc-status", "0", "grpc-status"),
            (":path", "/", ":path"),
            ("te", "x", "te"), ("x-bin", "x", "x-bin"), ("ü", "x", "ü"), ("a", "ü", "a"), ("a", "b\r\nc: d", "a"), ("a", "\0", "a"),
        ]) func `What is not may not, and is named`(_ name: String, _ value: String, _ named: String)
    {
        #expect(RPCMetadata([("good", "x"), (name, value)]).firstIllegal == named)
    }
}

@Suite struct PlaceTests {
    private static let files = TLSFiles(certificate: "c", key: "k", authorities: "a")

    @Test func `Places are targets of gRPC`() throws {
        #expect(try GRPCPlace.file("/run/a b%.sock").target == "unix:///run/a%20b%25.sock")
        #expect(try GRPCPlace.network(host: "pve1.example.org", port: 8443, Self.files).target == "dns:///pve1.example.org:8443")
        #expect(try GRPCPlace.network(host: "::1", port: 8443, Self.files).target == "dns:///[::1]:8443")
    }

    @Test(arguments: ["", "a/b", "a b", "a,b", "h?x", String(repeating: "a", count: 300)])
    func `A host that is none is refused`(_ host: String) {
        #expect((try? GRPCPlace.network(host: host, port: 1, Self.files).target) == nil)
    }

    @Test(arguments: ["", "relative", "/" + String(repeating: "a", count: 107), "/a\nb"])
    func `A path that is none is refused`(_ path: String) { #expect((try? GRPCPlace.file(path).target) == nil) }
}

@Suite struct LibraryWordsTests {
    @Test func `What the library says is a few lines a minute, and what was withheld is counted`() {
        let lines = Mutex<[String]>([])
        let words = LibraryWords()
        let logger = Logger { line in lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) } }
        words.speak(to: logger)
        let start = ContinuousClock.now
        for number in 0..<25 { words.say("handshake \(number)\nfailed", isError: true, place: "/a/b/ssl.cc", line: 7, now: start) }
        #expect(lines.withLock { $0.count } == 10)
        #expect(lines.withLock { $0.first }?.contains(#"msg="gRPC: handshake 0\\u000afailed" source=ssl.cc:7"#) == true)
        words.say("later", isError: true, place: "x.cc", line: 1, now: start.advanced(by: .seconds(61)))
        #expect(lines.withLock { $0.dropFirst(10).first }?.contains("lines=15") == true)
        #expect(lines.withLock { $0.count } == 12)
    }
}
