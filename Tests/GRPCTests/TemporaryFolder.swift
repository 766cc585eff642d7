import Glibc
import Primitives

/// A folder that is gone with the value.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws(Failure) {
        var template = Array("/tmp/grpc-tests.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure(.environment, "no temporary folder: \(systemMessage(errno))") }
        path = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for name in Files.names(in: path) ?? [] { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    func write(_ text: String, _ name: String) throws(Failure) { try Files.write(Array(text.utf8), to: "\(path)/\(name)") }
}
