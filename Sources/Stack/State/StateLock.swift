import Primitives

/// The right to use a state directory, held until the object goes or the process ends.
final class StateLock: Sendable {
    private let lock: FileLock

    /// Errors: another process holds it; the line names that process.
    init(_ paths: StatePaths) throws(Failure) {
        lock = try FileLock(paths.path("lock")) { holder in
            Failure(
                .environment,
                "\(paths.root) is in use by another martlet\(holder.isEmpty ? "" : ", process \(holder)"); "
                    + "stop that one or choose another --state-dir")
        }
    }
}
