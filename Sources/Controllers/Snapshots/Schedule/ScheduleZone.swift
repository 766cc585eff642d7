import Primitives

/// What clocks on the wall say of times, in one place of the world.
struct ScheduleZone: Sendable {
    /// From a time on, so many seconds before Greenwich. The first is from ever on.
    struct Part: Sendable, Equatable {
        let from: Double
        let offsetSeconds: Double
    }

    /// In the order of their times; there is one at least.
    private let parts: [Part]

    init(offsetSeconds: Double, _ parts: [Part] = []) {
        self.parts = [Part(from: -.infinity, offsetSeconds: offsetSeconds)] + parts
    }

    /// `UTC`, an offset such as `+02:00`, or a name such as `Europe/Berlin`.
    ///
    /// Errors: say `timezone` first.
    static func named(_ name: String, now: Double, folder: String = "/usr/share/zoneinfo") -> Result<ScheduleZone, Failure> {
        if ["", "UTC", "Z", "GMT", "Etc/UTC"].contains(name) { return .success(ScheduleZone(offsetSeconds: 0)) }
        if let seconds = offset(name) { return .success(ScheduleZone(offsetSeconds: seconds)) }
        func refuse(_ why: String) -> Result<ScheduleZone, Failure> {
            .failure(Failure(.malformed, "timezone: \(name): \(why); write UTC or an offset such as +02:00"))
        }
        let words = name.split(separator: "/", omittingEmptySubsequences: false)
        let isName = words.allSatisfy { word in
            word.first?.isLetter == true && word.utf8.allSatisfy { ZoneFile.isNameByte($0) }
        }
        guard isName, name.utf8.count <= 64 else { return refuse("is no time zone") }
        let bytes: [UInt8]
        do throws(Failure) {
            bytes = try Files.read("\(folder)/\(name)", limitBytes: 1 << 20, regularOnly: true)
        } catch {
            return refuse("this system does not know that time zone (\(folder) has no such file)")
        }
        guard let file = ZoneFile(bytes) else { return refuse("its file \(folder)/\(name) cannot be read") }
        // Without a table for the years to come the file has a rule for them, which is not followed here.
        guard !file.hasRule || (file.parts.last?.from ?? 0) > now + 366 * 86_400 else {
            return refuse("its file \(folder)/\(name) has no table for next year")
        }
        return .success(ScheduleZone(offsetSeconds: file.firstOffset, file.parts))
    }

    /// Of `+02:00`, `-0330` and `UTC+2`.
    private static func offset(_ name: String) -> Double? {
        var bytes = Array(name.utf8)
        if name.hasPrefix("UTC") || name.hasPrefix("GMT") { bytes.removeFirst(3) }
        guard let sign = bytes.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else { return nil }
        let digits = bytes.dropFirst().filter { $0 != UInt8(ascii: ":") }
        guard bytes.count - 1 - digits.count <= 1, let number = digits.decimalNumber else { return nil }
        let (hours, minutes) = digits.count <= 2 ? (number, 0) : (number / 100, number % 100)
        guard digits.count <= 4, hours <= 14, minutes < 60 else { return nil }
        return Double(hours * 3600 + minutes * 60) * (sign == UInt8(ascii: "-") ? -1 : 1)
    }

    private func offset(at time: Double) -> Double { parts.last { $0.from <= time }?.offsetSeconds ?? 0 }

    /// The day of a time there, since 1970-01-01.
    func day(_ time: Double) -> Int { Int(((time + offset(at: time)) / 86_400).rounded(.down).clamped(to: -1e9...1e9)) }

    /// When it is so late there: the first time of an hour that comes twice, and the end of one that does not come.
    func unixSeconds(day: Int, hour: Int, minute: Int) -> Double {
        let local = Double(day) * 86_400 + Double(hour * 3600 + minute * 60)
        guard parts.count > 1 else { return local - offset(at: 0) }
        for (place, part) in parts.enumerated() {
            let until = place + 1 < parts.count ? parts[place + 1].from : .infinity
            let time = local - part.offsetSeconds
            if time < until { return max(time, part.from) }
        }
        return local
    }
}

/// What a zone file of the system says, by RFC 8536.
struct ZoneFile {
    let firstOffset: Double
    let parts: [ScheduleZone.Part]
    /// Whether clocks are changed after the last of the table too.
    let hasRule: Bool

    private struct Counts {
        let utc, standard, leaps, times, types, letters: Int

        func size(_ width: Int) -> Int { times * width + times + types * 6 + letters + leaps * (width + 4) + standard + utc }
    }

    static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "+"):
            true
        default: false
        }
    }

    /// Nil for what is no such file, or one of the first version, which ends in 2037 without a word.
    init?(_ bytes: [UInt8]) {
        guard let old = Self.counts(bytes, 0), (bytes.count > 4 ? bytes[4] : 0) >= UInt8(ascii: "2") else { return nil }
        let start = 44 + old.size(4)
        guard let counts = Self.counts(bytes, start), counts.types > 0 else { return nil }
        let times = start + 44
        let (places, types) = (times + counts.times * 8, times + counts.times * 9)
        let end = times + counts.size(8)
        guard end < bytes.count, bytes[end] == UInt8(ascii: "\n") else { return nil }
        func offset(_ type: Int) -> Double? {
            guard type < counts.types, let word = Self.word(bytes, types + type * 6, 4) else { return nil }
            return Double(Int32(truncatingIfNeeded: word))
        }
        guard let first = offset(0) else { return nil }
        var parts: [ScheduleZone.Part] = []
        for place in 0..<counts.times {
            guard let word = Self.word(bytes, times + place * 8, 8), let seconds = offset(Int(bytes[places + place])) else { return nil }
            let from = Double(Int64(bitPattern: word))
            guard parts.last.map({ $0.from < from }) ?? true else { return nil }
            parts.append(.init(from: from, offsetSeconds: seconds))
        }
        firstOffset = first
        self.parts = parts
        hasRule = bytes[(end + 1)...].prefix { $0 != UInt8(ascii: "\n") }.contains(UInt8(ascii: ","))
    }

    private static func counts(_ bytes: [UInt8], _ start: Int) -> Counts? {
        guard start + 44 <= bytes.count, bytes[start..<(start + 4)].elementsEqual("TZif".utf8) else { return nil }
        let words = (0..<6).compactMap { word(bytes, start + 20 + $0 * 4, 4).map(Int.init) }
        // The file has at most a mebibyte.
        guard words.count == 6, words.allSatisfy({ $0 <= 1 << 20 }) else { return nil }
        return Counts(utc: words[0], standard: words[1], leaps: words[2], times: words[3], types: words[4], letters: words[5])
    }

    /// The greatest byte first.
    private static func word(_ bytes: [UInt8], _ start: Int, _ count: Int) -> UInt64? {
        guard start >= 0, start + count <= bytes.count else { return nil }
        return bytes[start..<(start + count)].reduce(0) { $0 << 8 | UInt64($1) }
    }
}
