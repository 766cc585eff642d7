import Glibc
import Primitives
import Synchronization

/// The thread that looks each second at all files of TLS that are in use.
final class CertificateWatch: Sendable {
    static let shared = CertificateWatch()

    private struct Seen {
        weak var files: CertificateFiles?
        let adopt: @Sendable (TLSMaterial) -> Bool
    }

    private struct State {
        var seen: [Seen] = []
        var runs = false
    }

    private let state = Mutex(State())

    /// Looks at the files until nobody holds them any more.
    ///
    /// - Parameter adopt: as in `CertificateFiles.look`.
    func add(_ files: CertificateFiles, adopt: @escaping @Sendable (TLSMaterial) -> Bool) throws(Failure) {
        let begins = state.withLock { state in
            state.seen.append(Seen(files: files, adopt: adopt))
            defer { state.runs = true }
            return !state.runs
        }
        guard begins else { return }
        do {
            try Thread.start("grpc-certs") { [self] in run() }
        } catch {
            state.withLock { $0.runs = false }
            throw error
        }
    }

    private func run() {
        while true {
            sleep(1)
            let seen = state.withLock { state in
                state.seen.removeAll { $0.files == nil }
                return state.seen
            }
            for one in seen { one.files?.look(one.adopt) }
        }
    }
}
