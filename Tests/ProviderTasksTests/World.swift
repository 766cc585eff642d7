import Primitives
import ProviderRPC
import RPC
import Synchronization
import TestSupport

@testable import ProviderTasks

/// What stays when the provider dies: things that operations made, and a script of what goes wrong.
final class World: Sendable {
    struct State {
        /// By name, with the mark of the operation that made it.
        var things: [String: String] = [:]
        var actions = 0
        /// Before which action the process dies; halves lie after the action and before it is noted.
        var diesAt: Double?
        var failsAt: [Int: RPCError] = [:]
        var undoFailures = 0
        var undone = 0
    }

    let state = Mutex(State())
    let death = Gate()
    let gate: Gate?
    let folder = ScratchFolder()

    init(gated: Bool = false) { gate = gated ? Gate() : nil }

    var things: [String: String] { state.withLock { $0.things } }

    /// Something that the hypervisor does at once; the process may die just before or just after.
    func act(_ body: (inout State) throws(RPCError) -> Void) async throws(RPCError) {
        let (number, diesAt) = state.withLock { state in
            state.actions += 1
            return (Double(state.actions), state.diesAt)
        }
        if diesAt == number { try await die() }
        let result: Result<Void, RPCError> = state.withLock { state in
            do throws(RPCError) {
                if let failure = state.failsAt[Int(number)] { throw failure }
                return .success(try body(&state))
            } catch {
                return .failure(error)
            }
        }
        if diesAt == number + 0.5 { try await die() }
        try result.get()
    }

    private func die() async throws(RPCError) {
        state.withLock { $0.diesAt = nil }
        await death.pass()
        throw RPCError(.internal, "nobody is there to hear this")
    }

    func engine(
        limits: TaskEngine.Limits = TaskEngine.Limits(), clock: WallClock = .system, configure: (inout OperationKind) -> Void = { _ in },
        observer: TaskEngine.Observer? = nil
    ) async throws -> TaskEngine {
        var kind = OperationKind(ProviderMethod.create.rawValue, retrySeconds: 0.1, work: ThreeThings(world: self))
        configure(&kind)
        return try await TaskEngine(
            TaskJournal(folder.path + "/tasks.db"), kinds: [kind], limits: limits, clock: clock, observer: observer)
    }
}

/// Makes three things, one after the other, by looking whether they are there before it makes them.
struct ThreeThings: OperationWork {
    static let names = ["volume", "machine", "power"]
    let world: World

    func run(_ operation: OperationContext) async throws(RPCError) {
        if let gate = world.gate { await gate.pass() }
        for (index, name) in Self.names.enumerated() {
            try await operation.step(name, at: Double(index) / 3) { () throws(RPCError) in
                try await world.act { state throws(RPCError) in
                    let thing = "\(operation.target)/\(name)"
                    if let other = state.things[thing], other != operation.id { throw RPCError(.alreadyExists, "\(thing) is \(other)'s") }
                    state.things[thing] = operation.id
                }
            }
            try operation.checkCancellation()
        }
    }

    func undo(_ operation: OperationContext) async throws(RPCError) {
        for name in Self.names.reversed() {
            try await world.act { state throws(RPCError) in
                if state.undoFailures > 0 {
                    state.undoFailures -= 1
                    throw RPCError(.unavailable, "not now")
                }
                if state.things["\(operation.target)/\(name)"] == operation.id { state.things["\(operation.target)/\(name)"] = nil }
            }
        }
        world.state.withLock { $0.undone += 1 }
    }
}

extension TaskEngine {
    /// Accepts a making of three things.
    func make(
        _ target: String, key: String? = nil, owner: String? = nil, request: String? = nil, locks: [String]? = nil,
        holds: (Operation) async throws(RPCError) -> Bool = { _ in true }
    ) async throws(RPCError) -> Operation {
        let token = key.map(OperationToken.key) ?? owner.map(OperationToken.owner)
        return try await accept(.create, request: Array((request ?? target).utf8), token: token, holds: holds) { id throws(RPCError) in
            OperationDraft(target: target, locks: locks ?? ["vm:" + target], claims: ["name:" + target], resultID: "id-of-" + target)
        }
    }

    func ended(_ id: String) async -> Operation? { await end(of: id, by: .after(seconds: 30)) }
}

func soon() -> Deadline { .after(seconds: 30) }
let call = RPCCall(path: "/test")
