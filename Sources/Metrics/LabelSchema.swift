import Primitives

/// The names of a label set, in the order in which they are written.
///
/// The order never changes: Prometheus finds a series again by the bytes of its text.
package struct LabelSchema: Sendable, Equatable {
    package let names: [String]
    /// `cluster="`, `,node="`, …: what is written before each value.
    let openings: [[UInt8]]

    package init(_ names: String...) { self.init(names: names) }

    /// For names that are not known before the source has answered; each must be a label name of the text format.
    package init(names: [String]) {
        self.names = names
        openings = names.enumerated().map { position, name in Array("\(position == 0 ? "" : ",")\(name)=\"".utf8) }
    }

    package static let none = LabelSchema()

    /// This schema followed by more names.
    package func adding(_ more: String...) -> LabelSchema { LabelSchema(names: names + more) }
}

/// The last label of many sets, rendered once: `,state="started"`.
package struct LabelTail: Sendable {
    let bytes: [UInt8]

    /// - Parameter schema: its last name is the label's.
    package init(_ schema: LabelSchema, _ value: String) {
        var bytes = schema.openings.last ?? []
        bytes.append(labelValue: value)
        bytes.append(UInt8(ascii: "\""))
        self.bytes = bytes
    }
}

/// A rendered label set of one `SampleBuffer`.
package struct LabelSet: Sendable, Equatable {
    let index: UInt32

    /// The set without labels; every buffer has it.
    package static let empty = LabelSet(index: 0)
}

extension [UInt8] {
    /// A label value with `\`, `"` and newline escaped, as the text formats want it.
    mutating func append(labelValue text: String) {
        var text = text
        text.withUTF8 { bytes in
            var clean = 0
            for index in bytes.indices {
                let escape: UInt8
                switch bytes[index] {
                case UInt8(ascii: "\\"): escape = UInt8(ascii: "\\")
                case UInt8(ascii: "\""): escape = UInt8(ascii: "\"")
                case UInt8(ascii: "\n"): escape = UInt8(ascii: "n")
                default: continue
                }
                append(contentsOf: bytes[clean..<index])
                append(UInt8(ascii: "\\"))
                append(escape)
                clean = index + 1
            }
            append(contentsOf: bytes[clean...])
        }
    }
}
