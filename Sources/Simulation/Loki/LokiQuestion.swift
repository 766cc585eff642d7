import Primitives
import Web

/// What is asked for, from the URL or a form.
struct LokiQuestion: Sendable {
    /// In nanoseconds; the end is not part of it.
    let start: Int64
    let end: Int64
    let query: String?
    let selectors: [String]
    let limit: Int
    let isForward: Bool

    /// Where nothing is said, an hour until now.
    private static let standardSeconds = 3600.0
    private static let standardLimit = 100

    /// Errors: a time, a limit or a direction that is none.
    init(_ request: HTTPServerRequest, limits: LokiLimits, now: Double) throws(Failure) {
        var fields = request.query
        if request.method == "POST" {
            fields += FormText.pairs(request.body).map { pair in
                (
                    String(decoding: FormText.decoded(pair.name).bytes, as: UTF8.self),
                    String(decoding: FormText.decoded(pair.value).bytes, as: UTF8.self)
                )
            }
        }
        func field(_ name: String) -> String? { fields.first { $0.name == name && !$0.value.isEmpty }?.value }
        query = field("query")
        selectors = fields.filter { $0.name == "match[]" || $0.name == "match" }.map(\.value)
        let present = Int64(now * 1e9)
        func time(_ name: String) throws(Failure) -> Int64? {
            guard let text = field(name) else { return nil }
            return try Self.time(text, name)
        }
        let (told, moment) = (try time("end"), try time("time"))
        let end = told ?? moment ?? present
        let from = try time("start")
        let (hourBefore, isTooEarly) = end.subtractingReportingOverflow(Int64(Self.standardSeconds * 1e9))
        let start = from ?? (isTooEarly ? .min : hourBefore)
        guard start <= end else { throw Failure(.malformed, "end timestamp must not be before or equal to start time") }
        (self.start, self.end) = (start, end)
        let wanted = field("limit")
        let limit = wanted.map { Int($0) ?? 0 } ?? Self.standardLimit
        guard limit > 0 else { throw Failure(.malformed, "limit must be a positive value") }
        guard limit <= limits.queryLines else {
            throw Failure(
                .malformed, "max entries limit per query exceeded, limit > max_entries_limit_per_query (\(limit) > \(limits.queryLines))")
        }
        self.limit = limit
        switch field("direction")?.lowercased() {
        case nil, "backward": isForward = false
        case "forward": isForward = true
        case let other?: throw Failure(.malformed, "invalid direction '\(HostileText.oneLine(other, limit: 40))'")
        }
    }

    /// Seconds with a fraction, or nanoseconds: more than ten digits are those, as Loki has it; or as RFC 3339 writes it.
    ///
    /// Errors: what is none, and a time of which a number of nanoseconds cannot tell.
    static func time(_ text: String, _ name: String) throws(Failure) -> Int64 {
        guard let time = wholeTime(text) ?? fractionTime(text) ?? writtenTime(text) else {
            throw Failure(.malformed, "cannot parse \(name) \"\(HostileText.oneLine(text, limit: 40))\" to a valid timestamp")
        }
        return time
    }

    private static func wholeTime(_ text: String) -> Int64? {
        guard let whole = Int64(text), text.utf8.count <= 10 else { return Int64(text) }
        return nanoseconds(whole, 0)
    }

    private static func fractionTime(_ text: String) -> Int64? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }), let seconds = Double(text), seconds < 9e9
        else {
            return nil
        }
        // To the millisecond, as Loki does it: all of it in one number would not be that fine.
        let whole = seconds.rounded(.down)
        return nanoseconds(Int64(whole), Int64(((seconds - whole) * 1000).rounded()) * 1_000_000)
    }

    /// `2026-11-22T04:00:00.5Z`
    private static func writtenTime(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes[10] == UInt8(ascii: "T"), bytes.last == UInt8(ascii: "Z"),
            let time = CivilTime(parsing: String(decoding: bytes[..<10] + [0x20] + bytes[11..<19], as: UTF8.self))
        else { return nil }
        let fraction = bytes[19...].dropLast()
        if fraction.isEmpty { return nanoseconds(Int64(time.unixSeconds), 0) }
        let digits = fraction.dropFirst()
        guard fraction.first == UInt8(ascii: "."), let value = digits.decimalNumber else { return nil }
        return nanoseconds(Int64(time.unixSeconds), (digits.count..<9).reduce(Int64(value)) { value, _ in value * 10 })
    }

    /// Nil for what is further away than there are numbers.
    private static func nanoseconds(_ seconds: Int64, _ more: Int64) -> Int64? {
        let (whole, isTooMuch) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return isTooMuch || whole > .max - more ? nil : whole + more
    }
}
