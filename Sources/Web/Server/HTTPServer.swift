import Glibc
import MicroHTTPDShim
package import Primitives
import Synchronization

/// An HTTP/1.1 server. Handlers run as tasks; connections, headers, bodies, idle time and requests in flight are all bounded.
package final class HTTPServer: Sendable {
    package struct Limits: Sendable {
        package var connections: UInt32 = 256
        /// From one address; 0 for no limit of its own.
        package var connectionsPerAddress: UInt32 = 0
        /// Requests being answered; the next gets 503.
        package var requestsInFlight = 40
        /// Paths that are answered however many requests are in flight: whether a service lives must not depend on how busy it is.
        package var unlimitedPaths: Set<String> = []
        /// Paths with a limit of their own in place of the common one: what hangs there must not keep the others from being answered.
        package var ownLimits: [String: Int] = [:]
        /// Request line and headers together; more gets 431.
        package var headerBytes = 32 << 10
        /// More gets 413.
        package var bodyBytes = 1 << 20
        /// A connection on which nothing moves for so long is closed.
        package var idleSeconds: UInt32 = 30
        /// Event loops.
        package var threads: UInt32 = 1

        package init() {}
    }

    /// What the server counts of itself.
    package struct Counts: Sendable {
        package var requests = 0
        package var inFlight = 0
        /// Requests turned away because too many were in flight.
        package var refused = 0
    }

    private struct State {
        var counts = Counts()
        var isStopping = false
        /// Requests being answered on the paths with a limit of their own; the others are counted under the empty path.
        var inFlight: [String: Int] = [:]
        /// Requests whose headers have arrived and whose answer has not left yet.
        var open = 0
        /// The requests whose connection waits for its handler.
        var waiting: [ObjectIdentifier: ServerExchange] = [:]
    }

    package let address: ListenAddress
    private let limits: Limits
    private let logger: Logger
    private let handler: HTTPHandler
    private let state = Mutex(State())
    // Set once by `init`, before the first request can reach it, and read by `stop`.
    private let daemon = Mutex<SendablePointer?>(nil)

    private struct SendablePointer: @unchecked Sendable {
        // libmicrohttpd's daemon functions may be called from any thread.
        let pointer: OpaquePointer
    }

    /// Starts to listen and to answer.
    ///
    /// - Parameter origin: the flag or key that set the address, for the error when the port is busy.
    /// - Parameter certificate: for HTTPS.
    package init(
        listen address: ListenAddress, origin: String, limits: Limits = Limits(), certificate: SelfSignedCertificate? = nil,
        logger: Logger, handler: @escaping HTTPHandler
    ) throws(Failure) {
        let descriptor = try address.listen(origin: origin)
        self.address = address.bound(to: descriptor)
        self.limits = limits
        self.logger = logger
        self.handler = handler
        var options = mlt_httpd_options()
        options.listen_descriptor = descriptor
        options.threads = limits.threads
        options.connection_limit = limits.connections
        options.connection_limit_per_address = limits.connectionsPerAddress
        options.idle_timeout_seconds = limits.idleSeconds
        options.connection_memory_bytes = limits.headerBytes
        options.on_request = serverOnRequest
        options.on_end = serverOnEnd
        options.on_log = serverOnLog
        // Balanced by `stop`.
        options.context = Unmanaged.passRetained(self).toOpaque()
        let started = Self.start(&options, certificate)
        guard let started else {
            Unmanaged.passUnretained(self).release()
            close(descriptor)
            throw Failure(.environment, "cannot start an HTTP server on \(address): out of threads, memory or open files")
        }
        daemon.withLock { $0 = SendablePointer(pointer: started) }
    }

    private static func start(_ options: inout mlt_httpd_options, _ certificate: SelfSignedCertificate?) -> OpaquePointer? {
        guard let certificate else { return mlt_httpd_start(&options) }
        return certificate.certificatePEM.withCString { certificatePEM in
            certificate.keyPEM.reveal().withCString { keyPEM in
                options.certificate_pem = certificatePEM
                options.key_pem = keyPEM
                return mlt_httpd_start(&options)
            }
        }
    }

    package var counts: Counts { state.withLock { $0.counts } }

    /// Stops accepting, lets requests in flight finish for up to `seconds`, then ends what is left with 503. Further calls do nothing.
    package func stop(withinSeconds seconds: Double) async {
        let running = daemon.withLock { daemon in
            defer { daemon = nil }
            return daemon
        }
        guard let running else { return }
        let descriptor = mlt_httpd_stop_accepting(running.pointer)
        await answersLeave(by: .after(seconds: seconds))
        let abandoned = state.withLock { state in
            state.isStopping = true
            return Array(state.waiting.values)
        }
        for exchange in abandoned { exchange.answer(HTTPServerResponse(status: 503, text: "Shutting down.\n")) }
        if !abandoned.isEmpty { await answersLeave(by: .after(seconds: 1)) }
        // Joins the event loops, so it runs on a thread of its own.
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let stop: @Sendable () -> Void = {
                mlt_httpd_stop(running.pointer)
                // Not sooner: the event loop still has to take it out of its set, and aborts the process if it cannot.
                if descriptor >= 0 { close(descriptor) }
                Unmanaged.passUnretained(self).release()
                continuation.resume()
            }
            do { try Thread.start("http-stop", stop) } catch { stop() }
        }
    }

    /// Waits until every request has been answered down to its last byte, or for the deadline.
    private func answersLeave(by deadline: Deadline) async {
        // In a task of its own: in a cancelled one every sleep would end at once, and the loop would spin.
        await Task.detached { [self] in
            while state.withLock({ $0.open }) > 0 && !deadline.hasPassed { try? await Task.sleep(for: .milliseconds(10)) }
        }.value
    }

    // MARK: called on the event loops

    /// The headers are complete. Returns the exchange that will hold the request, or nil to close the connection.
    func begin(_ connection: OpaquePointer, method: String, path: String) -> ServerExchange {
        state.withLock { $0.open += 1 }
        return ServerExchange(connection: connection, method: method, path: path, bodyLimit: limits.bodyBytes)
    }

    /// The answer has left, or never will.
    func end() { state.withLock { $0.open -= 1 } }

    /// The request is complete: hands it to the handler, with the connection suspended meanwhile.
    ///
    /// Returns true when the answer is there already, because the request was turned away.
    func dispatch(_ exchange: ServerExchange) -> Bool {
        enum Verdict { case run, busy, stopping }
        let ownLimit = limits.ownLimits[exchange.path]
        let (limit, account) = (ownLimit ?? limits.requestsInFlight, ownLimit == nil ? "" : exchange.path)
        let verdict: Verdict = state.withLock { state in
            state.counts.requests += 1
            if state.isStopping { return .stopping }
            guard state.inFlight[account, default: 0] < limit || limits.unlimitedPaths.contains(exchange.path) else {
                state.counts.refused += 1
                return .busy
            }
            state.counts.inFlight += 1
            state.inFlight[account, default: 0] += 1
            state.waiting[ObjectIdentifier(exchange)] = exchange
            // Under the lock: a stop that finds the exchange waiting must find its connection asleep, or nobody would wake it.
            exchange.suspend()
            return .run
        }
        switch verdict {
        case .stopping: exchange.prepare(HTTPServerResponse(status: 503, text: "Shutting down.\n"))
        case .busy:
            exchange.prepare(HTTPServerResponse(status: 503, text: "Limit of \(limit) requests in flight reached.\n"))
        case .run:
            let request = exchange.request()
            Task.detached { [self] in
                exchange.answer(await handler(request))
                state.withLock { state in
                    state.counts.inFlight -= 1
                    state.inFlight[account, default: 0] -= 1
                    state.waiting[ObjectIdentifier(exchange)] = nil
                }
            }
        }
        return verdict != .run
    }

    func note(_ message: String) { logger.debug("http server", ["detail": message]) }
}
