import GRPC
import Glibc
import Primitives
import RPC
import Synchronization

/// The service `test.Peer`.
final class PeerService: Sendable {
    private struct State {
        var started = 0
        var cancelled = 0
        var finished = 0
        var calls: [String: Int] = [:]
        var certificates: [String] = []
        var health: HealthBook?
    }

    private let state = Mutex(State())

    func attach(_ health: HealthBook) { state.withLock { $0.health = health } }

    func count(_ report: GRPCCallReport) { state.withLock { $0.calls["\(report.path ?? "unknown") \(report.code.name)", default: 0] += 1 } }

    func note(_ report: CertificateReport) { state.withLock { $0.certificates.append(report.refusal?.description ?? "in use") } }

    var service: RPCService {
        RPCService(
            name: "test.Peer",
            methods: [
                "Echo": { (message, _) throws(RPCError) in message },
                "Fail": { (message, _) throws(RPCError) in
                    throw RPCError(
                        RPCCode(rawValue: Int32(message.first ?? 2)) ?? .unknown, String(decoding: message.dropFirst(), as: UTF8.self))
                },
                "Zeros": { (message, _) throws(RPCError) in [UInt8](repeating: 0, count: Self.number(message)) },
                // So many milliseconds, or until the call is cancelled.
                "Wait": { [self] (message, _) throws(RPCError) in try await wait(Self.number(message)) },
                // So many milliseconds, whatever happens to the call.
                "Stay": { [self] (message, _) throws(RPCError) in await stay(Self.number(message)) },
                "Facts": { (_, call) throws(RPCError) in Self.facts(call) },
                "Counts": { [self] (_, _) throws(RPCError) in counts },
                "Health": { [self] (message, _) throws(RPCError) in
                    state.withLock { $0.health }?.set("test.Peer", isServing: message.first == UInt8(ascii: "1"))
                    return []
                },
            ])
    }

    private static func number(_ message: [UInt8]) -> Int { Int(String(decoding: message, as: UTF8.self)) ?? 0 }

    private func wait(_ milliseconds: Int) async throws(RPCError) -> [UInt8] {
        state.withLock { $0.started += 1 }
        let ended = OneAnswer<Void>()
        await ended.value(by: .after(seconds: Double(milliseconds) / 1000), late: ())
        let isCancelled = Task.isCancelled
        state.withLock { if isCancelled { $0.cancelled += 1 } else { $0.finished += 1 } }
        if isCancelled { throw RPCError(.cancelled, "cancelled") }
        return Array("done".utf8)
    }

    private func stay(_ milliseconds: Int) async -> [UInt8] {
        state.withLock { $0.started += 1 }
        let ended = OneAnswer<Void>()
        let alarm = Alarm(at: .after(seconds: Double(milliseconds) / 1000)) { ended.give(()) }
        await ended.value
        alarm.stop()
        state.withLock { $0.finished += 1 }
        return Array("done".utf8)
    }

    private static func facts(_ call: RPCCall) -> [UInt8] {
        var lines = ["peer=\(call.peer)", "deadline=\(call.deadline.map { "\($0.remainingSeconds)" } ?? "none")"]
        lines += call.metadata.pairs.map { "\($0.name)=\($0.value)" }
        return Array(lines.joined(separator: "\n").utf8)
    }

    private var counts: [UInt8] {
        let lines = state.withLock { state in
            ["started=\(state.started)", "cancelled=\(state.cancelled)", "finished=\(state.finished)"]
                + state.calls.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
                + state.certificates.map { "certificate=\($0)" }
        }
        return Array(lines.joined(separator: "\n").utf8)
    }
}
