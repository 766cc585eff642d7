import CurlShim
import Glibc
import Primitives
import Synchronization

/// One call of the client on its way. Filled by the driver thread; the continuation is resumed once.
final class Transfer: Sendable {
    private struct State {
        var continuation: CheckedContinuation<Result<HTTPResponse, HTTPClientError>, Never>?
        var body: [UInt8] = []
        var headerBytes = 0
        var status = 0
        var reason = ""
        var headers = HTTPHeaders()
        /// Whether the empty line behind the headers has come.
        var isHeadComplete = false
        /// Why the rest of the answer is not wanted.
        var refusal: HTTPClientError?
        var isCancelled = false

        var isStatusTold = false

        /// Status and headers, once, when those of an answer that is no interim one are complete.
        mutating func takeHead() -> (status: Int, headers: HTTPHeaders)? {
            guard isHeadComplete, status >= 200, !isStatusTold else { return nil }
            isStatusTold = true
            return (status, headers)
        }
    }

    /// Of headers and trailers together, which is more than anybody needs.
    private static let headerLimitBytes = 256 << 10

    let request: HTTPRequest
    private let state = Mutex(State())

    init(_ request: HTTPRequest) { self.request = request }

    func begin(_ continuation: CheckedContinuation<Result<HTTPResponse, HTTPClientError>, Never>) {
        state.withLock { $0.continuation = continuation }
    }

    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    func cancel() { state.withLock { $0.isCancelled = true } }

    /// Hands the request to libcurl, which does not hold this object: whoever keeps the handle keeps it.
    func start(on multi: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
        var copies: [UnsafeMutablePointer<CChar>?] = []
        defer { for copy in copies { free(copy) } }
        func copy(_ text: String?) -> UnsafePointer<CChar>? {
            guard let text else { return nil }
            copies.append(strdup(text))
            return copies.last.flatMap { UnsafePointer($0) }
        }
        let remaining = request.deadline.remainingSeconds
        var options = mlt_curl_request()
        options.url = copy(request.url)
        options.method = copy(request.method)
        options.proxy = copy(request.proxy)
        options.unix_socket = copy(request.unixSocket)
        options.connect_to = copy(request.connectTo.map { "::\($0)" })
        options.may_repeat = request.mayRepeat ? 1 : 0
        options.certificate_file = copy(request.clientCertificate?.certificateFile)
        options.key_file = copy(request.clientCertificate?.keyFile)
        var fingerprints: [UInt8] = []
        switch request.trust {
        case .system: options.trust = mlt_curl_trust_authorities
        case .authority(let file):
            options.trust = mlt_curl_trust_authorities
            options.ca_file = copy(file)
        case .fingerprints(let believed):
            options.trust = mlt_curl_trust_fingerprints
            options.fingerprint_count = believed.count
            fingerprints = believed.flatMap(\.bytes)
        case .insecure: options.trust = mlt_curl_trust_anybody
        }
        options.timeout_ms = Int((remaining * 1000).rounded(.up).clamped(to: 1...2e9))
        // Two timeouts that end within a millisecond of each other confuse libcurl's clock: the second would be noticed late.
        let isConnectBounded = request.connectTimeoutSeconds < remaining - 0.05
        options.connect_timeout_ms = isConnectBounded ? Int((request.connectTimeoutSeconds * 1000).clamped(to: 1...2e9)) : 0
        options.on_body = clientOnBody
        options.on_header = clientOnHeader
        if request.mayConnect != nil { options.on_address = clientOnAddress }
        options.context = Unmanaged.passUnretained(self).toOpaque()
        // libcurl takes "Name:" for an order to leave the header out; "Name;" sends it without a value.
        let lines = request.headers.map { copy($0.value.allSatisfy(\.isWhitespace) ? "\($0.name);" : "\($0.name): \($0.value)") }
        // A copy that memory was too short for would be an option that nobody chose.
        guard copies.allSatisfy({ $0 != nil }) else { return nil }
        return lines.withUnsafeBufferPointer { headers in
            options.headers = headers.baseAddress
            options.header_count = headers.count
            return fingerprints.withUnsafeBufferPointer { fingerprints in
                options.fingerprints = fingerprints.baseAddress
                return (request.body ?? []).withUnsafeBytes { body in
                    options.body = request.body == nil ? nil : body.baseAddress
                    options.body_size = body.count
                    return mlt_curl_start(multi, &options)
                }
            }
        }
    }

