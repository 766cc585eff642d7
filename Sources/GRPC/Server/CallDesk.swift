import GRPCShim
import Primitives
import Protobuf
import RPC

/// Decides what becomes of a call: who may call, which method it is for, whether there is room.
final class CallDesk: Sendable {
    private enum Target {
        case method(RPCService.Method)
        case check
        case watch
    }

    private let services: [RPCService]
    private let health: HealthBook
    private let doors: [FileDoor]
    private let allowedNames: Set<String>
    private let messageSeconds: Double
    private let messageLimitBytes: Int
    private let metadataLimitBytes: Int
    private let onCall: @Sendable (GRPCCallReport) -> Void
    /// Handlers at work, those among them whose client has gone.
    private let running: CallPlaces
    /// Calls of health whose message is being read. Apart from the others, as a server that has much to do is healthy.
    private let asking: CallPlaces

    private static let askingLimit = 64
    private static let healthService = "/grpc.health.v1.Health/"

    init(
        _ settings: GRPCServerSettings, services: [RPCService], health: HealthBook, doors: [FileDoor],
        onCall: @escaping @Sendable (GRPCCallReport) -> Void
    ) {
        (self.services, self.health, self.doors, self.onCall) = (services, health, doors, onCall)
        allowedNames = Set(settings.network?.allowedNames ?? [])
        (messageLimitBytes, metadataLimitBytes) = (settings.messageLimitBytes, settings.metadataLimitBytes)
        messageSeconds = settings.messageSeconds
        running = CallPlaces(limit: settings.callLimit, clientLimit: settings.clientCallLimit)
        asking = CallPlaces(limit: Self.askingLimit)
    }

    /// On the queue's thread.
    func serve(_ call: ServerCall) {
        guard let facts = call.read({ CallFacts($0) }) else { return }
        call.watch()
        let target = target(of: facts.path)
        let end = CallEnd(call, path: target == nil ? nil : facts.path, deadline: facts.deadline, onCall: onCall)
        guard let target else {
            return end.answer(nil, .unimplemented, RPCError(.unimplemented, "there is no method \(facts.path)").message)
        }
        if let names = facts.names, !allowedNames.isEmpty, allowedNames.isDisjoint(with: names) {
            return end.answer(nil, .permissionDenied, Self.refusal(names))
        }
        // gRPC holds to its limit only those who have heard of it, and frame by frame.
        guard facts.metadataBytes <= metadataLimitBytes else {
            return end.answer(
                nil, .resourceExhausted, "metadata of \(facts.metadataBytes) bytes, and \(metadataLimitBytes) are the most that may be sent"
            )
        }
        let client = client(facts)
        switch target {
        case .watch: read(asking, client, end) { [self] message in watchHealth(message, call, end) }
        case .check:
            read(asking, client, end) { [self] message in
                let (answer, code, details) = checkHealth(message)
                end.answer(answer, code, details)
            }
        case .method(let method): run(method, call, facts, client, end)
        }
    }

    private func client(_ facts: CallFacts) -> (peer: String, identity: String) {
        if let names = facts.names {
            let all = names.joined(separator: ",")
            return (all, "tls:" + all)
        }
        let user = doors.lazy.compactMap { $0.user(at: facts.address) }.first
        return (user?.text ?? facts.address, user?.identity ?? facts.address)
    }

    private func target(of path: String) -> Target? {
        guard path.isVisibleASCII(upTo: RPCService.pathLimitBytes) else { return nil }
        if path.hasPrefix(Self.healthService) {
            switch path.dropFirst(Self.healthService.utf8.count) {
            case "Check": return .check
            case "Watch": return .watch
            default: return nil
            }
        }
        return services.lazy.compactMap { $0.method(atPath: path) }.first.map { .method($0) }
    }

    // MARK: methods

    private func run(
        _ method: @escaping RPCService.Method, _ call: ServerCall, _ facts: CallFacts, _ client: (peer: String, identity: String),
        _ end: CallEnd
    ) {
        let request = RPCCall(
            path: facts.path, deadline: facts.deadline, metadata: facts.metadata, peer: client.peer, identity: client.identity)
        read(running, client, end, isKept: true) { [self] message in
            call.run { [self] in
                defer { running.giveBack(client.peer) }
                do throws(RPCError) {
                    let answer = try await method(message, request)
                    guard answer.count <= messageLimitBytes else {
                        throw RPCError(
                            .resourceExhausted,
                            "the answer of \(facts.path) has \(answer.count) bytes, and \(messageLimitBytes) are the most that may be sent")
                    }
                    end.answer(answer, .ok, "")
                } catch {
                    end.answer(nil, error.code, error.message)
                }
            }
        }
    }

    /// Reads the message, in a place and within its time.
    ///
    /// - Parameter isKept: whether the body keeps the place, and gives it back itself.
    private func read(
        _ places: CallPlaces, _ client: (peer: String, identity: String), _ end: CallEnd, isKept: Bool = false,
        _ body: @escaping @Sendable ([UInt8]) -> Void
    ) {
        switch places.take(client.peer) {
        case .all:
            return end.answer(nil, .resourceExhausted, "\(places.limit) calls are in work, which is the most; try again when some are done")
        case .client:
            return end.answer(
                nil, .resourceExhausted,
                "\(places.clientLimit) calls of this client are in work, which is the most of one; try again when some are done")
        case nil: break
        }
        end.readMessage(within: messageSeconds) { message in
            guard let message else {
                places.giveBack(client.peer)
                return end.answer(nil, .internal, Self.noMessage)
            }
            if !isKept { places.giveBack(client.peer) }
            body(message)
        } late: {
            places.giveBack(client.peer)
        }
    }

    // MARK: health

    private func checkHealth(_ message: [UInt8]) -> ([UInt8]?, RPCCode, String) {
        do throws(Failure) {
            let service = try HealthCheckRequest(protobuf: message).service
            guard let status = health.status(of: service) else {
                return (nil, .notFound, RPCError(.notFound, "there is no service \(service)").message)
            }
            return (status.message, .ok, "")
        } catch {
            return (nil, .internal, error.message)
        }
    }

    private func watchHealth(_ message: [UInt8], _ call: ServerCall, _ end: CallEnd) {
        guard let request = try? HealthCheckRequest(protobuf: message) else { return end.answer(nil, .internal, Self.noMessage) }
        guard let changes = health.changes(of: request.service) else {
            return end.answer(nil, .resourceExhausted, "too many watch this server's health, or it stops")
        }
        call.run {
            for await status in changes where await !call.send(status.message) { break }
            end.answer(nil, .unavailable, "the server stops")
        }
    }

    private static let noMessage = "there was no message that could be read"

    private static func refusal(_ names: [String]) -> String {
        let shown = names.isEmpty ? "no name" : names.joined(separator: ", ")
        return RPCError(.permissionDenied, "the client's certificate has \(shown), which is not among the names that may call this server")
            .message
    }
}
