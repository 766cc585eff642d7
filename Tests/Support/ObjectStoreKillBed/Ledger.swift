import Glibc
import JSON
import Primitives

/// What was asked for, answered and seen, on disk: it survives the process as a client's own memory would.
final class Ledger: Sendable {
    private let descriptor: Int32

    init(_ path: String) throws(Failure) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure(.environment, "cannot write \(path): \(systemMessage(errno))") }
    }

    /// A line: what, of which object, and what is known of it.
    func note(_ what: String, _ name: String, version: String = "", text: String = "", uid: String = "") {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("what", what)
            writer.member("name", name)
            writer.member("version", Int(version) ?? 0)
            writer.member("text", text)
            writer.member("uid", uid)
        }
        Files.writeAll(writer.bytes + [0x0A], to: descriptor)
    }
}
