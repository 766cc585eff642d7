import Primitives
import RPC
import Synchronization

/// One at a time for each image: who needs one that another brings waits, and then finds it.
final class ImageLocks: Sendable {
    private let semaphores = Mutex<[String: (semaphore: AsyncSemaphore, users: Int)]>([:])

    /// - Throws: `cancelled`, when the task is cancelled while it waits; what the body throws.
    func withLock<Value: Sendable>(_ image: String, _ body: () async throws(RPCError) -> Value) async throws(RPCError) -> Value {
        let semaphore = semaphores.withLock { semaphores in
            let entry = semaphores[image] ?? (AsyncSemaphore(limit: 1), 0)
            semaphores[image] = (entry.semaphore, entry.users + 1)
            return entry.semaphore
        }
        defer {
            semaphores.withLock { semaphores in
                guard let entry = semaphores[image] else { return }
                semaphores[image] = entry.users > 1 ? (entry.semaphore, entry.users - 1) : nil
            }
        }
        let result = await semaphore.withPermit(by: .after(seconds: 24 * 3600)) { () -> Result<Value, RPCError> in
            do throws(RPCError) { return .success(try await body()) } catch { return .failure(error) }
        }
        guard let result else { throw RPCError(.cancelled, "nobody waits for the image any more") }
        return try result.get()
    }
}
