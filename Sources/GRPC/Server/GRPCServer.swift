import GRPCShim
package import Primitives
package import RPC
import Synchronization

/// Serves services over gRPC, and says over grpc.health.v1 how they are.
///
/// It serves from the moment that it is made until `stop`. Every dimension has a limit (`GRPCServerSettings`).
package final class GRPCServer: Sendable {
    /// What is said over grpc.health.v1.
    package let health: HealthBook
    /// Where it listens, as a client writes it: `unix:/run/x.sock`, `127.0.0.1:8443`.
    package let places: [String]

    private let logger: Logger
    private let desk: CallDesk
    private let queue: CompletionQueue
    private let server: Handle
    private let fileDoors: [FileDoor]
    /// Looked after as long as it is held.
    private let networkDoors: NetworkDoors?
    private let isStopping = Mutex(false)
    /// An alarm that is stopped may be ringing already: whoever cancels calls holds this, so that the server does not go meanwhile.
    private let isFreed = Mutex(false)

    /// - Parameters:
    ///   - onCall: hears of each call that is finished; does not block.
    ///   - onCertificate: hears what is found in files of TLS, at first and when that changes; does not block.
    ///
    /// Errors: a place is taken or not to be had, files of TLS cannot be used.
    package init(
        _ settings: GRPCServerSettings, services: [RPCService], logger: Logger,
        onCall: @escaping @Sendable (GRPCCallReport) -> Void = { _ in },
        onCertificate: @escaping @Sendable (CertificateReport) -> Void = { _ in }
    ) throws(Failure) {
        GRPCLibrary.start(logger)
        self.logger = logger
        health = HealthBook(services: services.map(\.name))
        fileDoors = try Self.open(settings)
        do throws(Failure) {
            queue = try CompletionQueue("grpc-server")
            var limits = settings.limits
            guard let server = Handle(mlt_grpc_server_new(&limits, queue.handle.pointer)) else {
                throw Failure(.environment, "gRPC has no memory for a server")
            }
            self.server = server
            networkDoors = try settings.network.map { network throws(Failure) in
                try NetworkDoors(network, server, origin: settings.origin, logger: logger, report: onCertificate)
            }
        } catch {
            for door in fileDoors { door.discard() }
            throw error
        }
        places = fileDoors.map(\.name) + (networkDoors?.names ?? [])
        desk = CallDesk(settings, services: services, health: health, doors: fileDoors, onCall: onCall)
        mlt_grpc_server_start(server.pointer)
        for _ in 0..<8 { Self.expect(server, queue, desk) }
        for door in fileDoors { try door.start { [server] in mlt_grpc_server_adopt(server.pointer, $0) != 0 } }
    }

    private static func open(_ settings: GRPCServerSettings) throws(Failure) -> [FileDoor] {
        var doors: [FileDoor] = []
        do {
            for file in settings.files { doors.append(try FileDoor(file, origin: settings.origin)) }
        } catch {
            for door in doors { door.discard() }
            throw error
        }
        return doors
    }

    /// Stops accepting, lets calls finish, cancels what is left then, and returns when none is.
    ///
    /// - Parameter seconds: what calls have left.
    package func stop(within seconds: Double) async {
        let isFirst = isStopping.withLock { isStopping in
            defer { isStopping = true }
            return !isStopping
        }
        guard isFirst else { return }
        health.end()
        for door in fileDoors { await door.close() }
        let ended = OneAnswer<Bool>()
        _ = queue.begin { _ in
            ended.give(true)
        } _: { tag -> Void? in
            mlt_grpc_server_shutdown(server.pointer, queue.handle.pointer, tag)
        }
        let cancellation = Alarm(at: .after(seconds: seconds)) { [self] in
            isFreed.withLock { isFreed in if !isFreed { mlt_grpc_server_cancel_calls(server.pointer) } }
        }
        let isOver = await ended.value(by: .after(seconds: seconds + 10), late: false)
        cancellation.stop()
        guard isOver else {
            logger.error("gRPC has not ended its calls, and is left to the end of the process")
            return
        }
        isFreed.withLock { isFreed in
            isFreed = true
            mlt_grpc_server_free(server.pointer)
        }
        await queue.shutdown()
    }

    /// Asks for the next call, and when it has come for the one behind it.
    private static func expect(_ server: Handle, _ queue: CompletionQueue, _ desk: CallDesk) {
        let next = NextCall()
        _ = queue.begin { success in
            guard let cell = next.taken else { return }
            guard success else { return mlt_grpc_incoming_free(cell.pointer) }
            expect(server, queue, desk)
            desk.serve(ServerCall(cell, queue))
        } _: { tag in
            next.expect { Handle(mlt_grpc_server_expect(server.pointer, queue.handle.pointer, tag)) }
        }
    }
}

/// A call that is expected. It may come before gRPC has returned what it will be in, so whoever takes it waits for that.
private final class NextCall: Sendable {
    private let cell = Mutex<Handle?>(nil)

    /// Nil when no call can come any more.
    func expect(_ body: () -> Handle?) -> Void? {
        cell.withLock { cell in
            cell = body()
            return cell == nil ? nil : ()
        }
    }

    var taken: Handle? { cell.withLock { $0 } }
}

extension GRPCServerSettings {
    fileprivate var limits: mlt_grpc_server_settings {
        func milliseconds(_ seconds: Double) -> Int32 { Int32((seconds * 1000).clamped(to: 1...2e9)) }
        return mlt_grpc_server_settings(
            max_streams: Int32(clamping: streamLimit), max_message: Int32(clamping: messageLimitBytes),
            max_metadata: Int32(clamping: metadataLimitBytes), memory: memoryLimitBytes, keepalive_ms: milliseconds(keepaliveSeconds),
            keepalive_timeout_ms: milliseconds(keepaliveTimeoutSeconds), min_ping_ms: milliseconds(leastPingSeconds),
            idle_ms: milliseconds(idleSeconds), age_ms: milliseconds(ageSeconds), age_grace_ms: milliseconds(ageGraceSeconds),
            handshake_ms: milliseconds(handshakeSeconds))
    }
}
