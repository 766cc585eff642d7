/// An ISO 9660 file system with a few small files in its root, by ECMA-119, with their real names by the Rock Ridge Interchange Protocol (SUSP 1.09, RRIP 1.09).
///
/// The same files give the same bytes: all times are the beginning of 1980.
struct ISO9660Image {
    struct File {
        let name: String
        let bytes: [UInt8]
    }

    private static let sector = 2048
    /// Of a directory that is one sector long.
    static let filesLimit = 12
    static let nameLimit = 48

    let label: String
    private let files: [File]

    /// - Parameter label: what the file system is found by; at most 32 bytes.
    /// - Parameter files: at most `filesLimit`, names of at most `nameLimit` ASCII letters.
    init(label: String, files: [File]) {
        self.label = label
        self.files = files
    }

    /// Nothing, behind the last file: small systems (busybox) read 64 KiB at a time to find out what a disk is, and pass by what is shorter.
    private static let sectorsBehind = 150

    private enum Place {
        static let primaryDescriptor = 16
        static let terminator = 17
        static let littlePaths = 18
        static let bigPaths = 19
        static let root = 20
        static let firstFile = 21
    }

    var bytes: [UInt8] {
        var next = Place.firstFile
        let placed = files.enumerated().map { number, file in
            defer { next += Self.sectors(file.bytes.count) }
            // Whoever does not read Rock Ridge sees FILE0001: short names of the real ones need not differ.
            return (file: file, identifier: Array("FILE\(Self.digits(number)).;1".utf8), at: next)
        }
        var image = [UInt8](repeating: 0, count: Place.primaryDescriptor * Self.sector)
        image += primaryDescriptor(sectors: next + Self.sectorsBehind)
        image += Self.padded([255] + Array("CD001".utf8) + [1], to: Self.sector)
        image += Self.padded([1, 0] + Self.little32(Place.root) + Self.little16(1) + [0, 0], to: Self.sector)
        image += Self.padded([1, 0] + Self.big32(Place.root) + Self.big16(1) + [0, 0], to: Self.sector)
        var directory = Self.record([0], at: Place.root, size: Self.sector, isDirectory: true, use: Self.rootUse)
        directory += Self.record([1], at: Place.root, size: Self.sector, isDirectory: true, use: Self.mode(0o040555))
        for (file, identifier, at) in placed {
            let use = Self.mode(0o100444) + Self.name(file.name)
            directory += Self.record(identifier, at: at, size: file.bytes.count, isDirectory: false, use: use)
        }
        image += Self.padded(directory, to: Self.sector)
        for (file, _, _) in placed { image += Self.padded(file.bytes, to: Self.sectors(file.bytes.count) * Self.sector) }
        return Self.padded(image, to: (next + Self.sectorsBehind) * Self.sector)
    }

    /// The bytes of a file of an image that was made here; nil when there is none, or the image is another's.
    static func read(_ name: String, of image: [UInt8]) -> [UInt8]? {
        let start = Place.root * sector
        guard image.count >= start + sector else { return nil }
        func number(_ offset: Int) -> Int { (0..<4).reduce(0) { $0 | Int(image[offset + $1]) << (8 * $1) } }
        let mark = Array("NM".utf8) + [UInt8(truncatingIfNeeded: name.utf8.count + 5), 1, 0] + Array(name.utf8)
        var offset = start
        while offset < start + sector, case let size = Int(image[offset]), size >= 34, offset + size <= image.count {
            let record = image[offset..<(offset + size)]
            if record.firstRange(of: mark) != nil {
                let (at, bytes) = (number(offset + 2) * sector, number(offset + 10))
                guard at >= 0, bytes >= 0, at + bytes <= image.count else { return nil }
                return Array(image[at..<(at + bytes)])
            }
            offset += size
        }
        return nil
    }

    // MARK: ECMA-119

    /// 8.4
    private func primaryDescriptor(sectors: Int) -> [UInt8] {
        var bytes: [UInt8] = [1] + Array("CD001".utf8) + [1, 0]
        bytes += Self.text("", 32) + Self.text(label, 32)
        bytes += [UInt8](repeating: 0, count: 8) + Self.both32(sectors) + [UInt8](repeating: 0, count: 32)
        bytes += Self.both16(1) + Self.both16(1) + Self.both16(Self.sector)
        // The path table has one record, of ten bytes.
        bytes += Self.both32(10) + Self.little32(Place.littlePaths) + Self.little32(0) + Self.big32(Place.bigPaths) + Self.big32(0)
        bytes += Self.record([0], at: Place.root, size: Self.sector, isDirectory: true, use: [])
        // Sets, publisher, preparer, application, then names of three files.
        bytes += Self.text("", 128 * 4 + 37 * 3)
        let created = Array("1980010100000000".utf8) + [0]
        let unset = Array("0000000000000000".utf8) + [0]
        bytes += created + created + unset + unset + [1]
        return Self.padded(bytes, to: Self.sector)
    }

    /// 9.1
    private static func record(_ identifier: [UInt8], at sector: Int, size: Int, isDirectory: Bool, use: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = [0, 0] + both32(sector) + both32(size) + [80, 1, 1, 0, 0, 0, 0, isDirectory ? 2 : 0, 0, 0] + both16(1)
        bytes += [UInt8(truncatingIfNeeded: identifier.count)] + identifier
        if identifier.count % 2 == 0 { bytes.append(0) }
        bytes += use
        if bytes.count % 2 == 1 { bytes.append(0) }
        bytes[0] = UInt8(truncatingIfNeeded: bytes.count)
        return bytes
    }

    // MARK: System use

    /// That there are entries of the sharing protocol, and whose they are.
    private static let rootUse: [UInt8] =
        entry("SP", [0xBE, 0xEF, 0]) + mode(0o040555) + entry("ER", [10, 0, 0, 1] + Array("RRIP_1991A".utf8))

    private static func entry(_ name: String, _ bytes: [UInt8]) -> [UInt8] {
        Array(name.utf8) + [UInt8(truncatingIfNeeded: bytes.count + 4), 1] + bytes
    }

    /// Mode, links, owner, group.
    private static func mode(_ mode: Int) -> [UInt8] { entry("PX", both32(mode) + both32(1) + both32(0) + both32(0)) }

    private static func name(_ name: String) -> [UInt8] { entry("NM", [0] + Array(name.utf8.prefix(nameLimit))) }

    // MARK: numbers and texts

    private static func sectors(_ bytes: Int) -> Int { max(1, (bytes + sector - 1) / sector) }

    private static func digits(_ number: Int) -> String {
        let text = String(number + 1)
        return String(repeating: "0", count: max(0, 4 - text.utf8.count)) + text
    }

    private static func padded(_ bytes: [UInt8], to size: Int) -> [UInt8] {
        bytes + [UInt8](repeating: 0, count: max(0, size - bytes.count))
    }

    private static func text(_ text: String, _ size: Int) -> [UInt8] {
        let bytes = Array(text.utf8.prefix(size))
        return bytes + [UInt8](repeating: UInt8(ascii: " "), count: size - bytes.count)
    }

    private static func little16(_ value: Int) -> [UInt8] { (0..<2).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    private static func little32(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    private static func big16(_ value: Int) -> [UInt8] { little16(value).reversed() }
    private static func big32(_ value: Int) -> [UInt8] { little32(value).reversed() }
    private static func both16(_ value: Int) -> [UInt8] { little16(value) + big16(value) }
    private static func both32(_ value: Int) -> [UInt8] { little32(value) + big32(value) }
}
