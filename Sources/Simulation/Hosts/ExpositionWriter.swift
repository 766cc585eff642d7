import Primitives

/// Writes Prometheus' text format 0.0.4, a family at a time.
struct ExpositionWriter {
    /// The types that the exporter uses.
    enum Kind: Sendable { case gauge, counter, untyped }

    private(set) var bytes: [UInt8] = []
    private var name: StaticString = ""

    /// Makes room for so many bytes at once.
    init(reservingBytes capacity: Int = 64 << 10) { bytes.reserveCapacity(capacity) }

    /// Begins a family; its samples follow. The help text is taken as it stands: one line, no backslash.
    mutating func family(_ name: StaticString, _ kind: Kind, _ help: StaticString) {
        self.name = name
        bytes.append(utf8: "# HELP " as StaticString)
        bytes.append(utf8: name)
        bytes.append(utf8: " " as StaticString)
        bytes.append(utf8: help)
        bytes.append(utf8: "\n# TYPE " as StaticString)
        bytes.append(utf8: name)
        switch kind {
        case .gauge: bytes.append(utf8: " gauge\n" as StaticString)
        case .counter: bytes.append(utf8: " counter\n" as StaticString)
        case .untyped: bytes.append(utf8: " untyped\n" as StaticString)
        }
    }

    /// A family with one sample and no label.
    mutating func single(_ name: StaticString, _ kind: Kind, _ help: StaticString, _ value: Double) {
        family(name, kind, help)
        sample([:], value)
    }

    /// A sample of the family that was begun last.
    mutating func sample(_ labels: KeyValuePairs<StaticString, String>, _ value: Double) {
        bytes.append(utf8: name)
        if !labels.isEmpty {
            var separator = UInt8(ascii: "{")
            for (label, text) in labels {
                bytes.append(separator)
                bytes.append(utf8: label)
                bytes.append(utf8: "=\"" as StaticString)
                append(escaped: text)
                bytes.append(UInt8(ascii: "\""))
                separator = UInt8(ascii: ",")
            }
            bytes.append(UInt8(ascii: "}"))
        }
        bytes.append(UInt8(ascii: " "))
        bytes.append(finite: value)
        bytes.append(UInt8(ascii: "\n"))
    }

    private mutating func append(escaped text: String) {
        for byte in text.utf8 {
            switch byte {
            case 0x22, 0x5C: bytes.append(contentsOf: [0x5C, byte])
            case 0x0A: bytes.append(contentsOf: [0x5C, UInt8(ascii: "n")])
            default: bytes.append(byte)
            }
        }
    }
}
