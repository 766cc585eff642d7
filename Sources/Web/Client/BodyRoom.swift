import Synchronization

/// Bytes that the bodies of many answers may have together while they are on their way or wait to be read.
package final class BodyRoom: Sendable {
    private let free: Mutex<Int>

    package init(bytes: Int) { free = Mutex(bytes) }

    /// False when there is not as much.
    func take(_ bytes: Int) -> Bool {
        free.withLock { free in
            guard free >= bytes else { return false }
            free -= bytes
            return true
        }
    }

    package func giveBack(_ bytes: Int) { free.withLock { $0 += bytes } }
}
