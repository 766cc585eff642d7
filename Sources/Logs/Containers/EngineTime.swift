import Primitives

/// The time in front of a line, as engines write it: `2026-11-22T23:01:38.746043859Z text`, or `2026-11-22T23:01:38+01:00 text`.
enum EngineTime {
    /// Nanoseconds since 1970, and the text behind; nil where no time stands in front.
    static func split(_ bytes: ArraySlice<UInt8>) -> (time: Int64, text: ArraySlice<UInt8>)? {
        // The longest time there is has 35 letters.
        guard let space = bytes.prefix(40).firstIndex(of: 0x20), let time = nanoseconds(bytes[..<space]) else { return nil }
        return (time, bytes[(space + 1)...])
    }

    static func nanoseconds(_ text: ArraySlice<UInt8>) -> Int64? {
        let start = text.startIndex
        func number(_ from: Int, _ count: Int) -> Int? {
            var value = 0
            for place in (start + from)..<(start + from + count) {
                guard place < text.endIndex, (0x30...0x39).contains(text[place]) else { return nil }
                value = value * 10 + Int(text[place] - 0x30)
            }
            return value
        }
        guard text.count >= 20, let year = number(0, 4), let month = number(5, 2), let day = number(8, 2), let hour = number(11, 2),
            let minute = number(14, 2), let second = number(17, 2), year < 2200,
            let time = CivilTime(year: year, month: month, day: day, hour: hour, minute: minute, second: second)
        else { return nil }
        var place = start + 19
        var nanoseconds: Int64 = 0
        if text[place] == UInt8(ascii: ".") {
            var unit: Int64 = 100_000_000
            place += 1
            while place < text.endIndex, (0x30...0x39).contains(text[place]) {
                nanoseconds += Int64(text[place] - 0x30) * unit
                unit /= 10
                place += 1
            }
        }
        guard place < text.endIndex else { return nil }
        var offset = 0
        switch text[place] {
        case UInt8(ascii: "Z") where place + 1 == text.endIndex: break
        case UInt8(ascii: "+"), UInt8(ascii: "-"):
            guard text.endIndex - place == 6, let hours = number(place - start + 1, 2), let minutes = number(place - start + 4, 2) else {
                return nil
            }
            offset = (hours * 3600 + minutes * 60) * (text[place] == UInt8(ascii: "-") ? -1 : 1)
        default: return nil
        }
        return (Int64(time.unixSeconds) - Int64(offset)) * 1_000_000_000 + nanoseconds
    }
}
