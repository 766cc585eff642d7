import Glibc
import Metrics

/// The root file system's size and what is left of it.
enum RootFileSystem {
    /// False when it does not tell.
    static func write(_ root: String, _ families: SystemFamilies, into buffer: inout SampleBuffer) -> Bool {
        var status = statvfs()
        guard statvfs(root.isEmpty ? "/" : root, &status) == 0, status.f_blocks > 0 else { return false }
        buffer.add(families.rootSize, .empty, Double(status.f_blocks) * Double(status.f_frsize))
        buffer.add(families.rootAvailable, .empty, Double(status.f_bavail) * Double(status.f_frsize))
        return true
    }
}
