import Primitives
import Synchronization

/// The thread of a database: does what it is given, one thing after the other.
///
/// `connection` and `lock` are touched by what runs on the thread, and by nothing else; that is why it may be shared.
final class DatabaseThread: @unchecked Sendable {
    private typealias Job = @Sendable () -> Void

    private struct State {
        var jobs: [Job] = []
        var isStopped = false
    }

    private let state = Mutex(State())
    private let gate = ThreadGate()
    var connection: DatabaseConnection?
    /// Let go of after the connection.
    var lock: FileLock?

    /// What the body gives on the thread. Not to be asked for once it was stopped.
    func value<Value: Sendable>(_ body: @escaping @Sendable () throws(Failure) -> Value) async -> Result<Value, Failure> {
        let answer = OneAnswer<Result<Value, Failure>>()
        let isTaken = state.withLock { state in
            guard !state.isStopped else { return false }
            state.jobs.append {
                do throws(Failure) {
                    answer.give(.success(try body()))
                } catch {
                    answer.give(.failure(error))
                }
            }
            return true
        }
        guard isTaken else { return .failure(Failure(.usage, "the database was closed")) }
        gate.open(for: 1)
        return await answer.value
    }

    /// Ends the thread, once all is done that was asked for.
    func stop() {
        state.withLock { $0.isStopped = true }
        gate.open(for: 1)
    }

    func run() {
        while true {
            let (jobs, isStopped) = state.withLock { state in
                defer { state.jobs = [] }
                return (state.jobs, state.isStopped)
            }
            for job in jobs { job() }
            if jobs.isEmpty {
                if isStopped { break }
                gate.wait()
            }
        }
        connection = nil
        lock = nil
    }
}
