import Glibc
import MicroHTTPDShim
import Synchronization

/// One request and its answer, shared by the event loop that owns the connection and the task that runs the handler.
final class ServerExchange: Sendable {
    private enum Phase {
        case receiving
        /// The connection sleeps until `answer`.
        case suspended
        /// The loop may queue the answer.
        case answered
    }

    private struct State {
        var phase = Phase.receiving
        var body: [UInt8] = []
        var isTooLarge = false
        var response: HTTPServerResponse?
    }

    /// The first line of a request.
    struct Target: Sendable {
        let method: String
        /// Percent-decoded.
        let path: String
        /// As it came.
        let query: String
        /// Path and query as they came.
        let bytes: Int
        /// Whether a slash of the path came as `%2F`.
        let hasEscapedSlash: Bool
        /// Whether all readers see the same headers.
        let hasPlainLines: Bool
    }

    private struct Connection: @unchecked Sendable {
        // Used by the loop; by others only to resume it, which libmicrohttpd allows from any thread while it is suspended.
        let pointer: OpaquePointer
    }

    private let connection: Connection
    /// The connection's number in the server's table.
    let id: UInt
    private let reach: Listener.Reach
    private let listener: Int
    private let client: ClientAddress
    private let target: Target
    private let bodyLimit: Int
    private let arrival = ContinuousClock.now
    private let state = Mutex(State())

    init(
        connection: OpaquePointer, id: UInt, reach: Listener.Reach, listener: Int, client: ClientAddress, target: Target, bodyLimit: Int
    ) {
        self.connection = Connection(pointer: connection)
        self.id = id
        self.reach = reach
        self.listener = listener
        self.client = client
        self.target = target
        self.bodyLimit = bodyLimit
    }

    /// A piece of the body. What goes past the limit is thrown away as it comes, so that the client hears why.
    func receive(_ bytes: UnsafeBufferPointer<UInt8>) {
        state.withLock { state in
            guard !state.isTooLarge else { return }
            if state.body.count + bytes.count > bodyLimit {
                state.isTooLarge = true
                state.body = []
            } else {
                state.body.append(contentsOf: bytes)
            }
        }
    }

    var isReceiving: Bool { state.withLock { $0.phase == .receiving } }
    var isTooLarge: Bool { state.withLock { $0.isTooLarge } }

    /// Why nobody should read where the request ends, or nil.
    var framingProblem: HTTPServerRequest.FramingProblem? {
        target.hasPlainLines
            ? request().framingProblem : .ambiguous("a header that is not one line with CR LF at its end, or has a NUL in it")
    }

    /// Bytes of path and query as they came.
    var targetBytes: Int { target.bytes }

    /// Bytes of the request line and the headers, as HTTP/1.1 writes them.
    var headBytes: Int {
        let line = target.method.utf8.count + target.bytes + " HTTP/1.1\r\n\r\n".utf8.count + 1
        return pairs(mlt_httpd_headers).reduce(line) { $0 + $1.name.utf8.count + $1.value.utf8.count + ": \r\n".utf8.count }
    }

    /// More than `QueryText.mostParameters`.
    var hasTooManyParameters: Bool { QueryText.count(target.query) > QueryText.mostParameters }

    /// - Parameter isAbandoned: whether whoever sent it has gone.
    func request(isAbandoned: @escaping @Sendable () -> Bool = { false }) -> HTTPServerRequest {
        HTTPServerRequest(
            method: target.method, path: target.path, hasEscapedSlash: target.hasEscapedSlash, query: QueryText.pairs(target.query),
            headers: HTTPHeaders(pairs(mlt_httpd_headers)), body: state.withLock { $0.body }, arrival: arrival, reach: reach,
            listener: listener, client: client, isAbandoned: isAbandoned)
    }

    /// Puts the answer in place without a detour over a task.
    func prepare(_ response: HTTPServerResponse) {
        state.withLock { state in
            state.response = response
            state.phase = .answered
        }
    }

    func suspend() {
        state.withLock { $0.phase = .suspended }
        mlt_httpd_suspend(connection.pointer)
    }

    /// Answers and wakes the connection. Only the first call counts.
    func answer(_ response: HTTPServerResponse) {
        state.withLock { state in
            guard state.phase == .suspended else { return }
            state.response = response
            state.phase = .answered
            // Under the lock: whoever stops the server must not find an answered exchange whose connection still sleeps.
            mlt_httpd_resume(connection.pointer)
        }
    }

    /// For a body that has nothing to send for a while. On the connection's event loop.
    func putConnectionToSleep() { mlt_httpd_suspend(connection.pointer) }

    /// Only while it sleeps. From any thread.
    func wakeConnection() { mlt_httpd_resume(connection.pointer) }

