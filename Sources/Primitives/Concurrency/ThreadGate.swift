import Glibc

/// A gate at which one thread waits until another opens it, once.
package final class ThreadGate: @unchecked Sendable {
    // POSIX lets any thread wait for and post a semaphore; the pointer never changes while this object lives.
    private let semaphore: UnsafeMutablePointer<sem_t>

    package init() {
        semaphore = .allocate(capacity: 1)
        sem_init(semaphore, 0, 0)
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    package func open() { sem_post(semaphore) }

    /// Blocks its thread until the gate is open.
    package func wait() {
        while sem_wait(semaphore) != 0 && errno == EINTR {}
    }
}
