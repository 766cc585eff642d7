import ObjectStore
import Objects
import Primitives
import Synchronization

/// Who wants something changed, one behind the other: all who wait become one transaction, and are answered after its commit.
final class WriteLine: Sendable {
    private struct Waiting {
        let request: ObjectRequest
        let answer: OneAnswer<Result<APIObject?, StoreError>>
    }

    private struct State {
        var line: [Waiting] = []
        var isWriting = false
        var isClosed = false
        var ended: [OneAnswer<Void>] = []
        var transactions = 0
    }

    /// Of one transaction: so much is written in some tens of milliseconds.
    private static let batchRequests = 512
    private static let batchBytes = 8 << 20
    private static let lineLength = 20_000

    private let file: ObjectFile
    private let table: SharedTable
    private let rules: ObjectRules
    private let state = Mutex(State())
    /// Versions up to it were given to changes, also to such as did not come to the disk: nobody knows those, and nobody gets them again.
    private let plannedVersion = Atomic<Int64>(0)

    init(_ file: ObjectFile, _ table: SharedTable, _ rules: ObjectRules) {
        self.file = file
        self.table = table
        self.rules = rules
    }

    /// Transactions that were committed, and changes that wait while one is being written; nil when none is.
    var counts: (transactions: Int, waiting: Int?) {
        state.withLock { ($0.transactions, $0.isWriting ? $0.line.count : nil) }
    }

    /// - Returns: when the change is on the disk and in the table.
    func change(_ request: ObjectRequest) async throws(StoreError) -> APIObject? {
        let answer = OneAnswer<Result<APIObject?, StoreError>>()
        let (refusal, begins): (StoreError?, Bool) = state.withLock { state in
            if state.isClosed { return (StoreError(.unavailable, "the store of objects is closed"), false) }
            guard state.line.count < Self.lineLength else {
                return (StoreError(.tooManyRequests, "\(Self.lineLength) changes wait to be written; try again later"), false)
            }
            state.line.append(Waiting(request: request, answer: answer))
            defer { state.isWriting = true }
            return (nil, !state.isWriting)
        }
        if let refusal { throw refusal }
        // A task of its own: who waits may be cancelled, and those behind him are not.
        if begins { Task.detached { [self] in await writeAll() } }
        return try await answer.value.get()
    }

    /// Takes nobody any more, and waits for those who are in line.
    func close() async {
        let ended = OneAnswer<Void>()
        state.withLock { state in
            state.isClosed = true
            if state.isWriting { state.ended.append(ended) } else { ended.give(()) }
        }
        await ended.value
    }

    private func writeAll() async {
        while true {
            let (batch, ended): ([Waiting], [OneAnswer<Void>]) = state.withLock { state in
                let batch = Array(state.line.prefix(Self.batchRequests))
                state.line.removeFirst(batch.count)
                guard batch.isEmpty else { return (batch, []) }
                state.isWriting = false
                defer { state.ended = [] }
                return ([], state.ended)
            }
            if batch.isEmpty {
                for one in ended { one.give(()) }
                return
            }
            await write(batch)
        }
    }

    private func write(_ batch: [Waiting]) async {
        var draft = ObjectDraft(rules, after: max(table.version, plannedVersion.load(ordering: .relaxed)))
        var answers: [Result<APIObject?, StoreError>] = []
        for waiting in batch where draft.bytes < Self.batchBytes {
            do throws(StoreError) {
                answers.append(.success(try draft.evaluate(waiting.request, table.object)))
            } catch {
                answers.append(.failure(error))
            }
        }
        if answers.count < batch.count {
            let left = batch[answers.count...]
            state.withLock { $0.line.insert(contentsOf: left, at: 0) }
        }
        if !draft.changes.isEmpty {
            plannedVersion.store(draft.version, ordering: .relaxed)
            do throws(Failure) {
                try await file.write(draft)
                table.apply(draft.changes)
                state.withLock { $0.transactions += 1 }
            } catch {
                // Refusals too: what they saw may never have been.
                answers = answers.map { _ in .failure(StoreError(.unavailable, error.message)) }
            }
        }
        for (waiting, answer) in zip(batch, answers) { waiting.answer.give(answer) }
    }
}
