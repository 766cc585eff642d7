/// A text exposition, read so that what Prometheus would refuse is a fault.
struct ExpositionText: Sendable {
    struct Sample: Sendable {
        /// Name and labels as they stand in the text: `pve_up{id="node/pve1"}`.
        let series: String
        let name: String
        let labels: [(name: String, value: String)]
        let value: Double

        func label(_ name: String) -> String? { labels.first { $0.name == name }?.value }
    }

    private(set) var samples: [Sample] = []
    /// By family.
    private(set) var types: [String: String] = [:]
    /// What is wrong with the text; empty for a good one.
    private(set) var faults: [String] = []

    init(_ text: String) {
        var family = ""
        var seen: Set<String> = []
        if !text.isEmpty, text.utf8.last != UInt8(ascii: "\n") { faults.append("the last line has no end") }
        for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
            let line = String(decoding: line, as: UTF8.self)
            if line.utf8.starts(with: "# TYPE ".utf8) {
                let words = line.split(separator: " ").map(String.init)
                family = words.count == 4 ? words[2] : ""
                if types.updateValue(words.last ?? "", forKey: family) != nil { faults.append("two families \(family)") }
            } else if !line.utf8.starts(with: "# HELP ".utf8) {
                guard let sample = Self.sample(Array(line.utf8)) else {
                    faults.append("no sample: \(line.prefix(200))")
                    continue
                }
                let isPart = ["summary", "histogram"].contains(types[family]) && sample.name.utf8.starts(with: (family + "_").utf8)
                if sample.name != family, !isPart { faults.append("\(sample.name) stands in family \(family)") }
                if !seen.insert(sample.series).inserted { faults.append("twice: \(sample.series.prefix(200))") }
                if Set(sample.labels.map(\.name)).count < sample.labels.count {
                    faults.append("a label twice: \(sample.series.prefix(200))")
                }
                samples.append(sample)
            }
        }
    }

    /// The value of a series, as it stands in the text.
    subscript(series: String) -> Double? { samples.first { $0.series == series }?.value }

    func family(_ name: String) -> [Sample] { samples.filter { $0.name == name } }

    /// Series and value of each sample of a family, sorted.
    func lines(_ name: String) -> [String] { family(name).map { "\($0.series) \($0.value)" }.sorted() }

    private static func sample(_ line: [UInt8]) -> Sample? {
        var place = 0
        func take(_ letter: Unicode.Scalar) -> Bool {
            guard place < line.count, line[place] == UInt8(ascii: letter) else { return false }
            place += 1
            return true
        }
        func name() -> String? {
            let start = place
            while place < line.count, isLetter(line[place]) || place > start && (0x30...0x39).contains(line[place]) { place += 1 }
            return place > start ? String(decoding: line[start..<place], as: UTF8.self) : nil
        }
        let escapes: [UInt8: UInt8] = [UInt8(ascii: "n"): 0x0A, 0x5C: 0x5C, 0x22: 0x22]
        func value() -> String? {
            var bytes: [UInt8] = []
            while place < line.count {
                let byte = line[place]
                place += 1
                if byte == UInt8(ascii: "\"") { return String(validating: bytes, as: UTF8.self) }
                guard byte == UInt8(ascii: "\\") else {
                    bytes.append(byte)
                    continue
                }
                guard place < line.count, let escape = escapes[line[place]] else { return nil }
                bytes.append(escape)
                place += 1
            }
            return nil
        }
        guard let metric = name() else { return nil }
        var labels: [(name: String, value: String)] = []
        if take("{") {
            repeat {
                guard let label = name(), take("="), take("\""), let text = value() else { return nil }
                labels.append((label, text))
            } while take(",")
            guard take("}") else { return nil }
        }
        let series = String(decoding: line[..<place], as: UTF8.self)
        guard take(" "), let number = Double(String(decoding: line[place...], as: UTF8.self)) else { return nil }
        return Sample(series: series, name: metric, labels: labels, value: number)
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F }
}
