import Database
import Primitives
import ProviderTasks

/// What machines are made from.
extension World {
    struct ImagePlan: Sendable {
        let name: String
        let pool: String
        let format: String
        /// What it holds, as a hash.
        let content: String
        /// SHA-256 that it must have; empty when nobody said.
        let checksum: String
        /// Whether one that is there of that name is replaced.
        var isForced = false
        let mark: String

        var volume: String { "\(name).\(format)" }
    }

    static func content(of source: String) -> String { SHA256.hex(source.utf8) }

    /// How large images are, whatever they hold.
    static let imageBytes: Int64 = 2 << 30

    func beginImage(_ plan: ImagePlan) throws(Failure) -> Volume {
        if plan.isForced, let there = try volume(plan.pool, plan.volume), there.mark != plan.mark { try removeVolume(there.row) }
        let content = faults.badChecksum ? SHA256.hex("not \(plan.content)".utf8) : plan.content
        return try allocate(
            plan.volume, pool: plan.pool, format: plan.format, bytes: Self.imageBytes, content: content, backing: nil, machine: nil,
            label: plan.name,
            use: .image, mark: plan.mark)
    }

    /// Errors: `checksum`, with the two sums.
    func completeImage(_ volume: Volume, checksum: String) throws(Failure) {
        guard checksum.isEmpty || volume.content == checksum else {
            throw refused(
                .checksum, "image \(volume.label) has the SHA-256 \(volume.content), and \(checksum) was said: one of them is wrong")
        }
        try fill(volume.row, share: 1)
    }

    /// The image that a request means, by name, path or source. Errors: `missing`.
    func image(name: String?, path: String?, source: String?) throws(Failure) -> Volume {
        let whole = try volumes().filter { $0.isComplete && ($0.use == .image || $0.machine == nil && $0.use == .disk) }
        let found = whole.first { volume in
            if let name, volume.label == name || volume.name == name { return true }
            if let path, volume.path == path { return true }
            if let source, volume.content == Self.content(of: source) { return true }
            return false
        }
        guard let found else {
            throw refused(.missing, "there is no image \(name ?? path ?? source ?? ""); prepare it before machines are made from it")
        }
        return found
    }
}
