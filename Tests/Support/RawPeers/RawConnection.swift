import Glibc
import Primitives

/// A TCP connection of blocking calls, to be used on a thread of its own. No call waits longer than a minute.
package final class RawConnection {
    private let descriptor: Int32
    private var received: [UInt8] = []

    package init(descriptor: Int32) {
        self.descriptor = descriptor
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
        var yes: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Connects to a port of 127.0.0.1; nil when that is refused.
    package convenience init?(port: UInt16) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        inet_pton(AF_INET, "127.0.0.1", &address.sin_addr)
        let connected = withUnsafeBytes(of: &address) { bytes in
            bytes.baseAddress.map { connect(descriptor, $0.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count)) == 0 } ?? false
        }
        guard connected else {
            close(descriptor)
            return nil
        }
        self.init(descriptor: descriptor)
    }

    deinit { close(descriptor) }

    /// False when the other side has gone.
    @discardableResult
    package func send(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    @discardableResult
    package func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    /// Says that nothing more will be sent.
    package func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Closes with a reset rather than in order when the connection is let go.
    package func resetWhenClosed() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
    }

    /// Waits for more bytes; false at the end, on an error and after a minute.
    private func receive() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { return false }
        received += buffer.prefix(count)
        return true
    }

    /// Everything up to the end of the connection.
    package func readToEnd() -> String {
        while receive() {}
        defer { received = [] }
        return String(decoding: received, as: UTF8.self)
    }

    /// Everything up to and with `mark`, or nil when the connection ends before.
    package func read(through mark: String) -> String? {
        let mark = Array(mark.utf8)
        while true {
            if let range = received.firstRange(of: mark) {
                defer { received.removeSubrange(..<range.upperBound) }
                return String(decoding: received[..<range.upperBound], as: UTF8.self)
            }
            guard receive() else { return nil }
        }
    }

    /// So many bytes, or nil when the connection ends before.
    package func read(count: Int) -> String? {
        while received.count < count { if !receive() { return nil } }
        defer { received.removeFirst(count) }
        return String(decoding: received.prefix(count), as: UTF8.self)
    }

    /// One answer whose body has a length, or has none as that of HEAD.
    package func readAnswer(hasBody: Bool = true) -> RawAnswer? {
        guard let head = read(through: "\r\n\r\n") else { return nil }
        let lines = head.split(separator: "\r\n")
        guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else { return nil }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { return nil }
            headers[line[..<colon].lowercased()] = String(line[line.index(after: colon)...].drop { $0 == " " })
        }
        let size = hasBody ? headers["content-length"].flatMap { Int($0) } ?? 0 : 0
        while received.count < size { if !receive() { return nil } }
        defer { received.removeFirst(size) }
        return RawAnswer(status: status, headers: headers, body: String(decoding: received.prefix(size), as: UTF8.self))
    }
}

/// An answer as it came over a socket; names of headers in lower case.
package struct RawAnswer: Sendable {
    package let status: Int
    package let headers: [String: String]
    package let body: String
}

/// Runs blocking work on a thread of its own, so that it takes none from the tasks it waits for.
package func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        do {
            try Thread.start("test") { continuation.resume(returning: body()) }
        } catch {
            continuation.resume(throwing: error)
        }
    }
}

/// Sends text to a port and reads what comes until the other side closes; nil when it does not take the connection.
package func exchange(_ port: UInt16, _ text: String) async throws -> String? {
    try await onThread {
        guard let connection = RawConnection(port: port) else { return nil }
        connection.send(text)
        return connection.readToEnd()
    }
}
