import ObjectStore
import Synchronization

/// Steps of operations that may take minutes, as a provider does not answer: whoever looks at an image does not wait for them.
///
/// An image is one object for all providers; one that hangs must not keep it from the others.
final class ImageErrands: Sendable {
    typealias Step = @Sendable () async throws(StoreError) -> OperationProgress

    private enum Errand {
        case out(Task<Void, Never>)
        case back(Result<OperationProgress, StoreError>)
    }

    private let errands = Mutex<[String: Errand]>([:])
    private static let patienceSeconds = 2.0

    /// Whether there is a step that was begun, and of which nobody has heard the end.
    func isOut(_ operation: String) -> Bool { errands.withLock { $0[operation] != nil } }

    /// Takes a step, or waits for the one that was begun for that operation.
    ///
    /// - Returns: what came of it; nil when that is not known yet.
    func run(_ operation: String, _ step: @escaping Step) async -> Result<OperationProgress, StoreError>? {
        errands.withLock { errands in
            guard errands[operation] == nil else { return }
            errands[operation] = .out(
                Task { [weak self] in
                    let result: Result<OperationProgress, StoreError>
                    do throws(StoreError) { result = .success(try await step()) } catch { result = .failure(error) }
                    self?.errands.withLock { $0[operation] = .back(result) }
                })
        }
        let end = ContinuousClock.now.advanced(by: .seconds(Self.patienceSeconds))
        var pause = 0.001
        while true {
            let result: Result<OperationProgress, StoreError>? = errands.withLock { errands in
                guard case .back(let result) = errands[operation] else { return nil }
                errands[operation] = nil
                return result
            }
            if result != nil || ContinuousClock.now >= end || Task.isCancelled { return result }
            try? await Task.sleep(for: .seconds(pause))
            pause = min(0.1, pause * 2)
        }
    }

    deinit {
        for case .out(let task) in errands.withLock({ $0 }).values { task.cancel() }
    }
}
