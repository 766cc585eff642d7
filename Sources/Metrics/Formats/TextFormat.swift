import Primitives

/// Prometheus' text format 0.0.4.
package enum TextFormat {
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// Writes the exposition into `buffer`, calling `flush` whenever it holds more than 128 KiB and once at the end.
    ///
    /// `flush` takes the bytes out; as long as it keeps the buffer's capacity, no sample costs an allocation.
    package static func write(_ exposition: Exposition, through buffer: inout [UInt8], flush: (inout [UInt8]) -> Void) {
        SampleLines.write(exposition, in: .text, &buffer, flush)
        flush(&buffer)
    }

    /// `# HELP …\n# TYPE …\n`
    static func header(_ descriptor: MetricDescriptor) -> [UInt8] {
        var header: [UInt8] = []
        header.append(utf8: "# HELP \(descriptor.name) ")
        header.append(help: descriptor.help, escapingQuotes: false)
        let kind = descriptor.kind == .info ? .gauge : descriptor.kind
        header.append(utf8: "\n# TYPE \(descriptor.name) \(kind.rawValue)\n")
        return header
    }
}

extension [UInt8] {
    /// A help text on one line. Only OpenMetrics escapes the quotation mark too.
    mutating func append(help: String, escapingQuotes: Bool) {
        for byte in help.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): append(utf8: #"\\"# as StaticString)
            case UInt8(ascii: "\n"): append(utf8: #"\n"# as StaticString)
            case UInt8(ascii: "\"") where escapingQuotes: append(utf8: #"\""# as StaticString)
            default: append(byte)
            }
        }
    }
}
