import Primitives

/// Whom a process belongs to, as an operator names it. All texts are valid UTF-8, short, and without control characters.
package struct Owner: Sendable, Hashable {
    package enum Kind: String, Sendable, CaseIterable {
        /// A virtual machine of QEMU.
        case vm
        /// A guest of LXC.
        case lxc
        /// A container of Docker, Podman, containerd, CRI-O or systemd-nspawn.
        case container
        /// A unit of systemd.
        case unit
        /// None of these: the machine itself.
        case host
    }

    package let kind: Kind
    /// The vmid of a guest of Proxmox, the UUID of another VM, the name of another LXC guest, the 64 digits of a container, the name of a
    /// unit; empty for the host and `kernel` for its own threads.
    package let id: String
    /// Never empty: where there is no name, the id stands for it, of a container its first twelve digits.
    package let name: String
    /// What runs within, where it is known: the first twelve digits of a container in a guest or in another container, a unit in a guest.
    package let inner: String

    package init(_ kind: Kind, id: String, name: String, inner: String = "") {
        self.kind = kind
        self.id = shortLine(id)
        self.name = shortLine(name)
        self.inner = shortLine(inner)
    }

    /// A process that is nobody's but the machine's.
    package static let host = Owner(.host, id: "", name: "host")
    /// A thread of the kernel.
    package static let kernel = Owner(.host, id: "kernel", name: "kernel")
}

/// What no name needs, and what could make a terminal or a page show the rest of a line elsewhere or backwards: controls, ends of lines, marks of direction.
private func isInvisible(_ letter: Unicode.Scalar) -> Bool {
    switch letter.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator: true
    case .format: letter.properties.isBidiControl
    default: false
    }
}

/// The text on one line of at most `limit` bytes, cut between characters: it may come from a guest, an image or whoever names containers.
package func shortLine(_ text: String, limit: Int = 128) -> String {
    if text.utf8.count <= limit, text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
    var line = ""
    var count = 0
    for letter in text.unicodeScalars {
        let kept = isInvisible(letter) ? " " : letter
        count += UTF8.width(kept)
        guard count <= limit else { break }
        line.unicodeScalars.append(kept)
    }
    return line
}
