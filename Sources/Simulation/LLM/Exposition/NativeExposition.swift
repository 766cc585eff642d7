import Glibc
import Primitives

/// Writes Prometheus' text format as a server's own library does: Python's client with `_created` series and `1.0`, others without.
struct NativeExposition {
    enum Style: Sendable {
        case python
        /// The same with `_created` series switched off.
        case pythonWithoutCreated
        case plain
        /// As C++ streams print numbers: six digits.
        case sixDigits

        var isPython: Bool { self == .python || self == .pythonWithoutCreated }
    }
    typealias Labels = [(name: String, value: String)]

    private(set) var bytes: [UInt8] = []
    let style: Style
    /// Unix time at which everything was made, for `_created`.
    let createdAt: Double
    /// Of all samples.
    var common: Labels

    init(_ style: Style, createdAt: Double = 0, common: Labels = []) {
        self.style = style
        self.createdAt = createdAt
        self.common = common
        bytes.reserveCapacity(64 << 10)
    }

    mutating func gauge(_ name: String, _ help: String, _ value: Double, _ labels: Labels = []) {
        gauges(name, help, [(labels, value)])
    }

    mutating func gauges(_ name: String, _ help: String, _ samples: [(labels: Labels, value: Double)]) {
        head(name, help, "gauge")
        for (labels, value) in samples { sample(name, labels, value) }
    }

    mutating func counter(_ name: String, _ help: String, _ value: Double, _ labels: Labels = []) {
        counters(name, help, [(labels, value)])
    }

    /// - Parameter name: as it is in the exposition; Python's client always ends it in `_total`.
    mutating func counters(_ name: String, _ help: String, _ samples: [(labels: Labels, value: Double)]) {
        head(name, help, "counter")
        for (labels, value) in samples { sample(name, labels, value) }
        guard style == .python else { return }
        created(name.hasSuffix("_total") ? String(name.dropLast(6)) : name, help, samples.map(\.labels))
    }

    mutating func histogram(_ name: String, _ help: String, _ distribution: Distribution, _ labels: Labels = [], factor: Double = 1) {
        histograms(name, help, [(labels, distribution)], factor: factor)
    }

    /// - Parameter factor: from our unit to theirs.
    mutating func histograms(
        _ name: String, _ help: String, _ samples: [(labels: Labels, distribution: Distribution)], factor: Double = 1
    ) {
        head(name, help, "histogram")
        for (labels, distribution) in samples {
            distribution.forEachBucket { edge, cumulative in
                sample(name + "_bucket", labels + [("le", edge.isFinite ? text(edge * factor) : "+Inf")], cumulative)
            }
            if !style.isPython { sample(name + "_sum", labels, distribution.sum * factor) }
            sample(name + "_count", labels, distribution.count)
            if style.isPython { sample(name + "_sum", labels, distribution.sum * factor) }
        }
        if style == .python { created(name, help, samples.map(\.labels)) }
    }

    private mutating func created(_ name: String, _ help: String, _ labels: [Labels]) {
        head(name + "_created", help, "gauge")
        for labels in labels { sample(name + "_created", labels, createdAt) }
    }

    private mutating func head(_ name: String, _ help: String, _ type: StaticString) {
        bytes.append(utf8: "# HELP \(name) \(help)\n# TYPE \(name) ")
        bytes.append(utf8: type)
        bytes.append(UInt8(ascii: "\n"))
    }

    private mutating func sample(_ name: String, _ labels: Labels, _ value: Double) {
        bytes.append(utf8: name)
        var labels = common + labels
        // Python's client writes them in order, others as they were made.
        if style.isPython { labels.sort { $0.name < $1.name } }
        if !labels.isEmpty {
            var separator = UInt8(ascii: "{")
            for label in labels {
                bytes.append(separator)
                bytes.append(utf8: label.name)
                bytes.append(utf8: "=\"" as StaticString)
                for byte in label.value.utf8 {
                    switch byte {
                    case 0x22, 0x5C: bytes.append(contentsOf: [0x5C, byte])
                    case 0x0A: bytes.append(contentsOf: [0x5C, UInt8(ascii: "n")])
                    default: bytes.append(byte)
                    }
                }
                bytes.append(UInt8(ascii: "\""))
                separator = UInt8(ascii: ",")
            }
            bytes.append(UInt8(ascii: "}"))
        }
        bytes.append(utf8: " \(text(value))\n")
    }

    private func text(_ value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? "NaN" : value > 0 ? "+Inf" : "-Inf" }
        if style == .sixDigits { return Self.sixDigits(value) }
        var text: [UInt8] = []
        text.append(finite: value)
        let written = String(decoding: text, as: UTF8.self)
        return style.isPython && value == value.rounded() && value.magnitude < 1e15 ? written + ".0" : written
    }

    /// 1234567 is 1.23457e+06: large counters stand still for a while and then jump.
    private static func sixDigits(_ value: Double) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 40) { room in
            guard let start = room.baseAddress else { return "" }
            let count = withVaList([value]) { vsnprintf(start, 40, "%.6g", $0) }
            return String(decoding: UnsafeRawBufferPointer(start: start, count: max(0, min(Int(count), 39))), as: UTF8.self)
        }
    }
}
