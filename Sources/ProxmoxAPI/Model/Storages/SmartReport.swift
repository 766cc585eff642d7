import JSON
package import Primitives
package import Web

/// `/nodes/N/disks/smart`: what smartctl tells of one disk. Of an ATA disk that is a table of attributes, of NVMe and SAS a text.
package struct SmartReport: Sendable {
    package private(set) var temperatureCelsius: Double?
    package private(set) var powerOnHours: Double?
    /// By the host, not by the disk to its cells.
    package private(set) var writtenBytes: Double?
    /// NVMe's, in percent.
    package private(set) var availableSpare: Double?
    /// Of the life that its maker foresaw, in percent; may be more than 100.
    package private(set) var percentageUsed: Double?

    /// What is past these is not read: no disk says as much.
    private static let attributeLimit = 256
    private static let textLimit = 65_536

    init?(_ data: JSONValue) {
        guard data.isObject else { return nil }
        if let attributes = data["attributes"] { read(attributes: attributes) }
        if let text = data["text"]?.text { read(text: text) }
        // Some disks put other figures into the same field.
        if let celsius = temperatureCelsius, !(-100...300).contains(celsius) { temperatureCelsius = nil }
    }

    // MARK: ATA

    private mutating func read(attributes: JSONValue) {
        var written = WrittenBytes()
        var temperatures: [Int: Double] = [:]
        var count = 0
        attributes.forEachElement { row in
            count += 1
            // `"  9"`, as it stands in smartctl's table.
            guard count <= Self.attributeLimit, let id = row["id"]?.text.flatMap({ LeadingNumber($0)?.value }),
                let raw = row["raw"]?.text.flatMap(LeadingNumber.init)
            else { return }
            switch Int(exactly: id) {
            case 9: powerOnHours = powerOnHours ?? raw.nonNegative
            case 190: temperatures[190] = temperatures[190] ?? raw.value
            case 194: temperatures[194] = temperatures[194] ?? raw.value
            case let id?: written.take(id, name: row["name"]?.word ?? "", raw.nonNegative)
            case nil: break
            }
        }
        temperatureCelsius = temperatures[194] ?? temperatures[190]
        writtenBytes = written.bytes
    }

    /// Vendors count in different units under different numbers; the name tells.
    private struct WrittenBytes {
        private var of241: Double?
        private var named: Double?
        private var of246: Double?

        var bytes: Double? { of241 ?? named ?? of246 }

        mutating func take(_ id: Int, name: String, _ raw: Double?) {
            guard let raw else { return }
            // What it writes to its cells, for whatever reason, is another figure.
            let isOfHost = !["NAND", "Flash", "TLC", "SLC"].contains { name.contains($0) }
            guard isOfHost else { return }
            let unit = Self.unit(name)
            if id == 241 {
                if let unit = unit ?? (name == "Total_LBAs_Written" ? 512 : nil) { of241 = of241 ?? raw * unit }
            } else if let unit {
                if name.contains("Write") { named = named ?? raw * unit }
            } else if id == 246 {
                of246 = of246 ?? raw * 512
            }
        }

        private static func unit(_ name: String) -> Double? {
            if name.contains("32MiB") { return 33_554_432 }
            if name.contains("GiB") { return 1_073_741_824 }
            return nil
        }
    }

    // MARK: NVMe and SAS

    private mutating func read(text: String) {
        for line in text.utf8.prefix(Self.textLimit).split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let value = line[line.index(after: colon)...]
            switch String(decoding: line[..<colon].prefix(64), as: UTF8.self) {
            case "Temperature", "Current Drive Temperature":
                temperatureCelsius = temperatureCelsius ?? LeadingNumber(value)?.value
            case "Power On Hours": powerOnHours = powerOnHours ?? LeadingNumber(grouped: value)?.nonNegative
            // A unit is a thousand blocks of 512 bytes.
            case "Data Units Written": writtenBytes = writtenBytes ?? LeadingNumber(grouped: value)?.nonNegative.map { $0 * 512_000 }
            case "Available Spare": availableSpare = availableSpare ?? LeadingNumber(value)?.nonNegative
            case "Percentage Used", "Percentage used endurance indicator":
                percentageUsed = percentageUsed ?? LeadingNumber(value)?.nonNegative
            case "Accumulated power on time, hours": powerOnHours = powerOnHours ?? Self.hours(value)
            default: break
            }
        }
    }

    /// Of `minutes 12345:32`, which is what stands behind `hours:`.
    private static func hours(_ value: Substring.UTF8View) -> Double? {
        let word = "minutes"
        let words = value.drop { $0 == 0x20 }
        return words.starts(with: word.utf8) ? LeadingNumber(words.dropFirst(word.utf8.count))?.nonNegative : nil
    }
}

extension ProxmoxClient {
    /// `/nodes/N/disks/smart`
    ///
    /// - Parameter path: of the disk: `/dev/sda`
    package func smartReport(
        _ node: String, _ path: String, http: HTTPClient, by deadline: Deadline
    ) async throws(ProxmoxError) -> SmartReport {
        try await get(
            "/nodes/\(Self.pathPart(node))/disks/smart?disk=\(percentEncoded(path))", node: node, http: http, by: deadline,
            decode: SmartReport.init)
    }
}
