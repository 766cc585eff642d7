import Primitives

/// What of NVIDIA's is in this machine, as the kernel tells it.
package struct GPUPresence: Sendable, Equatable {
    package var isDriverLoaded = false
    /// Cards on the bus, without those that are passed through to virtual machines.
    package var cards = 0

    /// Whether there is something that NVML should tell of.
    package var isThere: Bool { isDriverLoaded || cards > 0 }

    package init() {}

    private static let deviceLimit = 4096

    package init(fileSystemRoot: String) {
        isDriverLoaded = Files.exists(fileSystemRoot + "/proc/driver/nvidia/version")
        let folder = fileSystemRoot + "/sys/bus/pci/devices"
        for name in Files.names(in: folder, limit: Self.deviceLimit) ?? [] {
            let device = "\(folder)/\(name)"
            // A display controller: for monitors, or for computing alone.
            guard Self.word("\(device)/vendor") == "0x10de", Self.word("\(device)/class").hasPrefix("0x03") else { continue }
            guard Files.linkTarget("\(device)/driver")?.hasSuffix("/vfio-pci") != true else { continue }
            // A virtual function is a part of a card.
            if Files.exists("\(device)/physfn") { continue }
            cards += 1
        }
    }

    private static func word(_ path: String) -> String {
        guard let bytes = try? Files.read(path, limitBytes: 64) else { return "" }
        return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace).first.map(String.init) ?? ""
    }
}
