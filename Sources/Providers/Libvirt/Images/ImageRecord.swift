import JSON
import Primitives

/// What is known of a prepared image. It lies in the pool beside it, and is written twice: before the first byte of the image, and when all of it is there
/// and has been verified. So nobody takes an image for whole that is not.
struct ImageRecord: Sendable, Equatable {
    /// Behind the image's name.
    static let suffix = ".martlet"
    static let limitBytes = 64 << 10

    var isReady: Bool
    /// Who makes it, or made it.
    var operation: String
    /// Without what may be secret; empty for one that somebody else had put there.
    var source: String
    /// The volume that has the bytes; empty for the one of the image's own name.
    var volume = ""
    /// SHA-256 of what it came from, all of it: the whole address, and the headers that it was asked for with. Empty where that is not known.
    var identity = ""
    /// When the file had been written last whose digests these are, of one that somebody else had put there; empty where that is not known.
    var modified = ""
    /// qcow2 or raw.
    var format: String
    /// Of the file.
    var bytes: Int
    /// By algorithm, in hex.
    var digests: [String: String]

    /// Of a record that is larger than any of ours: of its image nothing is believed.
    static let unreadable = ImageRecord(isReady: false, operation: "", source: "", format: "", bytes: 0, digests: [:])

    /// Whether bytes may be written over: a record, or one that was begun. Everything else somebody has called so.
    static func isOurs(_ bytes: [UInt8]) -> Bool {
        ImageRecord(bytes) != nil || bytes.starts(with: "{\"ready\"".utf8) || bytes.allSatisfy { $0 == 0 }
    }

    private static func cut(_ source: String) -> String {
        guard source.utf8.count > ImageURL.limitBytes else { return source }
        return String(decoding: source.utf8.prefix(ImageURL.limitBytes), as: UTF8.self) + "…"
    }

    var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { object in
            object.member("ready", isReady)
            object.member("operation", operation)
            object.member("source", source)
            if !volume.isEmpty { object.member("volume", volume) }
            if !identity.isEmpty { object.member("identity", identity) }
            if !modified.isEmpty { object.member("modified", modified) }
            object.member("format", format)
            object.member("bytes", bytes)
            object.key("digests")
            object.object { digests in
                for (name, hex) in self.digests.sorted(by: { $0.key < $1.key }) {
                    digests.key(text: name)
                    digests.string(hex)
                }
            }
        }
        // A pool may round volumes up; what is behind the last brace is not read.
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    /// The same, as long as a record that is written over it will be.
    var padded: [UInt8] {
        let bytes = json
        return bytes + [UInt8](repeating: UInt8(ascii: "\n"), count: -bytes.count & (Self.stepBytes - 1))
    }

    private static let stepBytes = 4096

    init(
        isReady: Bool, operation: String, source: String, volume: String = "", identity: String = "", modified: String = "", format: String,
        bytes: Int,
        digests: [String: String]
    ) {
        self.isReady = isReady
        self.operation = operation
        self.source = Self.cut(source)
        self.volume = volume
        self.identity = identity
        self.modified = modified
        self.format = format
        self.bytes = bytes
        self.digests = digests
    }

    /// nil for what is no record: a volume that somebody else calls so.
    init?(_ bytes: [UInt8]) {
        guard let end = bytes.lastIndex(of: UInt8(ascii: "}")), let document = try? JSONDocument(parsing: Array(bytes[...end])) else {
            return nil
        }
        let read: ImageRecord? = document.withRoot { root in
            guard let isReady = root["ready"]?.flag, let operation = root["operation"]?.text else { return nil }
            var digests: [String: String] = [:]
            root["digests"]?.forEachMember { name, value in digests[name.text] = value.text }
            return ImageRecord(
                isReady: isReady, operation: operation, source: root["source"]?.text ?? "", volume: root["volume"]?.text ?? "",
                identity: root["identity"]?.text ?? "", modified: root["modified"]?.text ?? "", format: root["format"]?.text ?? "",
                bytes: root["bytes"]?.integer ?? 0,
                digests: digests)
        }
        guard let read else { return nil }
        self = read
    }
}
