import JSON

/// The physical disks of nodes, and what they say of their health.
extension ProxmoxAnswers {
    /// /nodes/N/disks/list
    ///
    /// - Parameter type: `ssd` (with NVMe), `hdd`, `nvme`, `usb`, `unused`; nil for all.
    func disks(_ view: NodeView, isHealthAsked: Bool, type: String?) -> [UInt8] {
        document(reservingBytes: 4096) { json in
            json.array { json in
                for disk in world.disks(of: view.node, at: moment) where type.map({ Self.matches(disk, $0) }) ?? true {
                    json.object { write(disk, isHealthAsked: isHealthAsked, into: &$0) }
                }
            }
        }
    }

    /// /nodes/N/disks/smart; nil when there is no such disk.
    func smart(_ path: String, _ view: NodeView, isHealthOnly: Bool) -> [UInt8]? {
        guard let disk = world.disks(of: view.node, at: moment).first(where: { $0.path == path }) else { return nil }
        return document(reservingBytes: 4096) { json in
            json.object { json in
                json.member("health", Self.health(disk))
                guard !isHealthOnly, disk.kind != .usb else { return }
                if disk.kind == .nvme {
                    json.member("type", "text")
                    json.member("text", log(of: disk, view.node))
                    json.member("wearout", 100 - disk.wear)
                } else {
                    json.member("type", "ata")
                    json.key("attributes")
                    json.array { json in for attribute in attributes(of: disk, view.node) { attribute.write(into: &json) } }
                }
            }
        }
    }

    private static func matches(_ disk: Disk, _ type: String) -> Bool {
        switch type {
        case "unused": disk.use == nil
        case "journal_disks": disk.use == nil || disk.kind == .nvme
        case "ssd": disk.kind == .ssd || disk.kind == .nvme
        default: disk.kind.rawValue == type
        }
    }

    /// As smartctl says it. A stick says nothing.
    private static func health(_ disk: Disk) -> String { disk.kind == .usb ? "UNKNOWN" : disk.isHealthy ? "PASSED" : "FAILED!" }

    private func write(_ disk: Disk, isHealthAsked: Bool, into json: inout JSONWriter) {
        json.member("devpath", disk.path)
        json.member("type", disk.kind.rawValue)
        json.member("model", disk.model)
        json.member("vendor", disk.vendor)
        json.member("serial", disk.serial)
        json.member("wwn", disk.wwn)
        json.member("size", disk.bytes)
        json.member("gpt", disk.use == "ZFS" ? 1 : 0)
        json.member("osdid", -1)
        json.key("osdid-list")
        json.null()
        if let use = disk.use { json.member("used", use) }
        if let link = disk.link { json.member("by_id_link", link) }
        // What turns says how fast, in a text.
        if disk.kind == .hdd { json.member("rpm", "7200") } else { json.member("rpm", 0) }
        json.member("health", isHealthAsked ? Self.health(disk) : "UNKNOWN")
        if isHealthAsked, disk.kind == .ssd || disk.kind == .nvme {
            json.member("wearout", 100 - disk.wear)
        } else {
            json.member("wearout", "N/A")
        }
    }

    // MARK: what smartctl prints

    /// The part of it that the API passes on: all that comes after the line about health.
    private func log(of disk: Disk, _ node: Node) -> String {
        let written = world.writtenBytes(of: disk, at: moment) / 512_000
        let (temperature, hours) = (world.temperature(of: disk, node, at: moment), world.hours(of: disk, at: moment))
        func units(_ count: Int) -> String {
            let tenths = count * 512_000 / 100_000_000_000
            return "\(Self.grouped(count)) [\(tenths / 10).\(tenths % 10) TB]"
        }
        let lines = [
            ("Critical Warning", "0x00"), ("Temperature", "\(temperature) Celsius"), ("Available Spare", "100%"),
            ("Available Spare Threshold", "10%"), ("Percentage Used", "\(disk.wear)%"), ("Data Units Read", units(written / 3 * 2)),
            ("Data Units Written", units(written)), ("Host Read Commands", Self.grouped(written * 31)),
            ("Host Write Commands", Self.grouped(written * 47)), ("Controller Busy Time", Self.grouped(hours / 9)), ("Power Cycles", "23"),
            ("Power On Hours", Self.grouped(hours)), ("Unsafe Shutdowns", "5"), ("Media and Data Integrity Errors", "0"),
            ("Error Information Log Entries", "0"), ("Warning  Comp. Temperature Time", "0"), ("Critical Comp. Temperature Time", "0"),
            ("Temperature Sensor 1", "\(temperature) Celsius"), ("Temperature Sensor 2", "\(temperature + 8) Celsius"),
        ]
        return "\nSMART/Health Information (NVMe Log 0x02, NSID 0xffffffff)\n"
            + lines.map { "\($0):\(String(repeating: " ", count: max(1, 35 - $0.utf8.count)))\($1)\n" }.joined() + "\n"
    }

