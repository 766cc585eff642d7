import Objects
import Primitives
import Synchronization

/// What a kube-apiserver is shown with each request, beside a client certificate.
final class KubeCredential: Sendable {
    private enum Source: Sendable {
        case none
        case fixed(Secret)
        case file(String)
    }

    private struct Read {
        var stamp: FileStamp?
        var header: Secret?
    }

    private let source: Source
    private let read: Mutex<Read>

    private init(_ source: Source, _ read: Read = Read()) {
        self.source = source
        self.read = Mutex(read)
    }

    static let none = KubeCredential(.none)

    static func token(_ token: Secret) -> KubeCredential { KubeCredential(.fixed(Secret("Bearer " + token.reveal()))) }

    static func login(_ user: String, _ password: Secret) -> KubeCredential {
        KubeCredential(.fixed(Secret("Basic " + Base64Text.text(Array("\(user):\(password.reveal())".utf8)))))
    }

    /// Tokens of service accounts are given anew each hour, in the same file.
    /// - Parameter fallback: what counts as long as the file cannot be read.
    static func tokenFile(_ path: String, fallback: Secret? = nil) throws(Failure) -> KubeCredential {
        let credential = KubeCredential(.file(path), Read(header: fallback.map { Secret("Bearer " + $0.reveal()) }))
        if fallback == nil { try credential.readToken(path) }
        return credential
    }

    var isNone: Bool {
        if case .none = source { true } else { false }
    }

    /// The value of the header `Authorization`. A file that was written since is read again; while that fails the token that was read last counts.
    var header: Secret? {
        switch source {
        case .none: return nil
        case .fixed(let secret): return secret
        case .file(let path):
            let stamp = FileStamp(path)
            if stamp != nil, stamp != read.withLock({ $0.stamp }) { try? readToken(path) }
            return read.withLock { $0.header }
        }
    }

    private func readToken(_ path: String) throws(Failure) {
        // Before it is read: a token that is written meanwhile is read the next time.
        let stamp = FileStamp(path)
        let token = try Files.readLine(path)
        guard !token.isEmpty else { throw Failure(.configuration, "\(path) is empty, and should hold a token") }
        read.withLock { $0 = Read(stamp: stamp, header: Secret("Bearer " + token)) }
    }
}