    /// The answer that is in place is the connection's last.
    func endConnectionAfterwards() {
        state.withLock { state in
            guard state.response?.headers["Connection"] == nil else { return }
            state.response?.headers.add("Connection", "close")
        }
    }

    /// What the answer's body takes in memory.
    var answerBytes: Int {
        state.withLock { state in
            switch state.response?.body {
            case .bytes(let bytes): bytes.count
            case .heap(let heap): heap.count
            case .pieces(let pieces): pieces.heldBytes
            case .stream: 64 << 10
            case nil: 0
            }
        }
    }

    /// The answer's body, where it comes over time.
    var stream: BodyStream? {
        state.withLock { state in
            if case .stream(let stream) = state.response?.body { stream } else { nil }
        }
    }

    /// Queues the answer on the connection and returns its status. Nil when the connection must be closed instead.
    func queue() -> Int? {
        let taken = state.withLock { state in
            defer { state.response = nil }
            return state.response
        }
        guard let response = taken, !response.isDropped else { return nil }
        // libmicrohttpd refuses a header without a value, and with it the answer.
        let texts = response.headers.fields.filter { !$0.value.isEmpty }.flatMap { [strdup($0.name), strdup($0.value)] }
        defer { for text in texts { free(text) } }
        let status = UInt32(response.status)
        let isQueued = texts.map { UnsafePointer($0) }.withUnsafeBufferPointer { headers in
            if case .pieces(let pieces) = response.body {
                // Balanced by the second function, which is called in any case.
                let context = Unmanaged.passRetained(pieces).toOpaque()
                return mlt_httpd_answer_in_pieces(
                    connection.pointer, status, fillRoom, endPieces, context, headers.baseAddress, headers.count) != 0
            }
            if case .stream(let stream) = response.body {
                // Balanced by the second function, as above.
                let context = Unmanaged.passRetained(StreamOnConnection(stream, of: self)).toOpaque()
                return mlt_httpd_answer_in_pieces(
                    connection.pointer, status, fillFromStream, endStream, context, headers.baseAddress, headers.count) != 0
            }
            let (memory, size) = Self.memory(of: response.body)
            return mlt_httpd_answer(connection.pointer, status, memory, size, headers.baseAddress, headers.count) != 0
        }
        return isQueued ? response.status : nil
    }

    private static func memory(of body: HTTPServerResponse.Body) -> (UnsafeMutableRawPointer?, Int) {
        switch body {
        case .heap(let heap): return heap.release()
        case .pieces, .stream: return (nil, 0)
        case .bytes(let bytes):
            let heap = HeapBytes(reservingBytes: bytes.count)
            heap.append(contentsOf: bytes)
            return heap.release()
        }
    }

    private func pairs(
        _ visit: (OpaquePointer?, mlt_httpd_on_pair?, UnsafeMutableRawPointer?) -> Void
    ) -> [(name: String, value: String)] {
        var found: [(name: String, value: String)] = []
        withUnsafeMutablePointer(to: &found) { visit(connection.pointer, collectPair, $0) }
        return found
    }
}

private func fillRoom(_ context: UnsafeMutableRawPointer?, _ room: UnsafeMutableRawPointer?, _ size: Int) -> Int {
    guard let context, let room else { return 0 }
    return Unmanaged<BodyPieces>.fromOpaque(context).takeUnretainedValue().fill(UnsafeMutableRawBufferPointer(start: room, count: size))
}

private func endPieces(_ context: UnsafeMutableRawPointer?) {
    guard let context else { return }
    Unmanaged<BodyPieces>.fromOpaque(context).release()
}

private func fillFromStream(_ context: UnsafeMutableRawPointer?, _ room: UnsafeMutableRawPointer?, _ size: Int) -> Int {
    guard let context, let room else { return 0 }
    let own = Unmanaged<StreamOnConnection>.fromOpaque(context).takeUnretainedValue()
    return own.stream.fill(UnsafeMutableRawBufferPointer(start: room, count: size), of: own.exchange) ?? -1
}

private func endStream(_ context: UnsafeMutableRawPointer?) {
    guard let context else { return }
    Unmanaged<StreamOnConnection>.fromOpaque(context).takeRetainedValue().stream.abandon()
}

private func collectPair(
    _ context: UnsafeMutableRawPointer?, _ key: UnsafePointer<CChar>?, _ keySize: Int, _ value: UnsafePointer<CChar>?, _ valueSize: Int
) -> Int32 {
    guard let context, let key else { return 0 }
    let found = context.assumingMemoryBound(to: [(name: String, value: String)].self)
    func text(_ start: UnsafePointer<CChar>?, _ size: Int) -> String {
        String(decoding: UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : size), as: UTF8.self)
    }
    found.pointee.append((text(key, keySize), text(value, valueSize)))
    return 1
}
