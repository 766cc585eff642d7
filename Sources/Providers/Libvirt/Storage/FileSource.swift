import Glibc
import Primitives
import RPC

/// A file of this machine as bytes for a pipe.
enum FileSource {
    /// Reads the file into the pipe, on a thread of its own, and ends or breaks that.
    ///
    /// - Parameter moved: told of each piece.
    static func start(_ path: String, into pipe: BytePipe, moved: @escaping @Sendable (Int) -> Void) throws(RPCError) -> UInt64 {
        // A link would lead out of the folder.
        let file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard file >= 0 else {
            throw RPCError(errno == ENOENT ? .notFound : .permissionDenied, "cannot open \(path): \(systemMessage(errno))")
        }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(file)
            throw RPCError(.failedPrecondition, "\(path) is no file")
        }
        do throws(Failure) {
            try Thread.start("disk-in") {
                defer { close(file) }
                while true {
                    var count = 0
                    let piece = [UInt8](unsafeUninitializedCapacity: 256 << 10) { buffer, filled in
                        count = read(file, buffer.baseAddress, buffer.count)
                        filled = max(0, count)
                    }
                    guard count >= 0 else { return pipe.breakOff() }
                    guard count > 0 else { return pipe.end() }
                    moved(count)
                    guard pipe.put(piece) else { return }
                }
            }
        } catch {
            close(file)
            throw RPCError(.internal, error.message)
        }
        return UInt64(clamping: status.st_size)
    }
}
