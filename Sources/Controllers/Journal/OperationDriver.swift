import JSON
import ObjectStore
import Objects
import Primitives
import ProviderRPC
import RPC
import Synchronization

/// How far an operation has come.
enum OperationProgress: Sendable {
    /// To be looked at again.
    case waiting(seconds: Double, why: String)
    case ended(Operation)
}

/// Goes on with an operation: sends its request until somebody has answered, and asks for its task until that is over.
///
/// Each step is a look and goes on from what the journal has; so it does not matter whether the process that takes it is the one that took the last.
struct OperationDriver: Sendable {
    /// What the provider answered to a request that it accepted.
    struct Acceptance: Sendable {
        var taskID: String?
        var resultID: String?
        var resultPath: String?
    }

    /// Sends the request of an operation.
    typealias Send = @Sendable (Operation, ProviderClient, RPCOptions) async throws(RPCError) -> Acceptance

    let journal: OperationJournal
    /// When requests were first sent, and how often, in this process.
    private let attempts = AttemptBook()

    init(_ journal: OperationJournal) { self.journal = journal }

    /// - Parameter send: makes the same request each time, but for what came from secrets.
    func advance(_ operation: Operation, over link: ProviderLink, _ send: Send) async throws(StoreError) -> OperationProgress {
        guard operation.taskID == nil else { return try await look(operation, link) }
        let acceptance: Acceptance
        do throws(LinkError) {
            acceptance = try await link.call(operation.method, key: IdempotencyKey(operation.uid)) { client, options throws(RPCError) in
                try await send(operation, client, options)
            }
        } catch {
            return try await refused(operation, error)
        }
        attempts.forget(operation.uid)
        if let problem = acceptance.problem { return .ended(try await journal.end(operation, .error, message: problem)) }
        var accepted = operation
        accepted.taskID = acceptance.taskID
        accepted.resultID = acceptance.resultID ?? operation.resultID
        accepted.resultPath = acceptance.resultPath ?? operation.resultPath
        guard acceptance.taskID != nil else { return .ended(try await journal.end(accepted, .success)) }
        accepted = try await journal.note(accepted)
        return .waiting(seconds: Self.firstLookSeconds, why: "the provider is at it")
    }

    /// As the other, for a request that is made of what others may change.
    ///
    /// - Parameter send: nil when the request cannot be made as it was: whether it was accepted is then for whoever looks for what came of it.
    /// - Parameter why: that it cannot.
    func advance(
        _ operation: Operation, over link: ProviderLink, sending send: () -> Send?, orEndAs why: String
    ) async throws(StoreError) -> OperationProgress {
        // One that was accepted is asked about only, whatever has become of what it was made of.
        guard operation.taskID == nil else { return try await look(operation, link) }
        guard let send = send() else { return .ended(try await journal.end(operation, .error, message: why)) }
        return try await advance(operation, over: link, send)
    }

    private static let firstLookSeconds = 0.02
    /// How often a provider may answer with an error when it is asked for a task: an hour of it.
    private static let refusedLooks = 120

    /// Whether this process has asked for it and had no answer, or none that says whether it was begun.
    func isUnanswered(_ operation: Operation) -> Bool { attempts.count(operation.uid) > 0 }

    private func refused(_ operation: Operation, _ error: LinkError) async throws(StoreError) -> OperationProgress {
        switch error {
        case .notAsked(let seconds, let why): return .waiting(seconds: seconds, why: why)
        case .failed(let error) where error.isUnanswered:
            return .waiting(seconds: attempts.nextSeconds(operation.uid), why: error.message)
        // What was to be taken away is not there.
        case .failed(let error) where error.code == .notFound && [.delete, .snapshotDelete].contains(operation.method):
            attempts.forget(operation.uid)
            return .ended(try await journal.end(operation, .success, code: error.code.name, message: error.message))
        case .failed(let error):
            attempts.forget(operation.uid)
            return .ended(try await journal.end(operation, .failure, code: error.code.name, message: error.message))
        }
    }

    private func look(_ operation: Operation, _ link: ProviderLink) async throws(StoreError) -> OperationProgress {
        let task = TaskRef(id: operation.taskID ?? "")
        let status: TaskStatusResponse
        do throws(LinkError) {
            status = try await link.call(.taskStatus) { client, options throws(RPCError) in
                try await client.taskStatus(TaskStatusRequest(task: task), options)
            }
        } catch {
            switch error {
            case .failed(let error) where error.code == .notFound:
                // The provider has lost it, and with it what came of it.
                let message = "the provider does not know task \(task.id) any more: \(error.message)"
                return .ended(try await journal.end(operation, .error, code: error.code.name, message: message))
            case .failed(let error) where !error.isUnanswered && attempts.count(operation.uid) >= Self.refusedLooks:
                let message = "the provider does not say how task \(task.id) ended: \(error.message)"
                attempts.forget(operation.uid)
                return .ended(try await journal.end(operation, .error, code: error.code.name, message: message))
            case .failed(let error): return .waiting(seconds: attempts.nextSeconds(operation.uid), why: error.message)
            case .notAsked(let seconds, let why): return .waiting(seconds: seconds, why: why)
            }
        }
        attempts.forget(operation.uid)
        guard status.done else {
            let age = max(0, journal.clock.unixSeconds - operation.startedAt)
            return .waiting(seconds: (age * 0.1).clamped(to: Self.firstLookSeconds...5), why: "the provider is at it")
        }
        guard !status.error.isEmpty else { return .ended(try await journal.end(operation, .success)) }
        // `CODE: why`, where the provider is one of ours.
        let code = RPCCode.allCases.first { status.error.hasPrefix("\($0.name): ") }
        let ended = try await journal.end(operation, .failure, code: code?.name ?? "", message: status.error)
        link.count(ErrorReason(code ?? .unknown))
        return .ended(ended)
    }
}

/// How often something was tried that got no answer; each time waits longer.
final class AttemptBook: Sendable {
    private let counts = Mutex<[String: Int]>([:])
    private let longestSeconds: Double

    init(longestSeconds: Double = 30) { self.longestSeconds = longestSeconds }

    func nextSeconds(_ name: String) -> Double {
        let count = counts.withLock { counts in
            // Operations that others ended are not told of.
            if counts.count > 50_000 { counts = [:] }
            counts[name, default: 0] += 1
            return counts[name] ?? 1
        }
        // A tenth at random, so that all who wait for one provider do not come together.
        return min(longestSeconds, 0.5 * Double(1 << min(count - 1, 16))) * Double.random(in: 0.9...1.1)
    }

    func count(_ name: String) -> Int { counts.withLock { $0[name] ?? 0 } }

    func forget(_ name: String) { counts.withLock { _ = $0.removeValue(forKey: name) } }
}
