import ProviderRPC
import Web

/// Several digests of the same bytes.
struct Digests: ~Copyable {
    private var sha256: ContentDigest?
    private var other: ContentDigest?
    private let otherName: String?

    /// SHA-256 is always among them.
    init(_ algorithms: [Checksum.Algorithm]) {
        sha256 = ContentDigest("sha256")
        otherName = algorithms.first { $0 != .sha256 }?.rawValue
        other = otherName.flatMap { ContentDigest($0) }
    }

    mutating func add(_ bytes: [UInt8]) {
        sha256?.add(bytes)
        other?.add(bytes)
    }

    consuming func hex() -> [String: String] {
        var all: [String: String] = [:]
        if let hex = sha256?.hex() { all["sha256"] = hex }
        if let otherName, let hex = other?.hex() { all[otherName] = hex }
        return all
    }
}
