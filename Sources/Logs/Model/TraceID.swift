/// The number of a trace that a line belongs to, as OpenTelemetry's libraries write it into lines.
enum TraceID {
    private static let names = ["trace_id", "traceID", "traceId", "trace.id", "otelTraceID"].map { Array($0.utf8) }
    /// As W3C's header, which some write whole: version, trace, span, flags.
    private static let headers = [Array("traceparent".utf8)]

    static func find(in line: [UInt8]) -> ArraySlice<UInt8>? {
        // Nothing below is to be done for the many lines that have no such word.
        guard let at = line.firstIndex(of: UInt8(ascii: "t")), at < line.count - 16 else { return nil }
        let head = line.prefix(16 << 10)
        if let value = FieldSearch.value(of: names, in: head), isID(value) { return value }
        guard let value = FieldSearch.value(of: headers, in: head), value.count >= 35 else { return nil }
        let id = value[(value.startIndex + 3)..<(value.startIndex + 35)]
        return isID(id) ? id : nil
    }

    /// 16 or 32 digits, not all of them 0.
    static func isID(_ text: ArraySlice<UInt8>) -> Bool {
        (text.count == 32 || text.count == 16)
            && text.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0 | 0x20) }
            && text.contains { $0 != 0x30 }
    }
}
