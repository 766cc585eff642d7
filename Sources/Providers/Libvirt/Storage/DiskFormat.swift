import RPC

/// What the first bytes of a disk image say of it.
struct DiskFormat: Sendable, Equatable {
    /// qcow2 or raw.
    let name: String
    /// What a guest sees; nil of a raw image, which is as large as it is long.
    let capacityBytes: UInt64?

    /// Of these no more is looked at.
    static let headBytes = 112

    private static let compressed: [([UInt8], String)] = [
        ([0x1F, 0x8B], "gzip"), ([0xFD, 0x37, 0x7A, 0x58, 0x5A], "xz"), ([0x28, 0xB5, 0x2F, 0xFD], "zstd"), ([0x50, 0x4B, 3, 4], "zip"),
    ]
    private static let foreign = [
        ("KDMV", "vmdk"), ("COWD", "vmdk"), ("# Disk DescriptorFile", "vmdk"), ("vhdxfile", "vhdx"), ("conectix", "vpc"),
    ]

    /// Refuses what a guest could not start from, and what would let a stranger's image name files of the host.
    ///
    /// - Parameter said: the format that the request says; nil for whichever it is.
    /// - Parameter what: for messages: `the image http://…`.
    static func detect(_ head: [UInt8], said: String?, what: String) throws(RPCError) -> DiskFormat {
        for (magic, format) in compressed where head.starts(with: magic) {
            throw RPCError(.failedPrecondition, "\(what) is compressed (\(format)); unpack it where it is served")
        }
        for (magic, format) in foreign where head.starts(with: magic.utf8) {
            throw RPCError(.unimplemented, "\(what) is \(format); qcow2 and raw are taken: convert it (qemu-img convert -O qcow2)")
        }
        let found =
            try head.starts(with: [0x51, 0x46, 0x49, 0xFB] as [UInt8]) ? qcow2(head, what) : DiskFormat(name: "raw", capacityBytes: nil)
        if let said, said.lowercased() != found.name {
            throw RPCError(.failedPrecondition, "\(what) is \(found.name), and the request says \(said)")
        }
        return found
    }

    private static func qcow2(_ head: [UInt8], _ what: String) throws(RPCError) -> DiskFormat {
        guard head.count >= 72 else { throw RPCError(.failedPrecondition, "\(what) ends within its own head") }
        func number(_ offset: Int, _ size: Int) -> UInt64 {
            head[offset..<min(head.count, offset + size)].reduce(0) { $0 << 8 | UInt64($1) }
        }
        let version = number(4, 4)
        guard version == 2 || version == 3 else {
            throw RPCError(.failedPrecondition, "\(what) is qcow2 of version \(version), which is not known")
        }
        guard number(8, 8) == 0 else {
            throw RPCError(
                .failedPrecondition, "\(what) stands upon another file, which it names itself; flatten it (qemu-img convert -O qcow2)")
        }
        // The third of the incompatible features: data in another file.
        guard version == 2 || head.count >= 80 && number(72, 8) & 4 == 0 else {
            throw RPCError(.failedPrecondition, "\(what) keeps its data in another file; flatten it (qemu-img convert -O qcow2)")
        }
        let capacity = number(24, 8)
        guard capacity > 0, capacity <= 1 << 50 else { throw RPCError(.failedPrecondition, "\(what) says that it has \(capacity) bytes") }
        return DiskFormat(name: "qcow2", capacityBytes: capacity)
    }
}
