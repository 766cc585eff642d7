import CollectorConformance
import Glibc
import Primitives
import Synchronization

/// A Unix socket that answers requests with what a test says, and holds streams of events open.
final class EngineDouble: Sendable {
    private struct State {
        var answers: [String: (status: Int, body: String)] = [:]
        var asked: [String] = []
        /// All that are open; those of streams are among them.
        var connections: [Int32] = []
        var streams: [Int32] = []
        var isSilent = false
        var isClosed = false
    }

    let path: String
    private let descriptor: Int32
    private let state = Mutex(State())

    init(_ path: String) throws {
        self.path = path
        unlink(path)
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
        let isBound = withUnsafeBytes(of: &address) { bytes in
            bytes.baseAddress.map { bind(descriptor, $0.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count)) == 0 } ?? false
        }
        guard isBound, listen(descriptor, 64) == 0 else { throw Failure(.environment, "no socket at \(path)") }
        let listener = descriptor
        try Thread.start("engine") { [weak self] in
            while true {
                let taken = accept(listener, nil, nil)
                guard taken >= 0 else { break }
                try? Thread.start("engine-call") { [weak self] in self?.serve(taken) }
            }
            Glibc.close(listener)
        }
    }

    deinit { close() }

    /// Takes the socket away, with all connections, as the end of an engine does.
    func close() {
        unlink(path)
        shutdown(descriptor, Int32(SHUT_RDWR))
        state.withLock { state in
            state.isClosed = true
            for connection in state.connections { shutdown(connection, Int32(SHUT_RDWR)) }
        }
    }

    /// `GET path` without its query, in the order in which they came.
    var asked: [String] { state.withLock { $0.asked } }
    var streamCount: Int { state.withLock { $0.streams.count } }

    func answer(_ path: String, _ body: String, status: Int = 200) { state.withLock { $0.answers[path] = (status, body) } }

    /// From now on nothing is answered.
    func fallSilent() { state.withLock { $0.isSilent = true } }

    /// Sends a line on all streams.
    func tell(_ line: String) {
        let bytes = Array("\(String(line.utf8.count + 1, radix: 16))\r\n\(line)\n\r\n".utf8)
        for stream in state.withLock({ $0.streams }) {
            _ = bytes.withUnsafeBytes { send(stream, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        }
    }

    private func serve(_ connection: Int32) {
        state.withLock { state in
            state.connections.append(connection)
            if state.isClosed { shutdown(connection, Int32(SHUT_RDWR)) }
        }
        var head: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = room.withUnsafeMutableBytes { read(connection, $0.baseAddress, $0.count) }
            guard count > 0 else { break }
            head += room.prefix(count)
            guard head.suffix(4).elementsEqual("\r\n\r\n".utf8) else { continue }
            let words = String(decoding: head, as: UTF8.self).split(separator: " ", maxSplits: 2)
            head = []
            let path = String(words[1].prefix { $0 != "?" })
            let (answer, isSilent) = state.withLock { state in
                state.asked.append("\(words[0]) \(path)")
                return (state.answers[path], state.isSilent)
            }
            if isSilent { continue }
            if path == "/events" {
                write(connection, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
                state.withLock { $0.streams.append(connection) }
                continue
            }
            let (status, body) = answer ?? (404, #"{"message":"no such thing"}"#)
            write(connection, "HTTP/1.1 \(status) X\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        }
        state.withLock { state in
            state.streams.removeAll { $0 == connection }
            state.connections.removeAll { $0 == connection }
            Glibc.close(connection)
        }
    }

    private func write(_ connection: Int32, _ text: String) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }
}
