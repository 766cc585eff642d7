import Primitives
import ProviderTasks
import RPC
import Synchronization

/// One at a time for each image: who needs one that another brings waits, and then finds it. And who makes a disk of one holds it, so that nobody
/// replaces it meanwhile.
final class ImageLocks: Sendable {
    private let semaphores = Mutex<[String: (semaphore: AsyncSemaphore, users: Int)]>([:])

    /// Operations by the images that they hold.
    private let held = Mutex<[String: Set<String>]>([:])

    func hold(_ image: String, for operation: String) { held.withLock { _ = $0[image, default: []].insert(operation) } }

    /// An operation holds nothing any more.
    func release(_ operation: String) {
        held.withLock { held in
            for (image, operations) in held where operations.contains(operation) {
                held[image] = operations.count > 1 ? operations.subtracting([operation]) : nil
            }
        }
    }

    /// An operation that holds it; nil for none but this.
    func holder(of image: String, beside operation: String) -> String? { held.withLock { $0[image]?.first { $0 != operation } } }

    /// - Throws: `cancelled`, when the task is cancelled while it waits; what the body throws.
    ///
    /// - Parameter places: how many may be within at a time.
    func withLock<Value: Sendable>(
        _ image: String, places: Int = 1, _ body: () async throws(RPCError) -> Value
    ) async throws(RPCError) -> Value {
        let (semaphore, isBusy) = semaphores.withLock { semaphores in
            let entry = semaphores[image] ?? (AsyncSemaphore(limit: places), 0)
            semaphores[image] = (entry.semaphore, entry.users + 1)
            return (entry.semaphore, entry.users >= places)
        }
        // Who waits for an image that takes hours to come would keep others from making disks of those that are there.
        let operation = isBusy ? OperationInHand.context : nil
        operation?.stepAside()
        defer {
            semaphores.withLock { semaphores in
                guard let entry = semaphores[image] else { return }
                semaphores[image] = entry.users > 1 ? (entry.semaphore, entry.users - 1) : nil
            }
        }
        let result = await semaphore.withPermit(by: .after(seconds: 24 * 3600)) { () -> Result<Value, RPCError> in
            await operation?.comeBack()
            do throws(RPCError) { return .success(try await body()) } catch { return .failure(error) }
        }
        guard let result else { throw RPCError(.cancelled, "nobody waits for the image any more") }
        return try result.get()
    }
}