    func receive(body bytes: UnsafeRawBufferPointer) -> Bool {
        if let onPiece = request.onBodyPiece {
            guard !isCancelled, onPiece([UInt8](bytes)) else {
                state.withLock { $0.refusal = Self.enough }
                return false
            }
            return true
        }
        return state.withLock { state in
            guard state.body.count + bytes.count <= request.bodyLimitBytes else {
                state.refusal = Self.tooLarge("answer", request.bodyLimitBytes)
                giveBackRoom(&state)
                state.body = []
                return false
            }
            guard request.bodyRoom?.take(bytes.count) ?? true else {
                state.refusal = HTTPClientError(kind: .tooLarge, message: "no room for the answer beside other large ones")
                giveBackRoom(&state)
                state.body = []
                return false
            }
            state.body.append(contentsOf: bytes)
            return true
        }
    }

    /// False when the rest of the answer is not wanted.
    func receive(header bytes: UnsafeRawBufferPointer) -> Bool {
        let isBearable = state.withLock { state in
            state.headerBytes += bytes.count
            guard state.headerBytes > Self.headerLimitBytes else { return true }
            state.refusal = Self.tooLarge("headers", Self.headerLimitBytes)
            return false
        }
        guard isBearable, read(header: bytes) else { return false }
        guard request.onStatus != nil || request.onHeaders != nil, let head = state.withLock({ $0.takeHead() }) else { return true }
        guard !isCancelled, request.onStatus?(head.status) ?? true, request.onHeaders?(head.headers) ?? true else {
            state.withLock { $0.refusal = Self.enough }
            return false
        }
        return true
    }

    private static let enough = HTTPClientError(kind: .cancelled, message: "whoever asked has enough")

    private func read(header bytes: UnsafeRawBufferPointer) -> Bool {
        var line = String(decoding: bytes, as: UTF8.self)
        while line.last?.isWhitespace == true { line.removeLast() }
        return state.withLock { state in
            if line.isEmpty {
                state.isHeadComplete = true
            } else if line.hasPrefix("HTTP/") {
                // A status line starts an answer; whatever stood before was an interim one.
                state.isHeadComplete = false
                state.headers = HTTPHeaders()
                let words = line.split(separator: " ", maxSplits: 2)
                state.status = words.count > 1 ? Int(words[1]) ?? 0 : 0
                state.reason = words.count == 3 ? String(words[2]) : ""
            } else if let colon = line.firstIndex(of: ":") {
                let name = String(line[..<colon])
                let value = String(line[line.index(after: colon)...].drop { $0.isWhitespace })
                state.headers.add(name, value)
                switch name.lowercased() {
                case "content-length":
                    guard let length = Int(value), length > 0 else { break }
                    // Of what will not be taken whole nothing is waited for.
                    guard length <= request.bodyLimitBytes || request.onBodyPiece != nil || request.method == "HEAD" else {
                        state.refusal = Self.tooLarge("answer", request.bodyLimitBytes)
                        return false
                    }
                    // A hint from outside: believed as far as a large answer goes, no further.
                    state.body.reserveCapacity(min(length, 4 << 20, request.bodyLimitBytes))
                case "transfer-encoding" where !Self.isChunkedAtMost(value):
                    state.refusal = HTTPClientError(
                        kind: .protocolViolation, message: "the answer is packed on its way, though nobody asked for that")
                    return false
                default: break
                }
            }
            return true
        }
    }

    /// libcurl unpacks what is packed for its way, whether or not it was asked to. A few megabytes, packed twice, keep the one thread of all
    /// transfers at it until all of them are late.
    private static func isChunkedAtMost(_ codings: String) -> Bool {
        codings.split(separator: ",").allSatisfy { coding in
            let word = coding.filter { !$0.isWhitespace }.lowercased()
            return word == "chunked" || word == "identity"
        }
    }

