import Primitives

@testable import LibvirtCollector

/// Files beside the tests.
enum Fixtures {
    static func text(_ name: String) throws(Failure) -> String {
        let folder = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        return String(decoding: try Files.read("/\(folder)/Fixtures/\(name)", limitBytes: 1 << 20), as: UTF8.self)
    }

    /// Statistics as `virsh domstats` prints them: `  key=value`.
    static func statistics(_ name: String) throws(Failure) -> [Statistic] {
        try text(name).split(separator: "\n").compactMap { line in
            let parts = line.drop { $0 == " " }.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { return nil }
            return Double(parts[1]).map { Statistic(parts[0], $0) } ?? Statistic(parts[0], text: parts[1])
        }
    }
}
