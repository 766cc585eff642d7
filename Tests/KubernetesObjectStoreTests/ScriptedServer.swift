import KubernetesObjectStore
import Objects
import Primitives
import RawPeers
import Synchronization

/// A kube-apiserver that says what a test wants.
final class ScriptedServer: Sendable {
    struct Request: Sendable {
        let method: String
        /// Path and query.
        let target: String
        /// Names in lower case.
        let headers: [String: String]
        let body: String

        var path: String { String(target.prefix { $0 != "?" }) }

        func query(_ name: String) -> String? {
            let pairs = target.drop { $0 != "?" }.dropFirst().split(separator: "&").map { $0.split(separator: "=", maxSplits: 1) }
            return pairs.first { $0.first == name[...] }.map { $0.count > 1 ? String($0[1]) : "" }
        }
    }

    enum Answer: Sendable {
        case json(Int, String, headers: String = "")
        case text(Int, String)
        /// Pieces of an answer without a length, and how it ends.
        case stream([String], End)
        /// Nothing, for as long as the other side waits.
        case silence

        static func json(_ value: String) -> Answer { .json(200, value) }
    }

    enum End: Sendable {
        case inOrder
        case brokenOff
        /// The other side ends it.
        case open
    }

    private let raw: RawServer
    private let seen: SeenRequests
    /// Given when a connection of which the other side should be the first to go is gone.
    let isLeft = OneAnswer<Bool>()

    /// - Parameter script: by how many requests came before, and the request.
    init(_ script: @escaping @Sendable (Int, Request) -> Answer) throws {
        let seen = SeenRequests()
        let left = isLeft
        raw = try RawServer { connection in
            while let request = Self.read(connection) {
                let answer = script(seen.add(request), request)
                guard Self.send(answer, connection) else { break }
            }
            left.give(true)
        }
        self.seen = seen
    }

    var requests: [Request] { seen.all }
    var connectionCount: Int { raw.connectionCount }

    func store(_ change: (inout KubeLimits) -> Void = { _ in }) throws -> KubernetesObjectStore {
        var limits = KubeLimits()
        limits.requestSeconds = 20
        limits.shortestWatchSeconds = 0
        change(&limits)
        return try KubernetesObjectStore(KubeConnection(server: "http://127.0.0.1:\(raw.port)"), limits: limits)
    }

    private static func read(_ connection: RawConnection) -> Request? {
        guard let head = connection.read(through: "\r\n\r\n") else { return nil }
        let lines = head.split(separator: "\r\n")
        let words = (lines.first ?? "").split(separator: " ")
        guard words.count == 3 else { return nil }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = String(line[line.index(after: colon)...].drop { $0 == " " })
        }
        let body = connection.read(count: headers["content-length"].flatMap { Int($0) } ?? 0) ?? ""
        return Request(method: String(words[0]), target: String(words[1]), headers: headers, body: body)
    }

    /// False when the connection is of no more use.
    private static func send(_ answer: Answer, _ connection: RawConnection) -> Bool {
        switch answer {
        case .json(let status, let text, let headers):
            return connection.send(
                "HTTP/1.1 \(status) X\r\nContent-Type: application/json\r\n\(headers)Content-Length: \(text.utf8.count)\r\n\r\n\(text)")
        case .text(let status, let text):
            return connection.send("HTTP/1.1 \(status) X\r\nContent-Type: text/plain\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)")
        case .stream(let pieces, let end):
            connection.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
            for piece in pieces { connection.send("\(String(piece.utf8.count, radix: 16))\r\n\(piece)\r\n") }
            switch end {
            case .inOrder: return connection.send("0\r\n\r\n")
            case .brokenOff: break
            case .open: _ = connection.readToEnd()
            }
            return false
        case .silence:
            _ = connection.readToEnd()
            return false
        }
    }
}

final class SeenRequests: Sendable {
    private let requests = Mutex<[ScriptedServer.Request]>([])

    var all: [ScriptedServer.Request] { requests.withLock { $0 } }

    func add(_ request: ScriptedServer.Request) -> Int {
        requests.withLock { requests in
            requests.append(request)
            return requests.count - 1
        }
    }
}

/// A machine as a server says it.
func machineText(_ name: String, namespace: String = "default", version: Int = 1, metadata: String = "", spec: String = #"{"a":1}"#)
    -> String
{
    #"{"apiVersion":"infra.virtrigaud.io/v1beta1","kind":"VirtualMachine","metadata":{"name":"\#(name)","namespace":"\#(namespace)","uid":"u-\#(name)","resourceVersion":"\#(version)"\#(metadata)},"spec":\#(spec)}"#
}

func listText(_ items: [String], version: Int = 7, next: String = "") -> String {
    #"{"kind":"VirtualMachineList","metadata":{"resourceVersion":"\#(version)","continue":"\#(next)"},"items":[\#(items.joined(separator: ","))]}"#
}

func statusText(_ code: Int, _ reason: String, _ message: String = "no", details: String = #"{"name":"web1"}"#) -> String {
    #"{"kind":"Status","apiVersion":"v1","status":"Failure","message":"\#(message)","reason":"\#(reason)","details":\#(details),"code":\#(code)}"#
}

func machine(_ name: String = "web1", version: String = "", uid: String = "") -> APIObject {
    var object = APIObject(.virtualMachine, ObjectMetadata(name: name, namespace: "default"))
    object.metadata.resourceVersion = version
    object.metadata.uid = uid
    object.spec = ["a": 1]
    return object
}

let web1 = ObjectKey(.virtualMachine, "default", "web1")
