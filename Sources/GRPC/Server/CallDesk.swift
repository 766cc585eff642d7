import GRPCShim
import Primitives
import Protobuf
import RPC
import Synchronization

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
    private let callLimit: Int
    private let messageLimitBytes: Int
    private let metadataLimitBytes: Int
    private let onCall: @Sendable (GRPCCallReport) -> Void
    /// Handlers at work, those among them whose client has gone.
    private let running = Mutex(0)

    private static let healthService = "/grpc.health.v1.Health/"

    init(
        _ settings: GRPCServerSettings, services: [RPCService], health: HealthBook, doors: [FileDoor],
        onCall: @escaping @Sendable (GRPCCallReport) -> Void
    ) {
        (self.services, self.health, self.doors, self.onCall) = (services, health, doors, onCall)
        allowedNames = Set(settings.network?.allowedNames ?? [])
        (callLimit, messageLimitBytes, metadataLimitBytes) = (settings.callLimit, settings.messageLimitBytes, settings.metadataLimitBytes)
    }

    /// On the queue's thread.
    func serve(_ call: ServerCall) {
        let start = ContinuousClock.now
        guard let facts = call.read({ CallFacts($0) }) else { return }
        call.watch()
        let target = target(of: facts.path)
        let path = target == nil ? nil : facts.path
        let end: @Sendable ([UInt8]?, RPCCode, String) -> Void = { [onCall] message, code, details in
            let told = call.wasCancelled ? facts.deadline?.hasPassed == true ? .deadlineExceeded : .cancelled : code
            // Whoever was told may ask at once what was counted.
            onCall(GRPCCallReport(path: path, code: told, duration: .now - start))
            call.answer(message, code, details)
        }
        guard let target else { return end(nil, .unimplemented, RPCError(.unimplemented, "there is no method \(facts.path)").message) }
        if let names = facts.names, !allowedNames.isEmpty, allowedNames.isDisjoint(with: names) {
            return end(nil, .permissionDenied, Self.refusal(names))
        }
        // gRPC holds to its limit only those who have heard of it, and frame by frame.
        guard facts.metadataBytes <= metadataLimitBytes else {
            return end(
                nil, .resourceExhausted, "metadata of \(facts.metadataBytes) bytes, and \(metadataLimitBytes) are the most that may be sent"
            )
        }
        switch target {
        case .watch: watchHealth(call, end)
        case .check:
            call.readMessage { [self] message in
                guard let message else { return end(nil, .internal, Self.noMessage) }
                let (answer, code, details) = checkHealth(message)
                end(answer, code, details)
            }
        case .method(let method): run(method, call, facts, end)
        }
    }

    private func target(of path: String) -> Target? {
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
        _ method: @escaping RPCService.Method, _ call: ServerCall, _ facts: CallFacts,
        _ end: @escaping @Sendable ([UInt8]?, RPCCode, String) -> Void
    ) {
        let hasRoom = running.withLock { running in
            guard running < callLimit else { return false }
            running += 1
            return true
        }
        guard hasRoom else {
            return end(nil, .resourceExhausted, "\(callLimit) calls are in work, which is the most; try again when some are done")
        }
        let peer =
            facts.names.map { $0.joined(separator: ",") } ?? doors.lazy.compactMap { $0.user(at: facts.address) }.first ?? facts.address
        let request = RPCCall(path: facts.path, deadline: facts.deadline, metadata: facts.metadata, peer: peer)
        call.readMessage { [self] message in
            guard let message else {
                leave()
                return end(nil, .internal, Self.noMessage)
            }
            call.run { [self] in
                defer { leave() }
                do throws(RPCError) {
                    let answer = try await method(message, request)
                    guard answer.count <= messageLimitBytes else {
                        throw RPCError(
                            .resourceExhausted,
                            "the answer of \(facts.path) has \(answer.count) bytes, and \(messageLimitBytes) are the most that may be sent")
                    }
                    end(answer, .ok, "")
                } catch {
                    end(nil, error.code, error.message)
                }
            }
        }
    }

    private func leave() { running.withLock { $0 -= 1 } }

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

    private func watchHealth(_ call: ServerCall, _ end: @escaping @Sendable ([UInt8]?, RPCCode, String) -> Void) {
        call.readMessage { [self] message in
            guard let message, let request = try? HealthCheckRequest(protobuf: message) else {
                return end(nil, .internal, Self.noMessage)
            }
            guard let changes = health.changes(of: request.service) else {
                return end(nil, .resourceExhausted, "too many watch this server's health, or it stops")
            }
            call.run {
                for await status in changes where await !call.send(status.message) { break }
                end(nil, .unavailable, "the server stops")
            }
        }
    }

    private static let noMessage = "there was no message that could be read"

    private static func refusal(_ names: [String]) -> String {
        let shown = names.isEmpty ? "no name" : names.joined(separator: ", ")
        return RPCError(.permissionDenied, "the client's certificate has \(shown), which is not among the names that may call this server")
            .message
    }
}