    /// `12,345,678`
    private static func grouped(_ number: Int) -> String {
        let digits = Array("\(number)")
        return digits.enumerated().reduce(into: "") { text, digit in
            if digit.offset > 0, (digits.count - digit.offset) % 3 == 0 { text.append(",") }
            text.append(digit.element)
        }
    }

    private struct Attribute {
        let id: Int
        let name: String
        let flags: String
        let value: Int
        let threshold: Int
        var fail = "-"
        let raw: String

        func write(into json: inout JSONWriter) {
            json.object { json in
                json.member("id", String(repeating: " ", count: max(0, 3 - "\(id)".utf8.count)) + "\(id)")
                json.member("name", name)
                json.member("flags", flags)
                json.member("value", value)
                json.member("normalized", value)
                json.member("worst", value)
                json.member("threshold", threshold)
                json.member("fail", fail)
                json.member("raw", raw)
            }
        }
    }

    private func attributes(of disk: Disk, _ node: Node) -> [Attribute] {
        let (temperature, hours) = (world.temperature(of: disk, node, at: moment), world.hours(of: disk, at: moment))
        let blocks = world.writtenBytes(of: disk, at: moment) / 512
        let reallocated = Attribute(
            id: 5, name: "Reallocated_Sector_Ct", flags: "PO--CK", value: disk.isHealthy ? 100 : 1, threshold: 10,
            fail: disk.isHealthy ? "-" : "NOW", raw: disk.isHealthy ? "0" : "41016")
        let worn = max(1, 100 - hours / 900)
        if disk.kind == .ssd {
            return [
                reallocated, Attribute(id: 9, name: "Power_On_Hours", flags: "-O--CK", value: worn, threshold: 0, raw: "\(hours)"),
                Attribute(id: 12, name: "Power_Cycle_Count", flags: "-O--CK", value: 100, threshold: 0, raw: "31"),
                Attribute(
                    id: 190, name: "Airflow_Temperature_Cel", flags: "-O---K", value: 100 - temperature, threshold: 0,
                    raw: "\(temperature) (Min/Max 19/48)"),
                Attribute(id: 194, name: "Temperature_Celsius", flags: "-O---K", value: 100, threshold: 0, raw: "\(temperature)"),
                Attribute(id: 232, name: "Available_Reservd_Space", flags: "PO--CK", value: 100, threshold: 10, raw: "0"),
                Attribute(id: 233, name: "Media_Wearout_Indicator", flags: "-O--CK", value: 100 - disk.wear, threshold: 0, raw: "0"),
                Attribute(id: 241, name: "Total_LBAs_Written", flags: "-O--CK", value: 100, threshold: 0, raw: "\(blocks)"),
            ]
        }
        return [
            Attribute(id: 1, name: "Raw_Read_Error_Rate", flags: "POSR--", value: 82, threshold: 44, raw: "155621344"),
            Attribute(id: 3, name: "Spin_Up_Time", flags: "PO----", value: 91, threshold: 0, raw: "0"), reallocated,
            // Some disks count less than hours.
            Attribute(
                id: 9, name: "Power_On_Hours", flags: "-O--CK", value: worn, threshold: 0,
                raw: disk.path.hasSuffix("b") ? "\(hours)h+12m+03.456s" : "\(hours)"),
            Attribute(
                id: 194, name: "Temperature_Celsius", flags: "-O---K", value: temperature, threshold: 0, raw: "\(temperature) (0 18 0 0 0)"),
            Attribute(id: 197, name: "Current_Pending_Sector", flags: "-O--C-", value: 100, threshold: 0, raw: "0"),
            Attribute(id: 199, name: "UDMA_CRC_Error_Count", flags: "-OSRCK", value: 200, threshold: 0, raw: "0"),
            Attribute(id: 241, name: "Total_LBAs_Written", flags: "------", value: 100, threshold: 0, raw: "\(blocks)"),
        ]
    }
}
