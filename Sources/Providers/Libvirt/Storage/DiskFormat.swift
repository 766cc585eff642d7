import RPC

/// What the first bytes of a disk image say of it.
struct DiskFormat: Sendable, Equatable {
    /// qcow2 or raw.
    let name: String
    /// What a guest sees; nil of a raw image, which is as large as it is long.
    let capacityBytes: UInt64?

    /// The formats that disks are made in and from. What is neither is refused, known or not.
    static let known: Set<String> = ["qcow2", "raw"]

    /// Of these no more is looked at: the last byte is the end of an ISO 9660 file system's mark.
    static let headBytes = 32_774

    private static let compressed: [([UInt8], String)] = [
        ([0x1F, 0x8B], "gzip"), ([0xFD, 0x37, 0x7A, 0x58, 0x5A], "xz"), ([0x28, 0xB5, 0x2F, 0xFD], "zstd"), ([0x50, 0x4B, 3, 4], "zip"),
    ]
    /// Formats that QEMU or libvirt tell from a raw disk by these bytes, and some of which name other files: what is taken for raw has none of them.
    private static let foreign: [(place: Int, mark: [UInt8], name: String)] = [
        (0, Array("KDMV".utf8), "vmdk"), (0, Array("COWD".utf8), "vmdk"), (0, Array("# Disk DescriptorFile".utf8), "vmdk"),
        (0, Array("vhdxfile".utf8), "vhdx"), (0, Array("conectix".utf8), "vpc"), (0, Array("QED\0".utf8), "qed"),
        (64, [0x7F, 0x10, 0xDA, 0xBE], "vdi"), (0, Array("OOOM".utf8), "cow"), (0, Array("WithoutFreeSpace".utf8), "parallels"),
        (0, Array("WithouFreSpacExt".utf8), "parallels"), (0, Array("Bochs Virtual HD Image".utf8), "bochs"),
        (0, [0x4C, 0x55, 0x4B, 0x53, 0xBA, 0xBE], "luks"), (0, Array("#!/bin/sh\n#V2.0 Format\n".utf8), "cloop"),
        (0x8001, Array("CD001".utf8), "iso"),
    ]

    /// Refuses what a guest could not start from, and what would let a stranger's image name files of the host.
    ///
    /// - Parameter said: the format that the request says; nil for whichever it is.
    /// - Parameter what: for messages: `the image http://…`.
    static func detect(_ head: [UInt8], said: String?, what: String) throws(RPCError) -> DiskFormat {
        for (magic, format) in compressed where head.starts(with: magic) {
            throw RPCError(.failedPrecondition, "\(what) is compressed (\(format)); unpack it where it is served")
        }
        for (place, mark, format) in foreign where head.dropFirst(place).starts(with: mark) {
            throw RPCError(.unimplemented, "\(what) is \(format); qcow2 and raw are taken: convert it (qemu-img convert -O qcow2)")
        }
        // What libvirt makes of it is asked besides, where it is used: a disk is raw when neither finds anything else.
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
