import Glibc
import MicroHTTPDShim
package import Primitives
import Synchronization

/// An HTTP/1.1 server. Handlers run as tasks; connections, headers, bodies, idle time and requests in flight are all bounded.
package final class HTTPServer: Sendable {
    private struct State {
        /// By status.
        var answered: [Int: Int] = [:]
        var isStopping = false
        /// Requests whose headers have arrived and whose answer has not left yet.
        var open = 0
        /// The requests whose connection waits for its handler.
        var waiting: [ObjectIdentifier: ServerExchange] = [:]
        /// Answers that are made over time, while they are.
        var streams: [ObjectIdentifier: BodyStream] = [:]
    }

    /// Where it listens, with the ports that the kernel chose.
    package let listeners: [Listener]
    private let limits: Limits
    private let logger: Logger
    private let handler: HTTPHandler
    private let refusal: HTTPRefusal?
    private let entrance: Entrance
    private let headers: [DoorSettings.Header]
    private let places: HandlerPlaces
    private let keeper: ConnectionKeeper
    private let denials: Denials
    private let hasWarned = Atomic(false)
    /// From the moment on when no new connection is taken.
    private let isLeaving = Atomic(false)
    private let state = Mutex(State())
    // Set once by `init`, before the first request can reach it, and read by `stop`.
    private let loops = Mutex<[EventLoop]>([])

    /// Who was not let in, by reason; the doormen count before the server is made.
    private final class Denials: Sendable {
        private let state = Mutex<[Doorman.Denial: Int]>([:])

        var counts: [Doorman.Denial: Int] { state.withLock { $0 } }

        @Sendable func note(_ denial: Doorman.Denial) { state.withLock { $0[denial, default: 0] += 1 } }
    }

    private struct EventLoop: @unchecked Sendable {
        // libmicrohttpd's daemon functions may be called from any thread.
        let pointer: OpaquePointer
    }

    /// Starts to listen and to answer.
    ///
    /// - Parameter listeners: the server closes them when it stops, and when it cannot start.
    /// - Parameter hosts: by what names it answers on loopback, and everywhere if somebody has said some; nil when any will do.
    /// - Parameter headers: of every answer, whoever gives it; what an answer or the doors say goes before.
    /// - Parameter refusal: who is turned away before his body is read, and takes no memory with it.
    package init(
        _ listeners: [Listener], limits: Limits = Limits(), entrance: Entrance = Entrance(), hosts: HostCheck? = nil,
        headers: [DoorSettings.Header] = [], refusal: HTTPRefusal? = nil, logger: Logger, handler: @escaping HTTPHandler
    ) throws(Failure) {
        self.listeners = listeners
        self.limits = limits
        self.logger = logger
        self.entrance = entrance
        self.headers = headers
        self.refusal = refusal
        // Behind the doors: who is not let in, or waits for his password to be checked, takes no place from those who are.
        let places = HandlerPlaces(limits)
        let limited: HTTPHandler = { await places.handle($0, handler) }
        let denials = Denials()
        self.denials = denials
        let named = hosts.flatMap { $0.isExplicit ? $0.answering(to: listeners.compactMap(\.address?.host)) : nil }
        let open = Doorman(doors: { entrance.doors }, hosts: named, onDenial: denials.note, handler: limited)
        let local = Doorman(doors: { entrance.doors }, hosts: hosts, onDenial: denials.note, handler: limited)
        self.places = places
        self.handler = { (await $0.reach == .loopback ? local.handle($0) : open.handle($0)).with(headers) }
        do {
            keeper = try ConnectionKeeper(listeners, limits: limits.ofConnections, logger: logger)
        } catch {
            for listener in listeners { listener.close() }
            throw error
        }
        var options = mlt_httpd_options()
        // Those that were told to go are counted until they have gone.
        options.connection_limit = UInt32(clamping: 2 * limits.connections + 16)
        options.idle_timeout_seconds = UInt32(max(limits.idleSeconds, limits.sendSeconds, 1) + 1)
        options.connection_memory_bytes = limits.headerBytes + Limits.noteBytes
        options.on_request = serverOnRequest
        options.on_end = serverOnEnd
        options.on_connection = serverOnConnection
        options.on_connection_end = serverOnConnectionEnd
        options.on_log = serverOnLog
        do throws(Failure) {
            for _ in 0..<max(1, limits.threads) {
                // Balanced by `stop`, once for each loop.
                options.context = Unmanaged.passRetained(self).toOpaque()
                guard let started = Self.start(&options, entrance) else {
                    Unmanaged.passUnretained(self).release()
                    throw Failure(.environment, "cannot start an HTTP server: out of threads, memory or open files")
                }
                loops.withLock { $0.append(EventLoop(pointer: started)) }
            }
            let pointers = loops.withLock { $0 }
            let next = Mutex(0)
            try keeper.start { descriptor, address, size in
                let place = next.withLock { next in
                    next = (next + 1) % pointers.count
                    return next
                }
                return mlt_httpd_serve(pointers[place].pointer, descriptor, address, size) == 1
            }
            if entrance.hasFiles { try watchFiles() }
        } catch {
            for listener in listeners { listener.close() }
            for loop in loops.withLock({ $0 }) {
                mlt_httpd_stop(loop.pointer)
                Unmanaged.passUnretained(self).release()
            }
            throw error
        }
    }

    /// One address.
    ///
    /// - Parameter origin: the flag or key that set the address, for the error when the port is busy.
    /// - Parameter certificate: for HTTPS.
    /// - Parameter hosts: as of the other initializer.
    package convenience init(
        listen address: ListenAddress, origin: String, limits: Limits = Limits(), certificate: SelfSignedCertificate? = nil,
        hosts: HostCheck? = nil, logger: Logger, handler: @escaping HTTPHandler
    ) throws(Failure) {
        let entrance = if let certificate { try Entrance(certificate) } else { Entrance() }
        try self.init(
            [try Listener(address, origin: origin)], limits: limits, entrance: entrance, hosts: hosts, logger: logger, handler: handler)
    }

    /// The first network address that it listens on.
    package var address: ListenAddress { listeners.lazy.compactMap(\.address).first ?? ListenAddress(host: "127.0.0.1", port: 0) }

    private static func start(_ options: inout mlt_httpd_options, _ entrance: Entrance) -> OpaquePointer? {
        entrance.withMaterial { certificatePEM, keyPEM in
            options.certificate_pem = certificatePEM
            options.key_pem = keyPEM
            return mlt_httpd_start(&options)
        }
    }

    /// Looks every second whether the files of the doors have changed, on a thread of its own: a file system may hang.
    private func watchFiles() throws(Failure) {
        try Thread.start("http-doors") { [entrance, keeper] in
            while !keeper.isOver {
                sleep(1)
                entrance.refresh()
                keeper.endResting(entrance.outdatedConnections)
            }
        }
    }

    package var counts: Counts {
        let (places, connections) = (places.counts, keeper.counts)
        var counts = Counts(answered: state.withLock { $0.answered }, inFlight: places.inFlight, refused: places.refused)
        counts.denied = denials.counts
        counts.connections = connections.open
        counts.connectionsAccepted = connections.accepted
        counts.connectionsRefused = connections.refused
        for (reason, count) in connections.ended { counts.connectionsEnded[reason.rawValue] = count }
        return counts
    }

    /// Stops accepting, lets requests in flight finish for up to `seconds`, then ends what is left with 503. Further calls do nothing.
    ///
    /// Who was let in is answered, also one whose request nobody has read yet: to him a connection that ends looks like a server that crashed.
    package func stop(withinSeconds seconds: Double) async {
        let running = loops.withLock { loops in
            defer { loops = [] }
            return loops
        }
        guard !running.isEmpty else { return }
        isLeaving.store(true, ordering: .relaxed)
        await keeper.stopListening()
        await answersLeave(by: .after(seconds: seconds))
        let abandoned = state.withLock { state in
            state.isStopping = true
            return Array(state.waiting.values)
        }
        let farewell = dressed(HTTPServerResponse(status: 503, text: "Shutting down.\n"))
        for exchange in abandoned { exchange.answer(farewell) }
        let streams = state.withLock { Array($0.streams.values) }
        for stream in streams { stream.abandon() }
        if !abandoned.isEmpty || !streams.isEmpty { await answersLeave(by: .after(seconds: 1)) }
        // Joins the event loops, so it runs on a thread of its own.
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let stop: @Sendable () -> Void = { [self] in
                for loop in running {
                    mlt_httpd_stop(loop.pointer)
                    Unmanaged.passUnretained(self).release()
                }
                keeper.end()
                continuation.resume()
            }
            do { try Thread.start("http-stop", stop) } catch { stop() }
        }
    }

    /// Waits until every request has been read and answered down to its last byte, or for the deadline.
    private func answersLeave(by deadline: Deadline) async {
        // In a task of its own: in a cancelled one every sleep would end at once, and the loop would spin.
        await Task.detached { [self] in
            // What an event loop has just taken from the socket, and has not told of yet, is seen at the second look.
            var quietLooks = 0
            while quietLooks < 2 && !deadline.hasPassed {
                quietLooks = state.withLock({ $0.open }) > 0 || keeper.hasUnreadQuestions ? 0 : quietLooks + 1
                if quietLooks < 2 { try? await Task.sleep(for: .milliseconds(10)) }
            }
        }.value
    }

    // MARK: called on the event loops

    /// An event loop has taken a connection. Returns its number.
    func begin(_ connection: OpaquePointer, _ descriptor: Int32) -> UInt? {
        guard let id = keeper.serve(descriptor) else {
            // It would be served by libmicrohttpd's own idea of TLS, which asks for no client certificate.
            shutdown(descriptor, Int32(SHUT_RDWR))
            return nil
        }
        if let session = mlt_httpd_tls_session(connection) { entrance.attach(to: session, id) }
        return id
    }

    /// A connection is over.
    func endConnection(_ id: UInt) {
        entrance.detach(id)
        keeper.remove(id)
    }

    /// The headers are complete.
    func begin(_ connection: OpaquePointer, _ target: ServerExchange.Target) -> ServerExchange {
        state.withLock { $0.open += 1 }
        let id = UInt(bitPattern: mlt_httpd_own(connection))
        keeper.move(id, to: .receiving)
        let origin = keeper.origin(of: id)
        return ServerExchange(
            connection: connection, id: id, reach: origin.reach, listener: origin.listener, client: origin.client, target: target,
            bodyLimit: limits.bodyBytes)
    }

    /// The answer has left, or never will.
    func end(_ exchange: ServerExchange) {
        keeper.move(exchange.id, to: .resting)
        state.withLock { state in
            state.open -= 1
            state.streams[ObjectIdentifier(exchange)] = nil
        }
    }

    /// Puts the answer on its way. Returns 0 when the connection must be closed instead.
    func send(_ exchange: ServerExchange) -> Int32 {
        let size = exchange.answerBytes
        if !keeper.hasRoom(for: size, of: exchange.id) {
            turnAway(exchange, HTTPServerResponse(status: 503, text: "Too many answers wait for their readers.\n"))
        }
        // The last answer, or the last under rules that hold no more: whoever never rests would go on for ever.
        if isLeaving.load(ordering: .relaxed) || entrance.isOutdated(exchange.id) { exchange.endConnectionAfterwards() }
        keeper.move(exchange.id, to: exchange.stream == nil ? .sending(bytes: exchange.answerBytes) : .streaming)
        if let stream = exchange.stream {
            let isStopping = state.withLock { state in
                state.streams[ObjectIdentifier(exchange)] = stream
                return state.isStopping
            }
            if isStopping { stream.abandon() }
        }
        guard let status = exchange.queue() else { return 0 }
        state.withLock { $0.answered[status, default: 0] += 1 }
        return 1
    }

    /// Puts an answer in place that no handler gave.
    func turnAway(_ exchange: ServerExchange, _ response: HTTPServerResponse) { exchange.prepare(dressed(response)) }

    private func dressed(_ response: HTTPServerResponse) -> HTTPServerResponse { entrance.doors.dressed(response).with(headers) }

    /// Whether a request is answered before its body is read, because nobody knows where that ends or nobody wants it; then the answer is there already.
    func refuse(_ exchange: ServerExchange) -> Bool {
        if exchange.headBytes > limits.headerBytes {
            let status = exchange.targetBytes > limits.headerBytes ? 414 : 431
            let words = "Request line and headers are longer than \(limits.headerBytes) bytes.\n"
            return refuse(exchange, HTTPServerResponse(status: status, text: words))
        }
        if exchange.hasTooManyParameters {
            return refuse(exchange, HTTPServerResponse(status: 414, text: "More than \(QueryText.mostParameters) parameters in the URL.\n"))
        }
        guard let problem = exchange.framingProblem else {
            let request = exchange.request()
            guard let refused = refusal?(request) else { return false }
            // Who sends no body may ask again without another handshake, but not once he is answered before libmicrohttpd has seen the end.
            let hasBody = request.headers["Content-Length"].map { $0.utf8.contains { $0 != UInt8(ascii: "0") } } ?? false
            if hasBody { return refuse(exchange, refused) }
            turnAway(exchange, refused)
            return false
        }
        let response =
            switch problem {
            case .ambiguous(let words): HTTPServerResponse(status: 400, text: "Bad request: \(words).\n")
            case .chunks: HTTPServerResponse(status: 411, text: "A body in chunks is not taken; send it with its Content-Length.\n")
            }
        return refuse(exchange, response)
    }

    private func refuse(_ exchange: ServerExchange, _ response: HTTPServerResponse) -> Bool {
        var response = response
        response.headers.add("Connection", "close")
        turnAway(exchange, response)
        return true
    }

    /// The request is complete: hands it to the handler, with the connection suspended meanwhile.
    ///
    /// Returns true when the answer is there already, because the request was turned away.
    func dispatch(_ exchange: ServerExchange) -> Bool {
        let isTaken = state.withLock { state in
            if state.isStopping { return false }
            state.waiting[ObjectIdentifier(exchange)] = exchange
            // Under the lock: a stop that finds the exchange waiting must find its connection asleep, or nobody would wake it.
            exchange.suspend()
            return true
        }
        guard isTaken else {
            turnAway(exchange, HTTPServerResponse(status: 503, text: "Shutting down.\n"))
            return true
        }
        let request = exchange.request { [keeper, id = exchange.id] in keeper.isGone(id) }
        keeper.move(exchange.id, to: .working)
        // Health is told while all threads are busy with answers, too.
        let priority: TaskPriority? = limits.unlimitedPaths.contains(request.path) ? .high : nil
        Task.detached(priority: priority) { [self] in
            exchange.answer(await handler(request))
            state.withLock { $0.waiting[ObjectIdentifier(exchange)] = nil }
        }
        return false
    }

    func note(_ message: String) {
        logger.debug("http server", ["detail": message])
        // GnuTLS' words for a first byte that begins no handshake. Once, as strangers can send such bytes all day.
        guard message.contains("out of context"), !hasWarned.exchange(true, ordering: .relaxed) else { return }
        logger.warn("a client does not speak TLS", ["hint": "if it was told http://, tell it https://; this is said once"])
    }
}
