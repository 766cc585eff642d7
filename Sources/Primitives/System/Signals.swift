import Glibc
import SystemShim

/// Signals as calls of one closure, made on a thread that does nothing else.
package enum Signals {
    package enum Signal: Sendable {
        /// SIGTERM or SIGINT: stop in order.
        case stop
        /// SIGHUP: read the configuration again.
        case reload
    }

    /// Those that are waited for. No `Thread` takes one, whether it was started before `handle` or after.
    static var awaited: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for number in [SIGTERM, SIGINT, SIGHUP] { sigaddset(&set, number) }
        return set
    }

    /// Blocks the signals in the calling thread and all threads it starts later, then hands each to `handle`.
    ///
    /// Call it before any thread exists that is no `Thread`. SIGPIPE is ignored: a client that went away shows as a failed write.
    package static func handle(_ handle: @escaping @Sendable (Signal) -> Void) throws(Failure) {
        signal(SIGPIPE, SIG_IGN)
        let awaited = awaited
        withUnsafePointer(to: awaited) { _ = pthread_sigmask(SIG_BLOCK, $0, nil) }
        try Thread.start("signals") {
            var set = awaited
            while true {
                var number: Int32 = 0
                guard sigwait(&set, &number) == 0 else { continue }
                handle(number == SIGHUP ? .reload : .stop)
            }
        }
    }
}
