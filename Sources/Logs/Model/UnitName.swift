/// The value of the label `unit`.
///
/// Each login, guest and call of systemd-run has a unit of its own, and each value of a label is a stream of its own. So they have one value
/// together: instances that of their template, the others a word. alloy/config.alloy has the same rules.
enum UnitName {
    private static let oneWord: Set<Substring> = ["scope", "slice", "mount", "automount", "swap", "device"]

    static func label(_ unit: String) -> String {
        if unit == "init.scope" { return unit }
        guard let dot = unit.lastIndex(of: "."), dot > unit.startIndex else { return unit }
        let kind = unit[unit.index(after: dot)...]
        if oneWord.contains(kind) { return String(kind) }
        if unit.hasPrefix("dbus-:") || unit.hasPrefix("run-") || isHexadecimal(unit.utf8.prefix(12)) { return "transient" }
        if let at = unit.firstIndex(of: "@"), at > unit.startIndex, unit.index(after: at) < dot { return "\(unit[...at]).\(kind)" }
        return unit
    }

    private static func isHexadecimal(_ bytes: Substring.UTF8View.SubSequence) -> Bool {
        bytes.count == 12 && bytes.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
