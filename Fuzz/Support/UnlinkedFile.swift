import Glibc

/// A file that is no longer in any folder, for readers that want a path.
package final class UnlinkedFile: Sendable {
    private let descriptor: Int32
    package let path: String

    package init() {
        var name = Array("/tmp/martlet-fuzz-XXXXXX".utf8CString)
        descriptor = mkstemp(&name)
        unlink(name)
        path = "/proc/self/fd/\(descriptor)"
    }

    deinit { close(descriptor) }

    /// Makes the bytes all that stands in the file.
    package func hold(_ bytes: [UInt8]) {
        let count = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
        demand(count == bytes.count && ftruncate(descriptor, bytes.count) == 0, "the temporary file can be written")
    }
}
