/// A value of Proxmox VE's configuration that holds several: `local-zfs:vm-100-disk-0,iothread=1,size=32G`.
struct PropertyText {
    /// What stands before the first comma without a name: the volume of a disk, the address of a card.
    let first: String?
    private let named: [String: String]

    init(_ text: String) {
        var first: String?
        var named: [String: String] = [:]
        for (position, part) in text.split(separator: ",").enumerated() {
            if let sign = part.firstIndex(of: "=") {
                named[String(part[..<sign])] = String(part[part.index(after: sign)...])
            } else if position == 0 {
                first = String(part)
            }
        }
        self.first = first
        self.named = named
    }

    subscript(name: String) -> String? { named[name] }
}
