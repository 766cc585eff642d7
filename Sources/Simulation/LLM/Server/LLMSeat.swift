import Primitives
import Synchronization
import Web

/// A port at which a simulated server listens, unless a fault wants that nobody does.
final class LLMSeat: Sendable {
    let server: LLMServer
    let isMetrics: Bool
    let address: ListenAddress
    private let control: LLMControl
    private let listening: Mutex<HTTPServer?>

    /// Errors: a busy port.
    init(
        _ server: LLMServer, _ control: LLMControl, isMetrics: Bool, at address: ListenAddress, origin: String, _ logger: Logger
    ) throws(Failure) {
        self.server = server
        self.control = control
        self.isMetrics = isMetrics
        let first = try Self.listen(server, control, isMetrics, address, origin, logger)
        self.address = first.address
        listening = Mutex(first)
    }

    private static func listen(
        _ server: LLMServer, _ control: LLMControl, _ isMetrics: Bool, _ address: ListenAddress, _ origin: String, _ logger: Logger
    ) throws(Failure) -> HTTPServer {
        var limits = HTTPServer.Limits()
        limits.connections = 256
        limits.requestsInFlight = 128
        // As long as the longest answer; a body that never ends is read for ever by whoever wants to.
        limits.sendSeconds = 3_600
        limits.bodyBytes = 4 << 20
        // Whoever looks is answered while all others wait for tokens.
        limits.unlimitedPaths = ["/metrics", "/health", "/v1/models"]
        return try HTTPServer(listen: address, origin: origin, limits: limits, logger: logger) { request in
            if isMetrics { return await server.metricsAnswer(request) }
            if let answer = await control.answer(request) { return answer }
            return await server.answer(request)
        }
    }

    /// Closes the port, or opens it again, as faults have it now.
    func follow(_ faults: LLMFaults, _ logger: Logger) async {
        let isWanted = faults.has(.refuse, server.plan.name) == nil
        guard isWanted != (listening.withLock { $0 != nil }) else { return }
        guard isWanted else { return await close() }
        // Whoever took the port meanwhile keeps it; it is tried again.
        if let again = try? Self.listen(server, control, isMetrics, address, "--listen", logger) { listening.withLock { $0 = again } }
    }

    /// Stops to listen.
    func close(withinSeconds seconds: Double = 0) async {
        let open = listening.withLock { open in
            defer { open = nil }
            return open
        }
        await open?.stop(withinSeconds: seconds)
    }

    /// The same for those who cannot wait.
    func leave() { Task.detached { await self.close() } }
}
