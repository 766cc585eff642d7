import Primitives
import Synchronization

/// Writes to the log when a target begins to fail, fails for another reason, and is well again; not at every request.
final class DropInJournal: Sendable {
    private struct Key: Hashable {
        let module: String
        let target: String
    }

    private let logger: Logger
    private let known = Mutex<[Key: String]>([:])

    /// Targets that are remembered; what fails beyond them is written each time.
    private static let limit = 1024

    init(_ logger: Logger) { self.logger = logger }

    func failed(_ module: String, _ target: String, _ detail: String) {
        // Messages tell of milliseconds and bytes, which are no news.
        let news = detail.split { $0.isNumber }.joined(separator: "0")
        let isNews = known.withLock { known in
            let key = Key(module: module, target: target)
            guard known[key] != news else { return false }
            if known[key] != nil || known.count < Self.limit { known[key] = news }
            return true
        }
        if isNews { logger.warn("/pve fails", ["module": module, "target": target, "detail": detail]) }
    }

    func succeeded(_ module: String, _ target: String) {
        let wasFailing = known.withLock { $0.removeValue(forKey: Key(module: module, target: target)) != nil }
        if wasFailing { logger.info("/pve answers again", ["module": module, "target": target]) }
    }
}
