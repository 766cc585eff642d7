import Primitives
import ProxmoxAPI
import Synchronization

/// Writes to the log when a target begins to fail, fails for another reason, and is well again; not at every request.
final class DropInJournal: Sendable {
    private struct Key: Hashable {
        let module: String
        let target: String
    }

    private let logger: Logger
    private let known = Mutex<[Key: ProxmoxError.Kind]>([:])
    private let turnedAway = Mutex<Set<Key>>([])

    /// Targets that are remembered. More that fail at a time are not written: metrics tell of them too.
    private static let limit = 1024

    init(_ logger: Logger) { self.logger = logger }

    /// Of calls that are asked at the same time, any may fail first: another path is no news, another kind of failure is.
    func failed(_ module: String, _ target: String, _ kind: ProxmoxError.Kind, _ detail: String) {
        let isNews = known.withLock { known in
            let key = Key(module: module, target: target)
            guard known[key] != kind else { return false }
            guard known[key] != nil || known.count < Self.limit else { return false }
            known[key] = kind
            return true
        }
        if isNews { logger.warn("/pve fails", ["module": module, "target": target, "detail": detail]) }
    }

    /// A request that was turned away: once for each module and target.
    func refused(_ module: String, _ target: String, _ detail: String) {
        // What stands before @ may be a password.
        let target = target.contains("@") ? "***" : target
        let key = Key(module: Self.shortened(module), target: Self.shortened(target))
        let isNews = turnedAway.withLock { $0.count < Self.limit && $0.insert(key).inserted }
        if isNews { logger.warn("/pve refuses", ["module": key.module, "target": key.target, "detail": detail]) }
    }

    /// Bytes, as one letter may have any number of accents.
    private static func shortened(_ text: String) -> String { String(decoding: text.utf8.prefix(100), as: UTF8.self) }

    func succeeded(_ module: String, _ target: String) {
        let wasFailing = known.withLock { $0.removeValue(forKey: Key(module: module, target: target)) != nil }
        if wasFailing { logger.info("/pve answers again", ["module": module, "target": target]) }
    }
}
