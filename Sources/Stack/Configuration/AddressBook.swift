import Primitives
import Web

/// The addresses as the shipped files write them, and what stands in their place.
struct AddressBook {
    private let entries: [(shipped: [UInt8], actual: [UInt8])]

    /// The replacements that a plan asks for.
    init(_ plan: StackPlan) {
        let webhook = plan.webhookURL?.reveal() ?? "\(plan.webhook.address.url())/alerts"
        let pairs = [
            ("http://127.0.0.1:9099/alerts", webhook),
            ("http://127.0.0.1:3000", plan.dashboardsURL),
            ("127.0.0.1:9090", plan.prometheus.address.reachable),
            ("127.0.0.1:9093", plan.alertmanager.address.reachable),
            ("127.0.0.1:9100", plan.nodeExporter.address.reachable),
            ("127.0.0.1:9221", plan.exporter.address.reachable),
            ("127.0.0.1:8000", plan.discovery.address.reachable),
        ]
        self.init(pairs: pairs)
    }

    /// - Parameter pairs: what is shipped, and what stands in its place; of two that fit at a place the first is taken.
    init(pairs: [(String, String)]) { entries = pairs.map { (Array($0.0.utf8), Array($0.1.utf8)) } }

    /// The text with every shipped address replaced, in one pass, so that no replacement is replaced again.
    func replaced(in text: String) -> String {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            guard let entry = entries.first(where: { Self.stands($0.shipped, in: bytes, at: index) }) else {
                result.append(bytes[index])
                index += 1
                continue
            }
            // A scalar of YAML that begins with a bracket must be quoted.
            let quotes = entry.actual.first == UInt8(ascii: "[") && result.last == UInt8(ascii: " ")
            result += quotes ? [0x27] + entry.actual + [0x27] : entry.actual
            index += entry.shipped.count
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// Whether the address stands there as a whole: `127.0.0.1:90901` and `227.0.0.1:9090` are others.
    private static func stands(_ address: [UInt8], in bytes: [UInt8], at index: Int) -> Bool {
        let end = index + address.count
        guard end <= bytes.count, bytes[index..<end].elementsEqual(address) else { return false }
        func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
        return !(index > 0 && isDigit(bytes[index - 1])) && !(end < bytes.count && isDigit(bytes[end]))
    }
}
