package import Primitives
package import RPC
import Synchronization

/// A client's way to a server over gRPC. It connects when it is first called, and again whenever the connection has ended.
package final class GRPCTransport: RPCTransport {
    private let place: GRPCPlace
    private let settings: GRPCClientSettings
    private let queue: CompletionQueue
    /// Looked after as long as it is held.
    private let certificates: CertificateFiles?
    private let handshakes = HandshakeQuestion()
    /// Nil once closed.
    private let channel: Mutex<Channel?>

    /// - Parameter onCertificate: hears what is found in files of TLS, at first and when that changes; does not block.
    ///
    /// Errors: a path or host that is none, files of TLS that cannot be used. A server that is not there is none.
    package init(
        _ place: GRPCPlace, _ settings: GRPCClientSettings = GRPCClientSettings(), logger: Logger,
        onCertificate: @escaping @Sendable (CertificateReport) -> Void = { _ in }
    ) throws(Failure) {
        GRPCLibrary.start(logger)
        self.place = place
        self.settings = settings
        queue = try CompletionQueue.ofClients.get()
        if case .network(_, _, let files, _) = place {
            certificates = try CertificateFiles(files, logger: logger, report: onCertificate)
        } else {
            certificates = nil
        }
        channel = Mutex(try Channel(place, certificates?.material, settings))
        if let certificates {
            try CertificateWatch.shared.add(certificates) { [weak self] material in self?.replaceChannel(material) ?? true }
        }
    }

    /// Ends connections once calls under way are over; later calls fail.
    package func close() { channel.withLock { $0 = nil } }

    package func call(_ path: String, _ message: [UInt8], by deadline: Deadline, metadata: RPCMetadata) async throws(RPCError) -> [UInt8] {
        try check(path, message, metadata)
        let seconds = deadline.remainingSeconds
        guard seconds > 0 else { throw RPCError(.deadlineExceeded, "\(path) had no time left") }
        var outcome = try await attempt(path, message, metadata, by: deadline)
        // A connection that is told to go drops, now and then, a call that it has not taken yet. Nobody has seen it, so it is asked again.
        for _ in 0..<Self.furtherAttempts
        where settings.waitsForConnection && outcome.neverBegan && !Task.isCancelled && !deadline.hasPassed {
            outcome = try await attempt(path, message, metadata, by: deadline)
        }
        if let certificates, outcome.status == RPCCode.unavailable.rawValue, let why = await whyUnbelieved(outcome, certificates.material) {
            throw RPCError(.unavailable, why)
        }
        return try read(outcome, path, seconds)
    }

    /// Which certificate keeps the two sides apart; nil when it is none.
    private func whyUnbelieved(_ outcome: ClientCall.Outcome, _ material: TLSMaterial) async -> String? {
        // The server ends the connection then, with hardly a word.
        if let why = material.whyExpired(now: WallClock.system.unixSeconds) { return why }
        guard !outcome.wasSent, outcome.details.lowercased().contains("handshake") else { return nil }
        return await handshakes.problem(of: place)
    }

    private static let furtherAttempts = 3

    private func attempt(
        _ path: String, _ message: [UInt8], _ metadata: RPCMetadata, by deadline: Deadline
    ) async throws(RPCError) -> ClientCall.Outcome {
        guard let channel = channel.withLock({ $0 }) else { throw RPCError(.unavailable, "the client of \(place) is closed") }
        let outcome = await ClientCall().run(
            path, message, metadata, seconds: deadline.remainingSeconds, waits: settings.waitsForConnection, over: channel, queue)
        if let outcome { return outcome }
        if Task.isCancelled { throw RPCError(.cancelled, "\(path) was cancelled") }
        throw RPCError(.internal, "gRPC did not take a call of \(path)")
    }

    private func check(_ path: String, _ message: [UInt8], _ metadata: RPCMetadata) throws(RPCError) {
        guard message.count <= settings.messageLimitBytes else {
            throw RPCError(
                .resourceExhausted,
                "the request of \(path) has \(message.count) bytes, and \(settings.messageLimitBytes) are the most that may be sent")
        }
        if let name = metadata.firstIllegal {
            throw RPCError(
                .invalidArgument, "metadata \(name) cannot be sent: gRPC keeps the name for itself, or name or value are not plain ASCII")
        }
        guard path.utf8.first == UInt8(ascii: "/"), path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw RPCError(.invalidArgument, "\(path) is no path of a method, as in /package.Service/Method")
        }
    }

    private func read(_ outcome: ClientCall.Outcome, _ path: String, _ seconds: Double) throws(RPCError) -> [UInt8] {
        switch RPCCode(rawValue: outcome.status) {
        case .ok:
            guard let message = outcome.message else { throw RPCError(.internal, "\(place) answered \(path) without a message") }
            return message
        case .deadlineExceeded where !outcome.wasSent:
            throw RPCError(.unavailable, "\(place) could not be reached for \(path) within \(Self.text(seconds)) s")
        // What the library says where nobody else has: two words.
        case .deadlineExceeded where outcome.details == "Deadline Exceeded":
            throw RPCError(.deadlineExceeded, "\(place) did not answer \(path) within \(Self.text(seconds)) s")
        case .cancelled where Task.isCancelled: throw RPCError(.cancelled, "\(path) was cancelled")
        case .some(let code): throw RPCError(code, outcome.details)
        case nil: throw RPCError(.unknown, "\(place) answered \(path) with the unknown code \(outcome.status): \(outcome.details)")
        }
    }

    /// Calls from now on connect anew, with the material; those under way end over the connection that they have.
    private func replaceChannel(_ material: TLSMaterial) -> Bool {
        guard let new = try? Channel(place, material, settings) else { return false }
        channel.withLock { channel in
            if channel != nil { channel = new }
        }
        return true
    }

    private static func text(_ seconds: Double) -> String {
        var bytes: [UInt8] = []
        bytes.append(finite: (seconds * 1000).rounded() / 1000)
        return String(decoding: bytes, as: UTF8.self)
    }
}