    /// Of an answer that nobody gets.
    private func giveBackRoom(_ state: inout State) { request.bodyRoom?.giveBack(state.body.count) }

    private static func tooLarge(_ what: String, _ limitBytes: Int) -> HTTPClientError {
        HTTPClientError(kind: .tooLarge, message: "\(what) larger than \(limitBytes) bytes")
    }

    func finish(_ outcome: mlt_curl_outcome) {
        let failure = mlt_curl_classify(outcome.code)
        guard failure != mlt_curl_failure_none else {
            resume { state in
                // libcurl is content with headers that break off.
                guard state.isHeadComplete else {
                    return .failure(HTTPClientError(kind: .protocolViolation, message: "the answer breaks off in its headers"))
                }
                return .success(
                    HTTPResponse(
                        status: outcome.status, reason: state.reason, headers: state.headers, body: state.body,
                        connectionsOpened: outcome.connections_opened))
            }
            return
        }
        var fingerprintCount = 0
        if case .fingerprints(let believed) = request.trust { fingerprintCount = believed.count }
        if let error = HTTPClientError(certificateOf: outcome, fingerprintCount: fingerprintCount) { return fail(error) }
        var message = String(cArray: outcome.message)
        // libcurl tells how many milliseconds it took, which makes each message another one, and not why.
        if failure == mlt_curl_failure_connect, outcome.error_number != 0 {
            let words = message.split(separator: " ").prefix { $0 != "after" }
            message = "\(words.joined(separator: " ")): \(systemMessage(outcome.error_number))"
        }
        if message.contains("HTTP/0.9") { message = "the answer is not HTTP; check the port, and http:// or https:// before it" }
        if failure == mlt_curl_failure_too_large { message = "a line of the headers is too long" }
        // What went wrong before the server said a word is about the way to it.
        let isSilent = outcome.status == 0
        if failure == mlt_curl_failure_closed {
            let remedy = request.url.hasPrefix("http://") ? "; does this port want https://?" : ""
            message = isSilent ? "the server ended the connection without an answer\(remedy)" : "the answer breaks off"
        }
        let kind: HTTPClientError.Kind =
            switch failure {
            case mlt_curl_failure_timeout: .timeout
            case mlt_curl_failure_resolve: .resolve
            case mlt_curl_failure_connect: .connect
            case mlt_curl_failure_closed where isSilent: .closed
            case mlt_curl_failure_tls: .tls
            case mlt_curl_failure_too_large: .tooLarge
            case mlt_curl_failure_url: .url
            default: .protocolViolation
            }
        resume { .failure($0.refusal ?? HTTPClientError(kind: kind, message: message)) }
    }

    func fail(_ kind: HTTPClientError.Kind, _ message: String) { fail(HTTPClientError(kind: kind, message: message)) }

    func fail(_ error: HTTPClientError) { resume { _ in .failure(error) } }

    private func resume(_ result: (State) -> Result<HTTPResponse, HTTPClientError>) {
        let (continuation, value) = state.withLock { state in
            let value = result(state)
            // Only the first to resume has somebody to give it to.
            let isGiven = if case .success = value { state.continuation != nil } else { false }
            if !isGiven { giveBackRoom(&state) }
            defer {
                state.continuation = nil
                state.body = []
            }
            return (state.continuation, value)
        }
        continuation?.resume(returning: value)
    }
}

// libcurl's callbacks, on the driver thread.

func clientOnBody(_ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?) -> Int {
    guard let context else { return 0 }
    let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    return transfer.receive(body: UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
}

func clientOnHeader(_ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?) -> Int {
    guard let context else { return 0 }
    let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    return transfer.receive(header: UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
}

func clientOnAddress(_ bytes: UnsafePointer<UInt8>?, _ size: Int, _ context: UnsafeMutableRawPointer?) -> Int32 {
    guard let context, let address = IPAddress(Array(UnsafeBufferPointer(start: bytes, count: size))) else { return 0 }
    let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    return transfer.request.mayConnect?(address) == false ? 0 : 1
}
