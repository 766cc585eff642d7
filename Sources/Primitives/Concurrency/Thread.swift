import Glibc
import SystemShim

/// A thread of our own, for C calls that block; the cooperative pool has one thread a core and must never wait.
package enum Thread {
    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Names the calling thread; the first of a program has the name by which `ps` shows it.
    package static func nameThis(_ name: String) { mlt_name_thread(name) }

    /// Starts a detached thread of the given name (whole characters up to 15 bytes are kept). It takes no signal that `Signals` waits for.
    package static func start(_ name: String, _ run: @escaping @Sendable () -> Void) throws(Failure) {
        var shortened = name
        while shortened.utf8.count > 15 { shortened.removeLast() }
        let shortName = shortened
        let box = Unmanaged.passRetained(
            Body {
                mlt_name_thread(shortName)
                run()
            })
        var thread = pthread_t()
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, 1 << 20)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        // A thread has the mask of who starts it, from its first instruction on.
        var (awaited, before) = (Signals.awaited, sigset_t())
        pthread_sigmask(SIG_BLOCK, &awaited, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        let code = pthread_create(
            &thread, &attributes,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, box.toOpaque())
        guard code == 0 else {
            box.release()
            throw Failure(.environment, "cannot start thread \(name): \(systemMessage(code))")
        }
    }
}
