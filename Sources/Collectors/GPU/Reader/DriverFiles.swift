import Primitives

/// What the driver's own files say of cards, also of those that answer no more.
struct DriverFiles {
    struct Card: Equatable {
        var uuid = ""
        /// As NVML writes it.
        var busID = ""
        var name = ""
    }

    static let folder = "/proc/driver/nvidia/gpus"
    private static let limit = 1000
    private let path: String

    init(fileSystemRoot: String) { path = fileSystemRoot + Self.folder }

    /// Places on the bus; nil when there is no driver that tells.
    var places: [String]? { Files.names(in: path, limit: Self.limit)?.sorted() }

    /// In the order of the bus, which is NVML's.
    var cards: [Card] {
        (places ?? []).map { place in
            var card = Card(busID: Self.busID(place))
            guard let bytes = try? Files.read("\(path)/\(place)/information", limitBytes: 1 << 16) else { return card }
            for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
                guard let colon = line.firstIndex(of: ":") else { continue }
                let value = plainLine(
                    String(line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }), limit: ReaderLine.textBytes)
                switch line[..<colon].drop(while: { $0 == " " }) {
                case "Model": card.name = value
                // Of a card that never worked the driver has question marks.
                case "GPU UUID": card.uuid = value.contains("?") ? "" : value
                default: break
                }
            }
            return card
        }
    }

    /// `00000000:18:00.0` of `0000:18:00.0`.
    private static func busID(_ place: String) -> String {
        let text = plainLine(place, limit: 32).uppercased()
        guard let colon = text.firstIndex(of: ":") else { return text }
        let domain = text[..<colon]
        return String(repeating: "0", count: max(0, 8 - domain.utf8.count)) + text
    }
}
