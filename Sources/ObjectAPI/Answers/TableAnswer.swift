import Objects
import Primitives

/// Kubernetes' `Table` (meta.k8s.io/v1): what a person reads of objects, made here so that a client needs to know no kind.
struct TableAnswer: Sendable {
    let columns: [Column]
    /// How much of each object goes with its row: `Metadata`, `Object` or `None`.
    let includesObject: String
    let now: Double

    func table(_ objects: some Sequence<APIObject>, resourceVersion: String) -> ObjectValue {
        [
            "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": ["resourceVersion": .text(resourceVersion)],
            "columnDefinitions": .list(columns.map(\.definition)), "rows": .list(objects.map(row)),
        ]
    }

    private func row(_ object: APIObject) -> ObjectValue {
        var row = ObjectMembers([("cells", .list(columns.map { $0.shown(of: object, now: now) }))])
        switch includesObject {
        case "None": break
        case "Object": row["object"] = object.value
        default:
            row["object"] = ["kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object.metadata.value]
        }
        return .members(row)
    }
}

extension Column {
    static let objectName = Column("Name", ".metadata.name", "Unique within a namespace.")

    var definition: ObjectValue {
        [
            // A date is a text by the time that it is in a cell.
            "name": .text(name), "type": .text(form == .date ? Form.text.rawValue : form.rawValue), "description": .text(description),
            "format": .text(path == ".metadata.name" ? "name" : ""), "priority": .whole(Int64(priority)),
        ]
    }

    func shown(of object: APIObject, now: Double) -> ObjectValue {
        let cell = cell(of: object)
        guard form == .date else { return cell ?? .null }
        guard let text = cell?.text else { return "<unknown>" }
        return .text(unixSeconds(ofTimestamp: text).map { ageText(now - $0) } ?? "<invalid>")
    }
}

/// Seconds since 1970 of an RFC 3339 time in UTC, a fraction left out; nil for another text.
func unixSeconds(ofTimestamp text: String) -> Double? {
    let bytes = Array(text.utf8)
    guard bytes.count >= 20, bytes.last == UInt8(ascii: "Z"), bytes[10] == UInt8(ascii: "T") else { return nil }
    return CivilTime(parsing: String(decoding: bytes[..<10] + [UInt8(ascii: " ")] + bytes[11..<19], as: UTF8.self))?.unixSeconds
}

/// A length of time as kubectl shows ages: `5d`, `3h12m`, `45s`.
func ageText(_ seconds: Double) -> String {
    let seconds = Int(seconds.clamped(to: -1...1e12))
    let (minutes, hours) = (seconds / 60, seconds / 3600)
    func both(_ large: Int, _ one: String, _ small: Int, _ other: String) -> String {
        small == 0 ? "\(large)\(one)" : "\(large)\(one)\(small)\(other)"
    }
    switch seconds {
    case ..<0: return "0s"
    case ..<120: return "\(seconds)s"
    case ..<600: return both(minutes, "m", seconds % 60, "s")
    case ..<10_800: return "\(minutes)m"
    case ..<28_800: return both(hours, "h", minutes % 60, "m")
    case ..<172_800: return "\(hours)h"
    case ..<691_200: return both(hours / 24, "d", hours % 24, "h")
    case ..<63_072_000: return "\(hours / 24)d"
    case ..<252_288_000: return both(hours / 8760, "y", hours / 24 % 365, "d")
    default: return "\(hours / 8760)y"
    }
}
