package import JSON

extension PanelFrame {
    /// The frame as the page is told it.
    package func write(into json: inout JSONWriter) {
        json.object { json in
            json.list("fields", fields) { json, field in
                json.object { json in
                    json.member("name", field.title)
                    json.member("key", field.name)
                    json.member("type", field.kind.rawValue)
                    if let ref = field.ref { json.member("ref", ref) }
                    json.key("labels")
                    json.object { for label in field.labels { Self.member(label, &$0) } }
                    json.tree("config", field.config)
                    json.list("values", field.values) { Self.write($1, into: &$0) }
                }
            }
            json.member("length", length)
            json.list("problems", problems) { json, problem in
                json.object {
                    $0.member("ref", problem.ref)
                    $0.member("message", problem.message)
                }
            }
            json.member("truncated", isTruncated)
        }
    }

    private static func member(_ label: SeriesAnswer.Label, _ json: inout JSONWriter) {
        json.key(text: label.name)
        json.string(label.value)
    }

    private static func write(_ value: FrameValue, into json: inout JSONWriter) {
        switch value {
        case .none: json.null()
        case .text(let text): json.string(text)
        case .number(let number) where !number.isFinite: json.string(plainNumber(number))
        case .number(let number), .time(let number): json.number(number)
        }
    }

    /// The frame as CSV by RFC 4180, header first, some 16 KiB at a time.
    package var csv: CSVChunks { CSVChunks(frame) }
}

/// The bytes of a frame as CSV, made as they are pulled.
///
/// A text that a spreadsheet would take for a formula gets an apostrophe in front, also behind what some spreadsheets take for the end of a
/// cell. Times are written in UTC by ISO 8601.
package struct CSVChunks: Sequence, Sendable {
    private let frame: Frame
    private static let chunkSize = 16 << 10

    init(_ frame: Frame) { self.frame = frame }

    package struct Iterator: IteratorProtocol {
        fileprivate let frame: Frame
        /// -1 is the header.
        fileprivate var row = -1

        package mutating func next() -> [UInt8]? {
            guard row < frame.length, !frame.fields.isEmpty else { return nil }
            var bytes: [UInt8] = []
            bytes.reserveCapacity(CSVChunks.chunkSize + 1024)
            while row < frame.length, bytes.count < CSVChunks.chunkSize {
                for (index, field) in frame.fields.enumerated() {
                    if index > 0 { bytes.append(UInt8(ascii: ",")) }
                    if row < 0 { CSVChunks.append(text: field.title, to: &bytes) } else { CSVChunks.append(field.values[row], to: &bytes) }
                }
                bytes += [0x0D, 0x0A]
                row += 1
            }
            return bytes
        }
    }

    package func makeIterator() -> Iterator { Iterator(frame: frame) }

    private static func append(_ value: FrameValue, to bytes: inout [UInt8]) {
        switch value {
        case .none: break
        case .text(let text): append(text: text, to: &bytes)
        case .number(let number): bytes += plainNumber(number).utf8
        case .time(let milliseconds):
            guard milliseconds.magnitude < 1e15 else { return }
            bytes += LocalTime(milliseconds: Int(milliseconds)).isoText.utf8
        }
    }

    private static func append(text: String, to bytes: inout [UInt8]) {
        var defused: [UInt8] = []
        defused.reserveCapacity(text.utf8.count + 8)
        /// Where a cell begins that has had nothing but blanks so far.
        var start: Int? = 0
        var (needsQuotes, isBlank) = (blanks.contains(text.unicodeScalars.first ?? "x"), false)
        for scalar in text.unicodeScalars {
            if let place = start, signs.contains(scalar) || place == 0 && ["\t", "\r", "\n"].contains(scalar) {
                defused.insert(UInt8(ascii: "'"), at: place)
                if place == 0 { needsQuotes = false }
            }
            isBlank = blanks.contains(scalar)
            if !isBlank { start = nil }
            if ends.contains(scalar) || scalar == "," || scalar == "\"" { needsQuotes = true }
            if let units = UTF8.encode(scalar) { defused += units }
            if ends.contains(scalar) { start = defused.count }
        }
        guard needsQuotes || isBlank else {
            bytes += defused
            return
        }
        bytes.append(UInt8(ascii: "\""))
        for byte in defused {
            if byte == UInt8(ascii: "\"") { bytes.append(byte) }
            bytes.append(byte)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// What a formula begins with, the full-width ones too, which some spreadsheets read as their plain likes.
    private static let signs: Set<Unicode.Scalar> = ["=", "+", "-", "@", "\u{FF1D}", "\u{FF0B}", "\u{FF0D}", "\u{FF20}"]
    /// What ends a cell or a row for a spreadsheet that does not take commas, and minds no quotes behind a first cell without.
    private static let ends: Set<Unicode.Scalar> = [";", "|", "\t", "\r", "\n"]
    /// What they skip before they look for a formula.
    private static let blanks: Set<Unicode.Scalar> = [" ", "\u{A0}", "\u{FEFF}", "\u{3000}"]
}
