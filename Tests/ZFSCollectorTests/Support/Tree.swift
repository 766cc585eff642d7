import CollectorConformance

@testable import ZFSCollector

/// Files of a kernel that a test makes up.
enum Tree {
    static let header = "36 1 0x01 3 816 7431237105 998877665544123\nname                            type data\n"
    static let arcstats = named([("hits", 4, "5512003"), ("size", 4, "8123456512")])

    static func named(_ rows: [(String, Int, String)]) -> String {
        func padded(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(0, width - text.count)) }
        return header + rows.map { padded($0.0, 31) + " " + padded("\($0.1)", 4) + " " + $0.2 + "\n" }.joined()
    }

    static func objset(_ name: String, writes: Int = 1) -> String {
        named([("dataset_name", 7, name), ("writes", 4, "\(writes)"), ("nwritten", 4, "4096"), ("reads", 4, "2"), ("nread", 4, "512")])
    }
}

extension TemporaryFolder {
    /// Writes a file below the folder of statistics.
    func kstat(_ name: String, _ text: String) throws { try write(String(KstatFolder.place.dropFirst()) + "/" + name, text) }
}
