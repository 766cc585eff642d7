/// How grave a line is, in the words of syslog, which the label `level` has.
enum Level: Int, Sendable, CaseIterable {
    case emerg, alert, crit, error, warning, notice, info, debug

    var word: String {
        switch self {
        case .emerg: "emerg"
        case .alert: "alert"
        case .crit: "crit"
        case .error: "error"
        case .warning: "warning"
        case .notice: "notice"
        case .info: "info"
        case .debug: "debug"
        }
    }

    /// Of the words that programs use for it.
    init?(word: ArraySlice<UInt8>) {
        guard (3...9).contains(word.count) else { return nil }
        switch String(decoding: word.map { $0 | 0x20 }, as: UTF8.self) {
        case "emerg", "emergency", "panic": self = .emerg
        case "alert": self = .alert
        case "crit", "critical", "fatal": self = .crit
        case "err", "error", "eror": self = .error
        case "warn", "warning": self = .warning
        case "notice": self = .notice
        case "info": self = .info
        case "debug", "dbug", "trace": self = .debug
        default: return nil
        }
    }

    /// What a program says of its line: in a field `level` of logfmt or JSON, or as one of the first words, bare, in brackets or before a colon.
    init?(ofLine line: [UInt8]) {
        let head = line.prefix(300)
        if let value = FieldSearch.value(of: Self.names, in: head), let level = Level(word: value) {
            self = level
            return
        }
        var place = head.startIndex
        for _ in 0..<4 {
            while place < head.endIndex, !Self.isLetter(head[place]) {
                if head[place] == UInt8(ascii: "{") || head[place] == UInt8(ascii: "\"") { return nil }
                place += 1
            }
            let start = place
            while place < head.endIndex, Self.isLetter(head[place]) { place += 1 }
            // Words in small letters are a sentence, unless a colon says otherwise.
            let isMarked = head[start..<place].allSatisfy { $0 < 0x60 } || place < head.endIndex && head[place] == UInt8(ascii: ":")
            if isMarked, let level = Level(word: head[start..<place]) {
                self = level
                return
            }
        }
        return nil
    }

    private static let names = ["level", "lvl", "severity"].map { Array($0.utf8) }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
}
