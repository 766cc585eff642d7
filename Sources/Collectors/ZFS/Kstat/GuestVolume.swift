/// Which guest a dataset belongs to, by its name: Proxmox VE names them `vm-204-disk-0`, `base-100-disk-1`, `subvol-110-disk-0`,
/// `basevol-111-disk-0`, `vm-204-cloudinit`, `vm-204-state-before`.
struct GuestVolume: Sendable, Equatable {
    /// As the Proxmox metrics have it in their label.
    let vmid: String
    /// What stands behind the number: `disk-0`.
    let disk: String

    private static let prefixes = ["vm-", "base-", "subvol-", "basevol-"]

    /// Nil when the last part of the name is not that of a guest's volume.
    init?(dataset: String) {
        let parts = dataset.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count > 1, let last = parts.last.flatMap({ String($0) }), let prefix = Self.prefixes.first(where: last.hasPrefix) else {
            return nil
        }
        let words = last.dropFirst(prefix.count).split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard words.count == 2, (3...9).contains(words[0].utf8.count), words[0].utf8.first != UInt8(ascii: "0"),
            words[0].utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        // A snapshot is none of the guest's disks, whatever reads it.
        let isVolume = !words[1].isEmpty && words[1].utf8.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "@") }
        guard isVolume else { return nil }
        vmid = String(words[0])
        disk = String(words[1])
    }
}
