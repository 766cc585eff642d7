import ProxmoxAPI

/// What the tags of a guest say about its alerts: `mon-mute`, `mon-cpu-98`, `mon-mem-off`.
struct MonitoringTags: Sendable, Equatable {
    /// By what is measured, 0-1: `mon-cpu-98` is 0.98 for `cpu`. Of two for the same the lower counts, as it is the one that wakes.
    private(set) var thresholds: [String: Double] = [:]
    /// What is measured and alerts nobody; `all` of `mon-mute`.
    private(set) var muted: Set<String> = []

    /// - Parameter tags: as the API has them.
    init(_ tags: String) {
        // Nearly all guests have none.
        guard tags.utf8.count >= Self.prefix.utf8.count else { return }
        for tag in GuestTags.all(in: tags) where tag.hasPrefix(Self.prefix) {
            let words = tag.dropFirst(Self.prefix.utf8.count).split(separator: "-", omittingEmptySubsequences: false)
            switch words.count {
            case 1 where words[0] == "mute": muted.insert("all")
            case 2 where Self.isWord(words[0]):
                if words[1] == "off" {
                    muted.insert(String(words[0]))
                } else if let percent = Self.percent(words[1]) {
                    let word = String(words[0])
                    thresholds[word] = min(thresholds[word] ?? 1, percent / 100)
                }
            default: break
            }
        }
    }

    private static let prefix = "mon-"

    private static func isWord(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, (0x61...0x7A).contains(first) else { return false }
        return text.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) }
    }

    /// A decimal number from 0 to 100; what else Swift takes for a number is none here.
    private static func percent(_ text: Substring) -> Double? {
        guard text.utf8.count <= 8, text.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }) else { return nil }
        return Double(text).flatMap { (0...100).contains($0) ? $0 : nil }
    }
}
