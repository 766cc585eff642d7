/// What the path of a control group says of who is in it.
///
/// The outermost guest or container counts: what runs in a guest is the guest's, whatever the guest calls it. A name counts only where root
/// makes groups of that name: below a user's slice, and below a unit, whoever the group was given to calls groups what he likes.
package struct CgroupPlace: Sendable, Hashable {
    package let kind: Owner.Kind
    /// As of `Owner`, without the user; of a VM without a vmid the name of its machine.
    package let id: String
    /// Of a container that a user has made in his own slice, his number; empty for what is the machine's. Such an id is only that user's word.
    package let user: String
    /// Who made it: docker, podman, containerd, cri-o, nspawn, lxc; empty if the path does not say.
    package let runtime: String
    /// As of `Owner`.
    package let inner: String
    /// It holds the process that looks after the container or guest, not what runs in it.
    package let isMonitor: Bool
    /// How many parts of the path lead to the group that is the owner's as a whole.
    package let depth: Int

    /// Unlike any other's: `user@1000/f45d…` of a user's container.
    package var ownerID: String { user.isEmpty ? id : "user@\(user)/\(id)" }

    /// A longer path than any kernel gives is cut.
    private static let depthLimit = 64
    private static let units = [".service", ".scope", ".socket", ".mount", ".swap"]

    package init(path: String) {
        self = Self.place(path.split(separator: "/", maxSplits: Self.depthLimit, omittingEmptySubsequences: true).prefix(Self.depthLimit))
    }

    private init(
        _ kind: Owner.Kind, _ id: some StringProtocol, user: Substring = "", runtime: String = "", inner: String = "",
        isMonitor: Bool = false, depth: Int
    ) {
        self.kind = kind
        self.id = String(id)
        self.user = String(user)
        self.runtime = runtime
        self.inner = inner
        self.isMonitor = isMonitor
        self.depth = depth
    }

    static let host = CgroupPlace(.host, "", depth: 0)

    /// Of several paths of one process (version 1 has one for each controller), the one that says most. What a user says comes after what the
    /// machine says.
    static func best(_ places: [CgroupPlace]) -> CgroupPlace {
        func rank(_ place: CgroupPlace) -> Int {
            switch place.kind {
            case .host: 0
            case .unit: 1
            case .vm, .lxc, .container: place.user.isEmpty ? 3 : 2
            }
        }
        return places.max { rank($0) < rank($1) } ?? .host
    }

    private static func place(_ all: ArraySlice<Substring>) -> CgroupPlace {
        // From within a control group namespace, what lies beside it begins with dots, and folders above both are not named.
        let parts = all.drop { $0 == ".." }
        let isPartial = parts.startIndex != all.startIndex
        if parts.first == "user.slice" || parts.first == "user" { return userPlace(parts, from: all.startIndex) }
        for index in parts.indices {
            if let guest = guest(parts, index, isPartial: isPartial) {
                return place(parts, guest, at: index, from: all.startIndex)
            }
            guard isUnit(parts[index]) else { continue }
            // What is below was made by whoever the unit runs as, but for what Podman and containerd make in units of their own.
            if let guest = containerOfUnit(parts, index) { return place(parts, guest, at: index + 1, from: all.startIndex) }
            break
        }
        return unit(parts)
    }

    private static func place(
        _ parts: ArraySlice<Substring>, _ guest: Guest, at index: Int, from start: Int, user: Substring = ""
    ) -> CgroupPlace {
        let rest = parts[min(index + guest.length, parts.endIndex)...]
        return CgroupPlace(
            guest.kind, guest.id, user: user, runtime: guest.runtime, inner: inner(rest, of: guest.kind), isMonitor: guest.isMonitor,
            depth: index + guest.length - start)
    }

    /// `user.slice/user-1000.slice/user@1000.service/…`, and `user/NAME/…` of systems without systemd. Root's own is the machine's.
    private static func userPlace(_ parts: ArraySlice<Substring>, from start: Int) -> CgroupPlace {
        guard parts.count > 2 else { return unit(parts) }
        let second = parts[parts.startIndex + 1]
        let name = second.dropping(prefix: "user-")?.dropping(suffix: ".slice") ?? second
        let user = name == "0" || name == "root" ? "" : name
        for index in parts.indices.dropFirst(2) {
            if let guest = container(parts, index) { return place(parts, guest, at: index, from: start, user: user) }
        }
        return unit(parts)
    }

    private static func isUnit(_ part: Substring) -> Bool {
        units.contains { part.hasSuffix($0) && part.utf8.count > $0.utf8.count }
    }

    private struct Guest {
        var kind: Owner.Kind
        var id: String
        var runtime: String
        var isMonitor = false
        /// In parts of the path.
        var length = 1
    }

    /// The guest or container that begins at a part, which no unit and no user's slice stands before.
    private static func guest(_ parts: ArraySlice<Substring>, _ index: Int, isPartial: Bool) -> Guest? {
        let part = parts[index]
        let isFirst = index == parts.startIndex
        if isFirst, let guest = guestOfRoot(part, index + 1 < parts.endIndex ? parts[index + 1] : nil) { return guest }
        if let container = container(parts, index) { return container }
        let isMachine =
            isFirst
            ? isPartial : ["machine.slice", "machine"].contains(parts[parts.startIndex]) && !parts[..<index].contains(where: isUnit)
        return isMachine ? machine(part) : nil
    }

    /// Guests whose groups are made at the root of the hierarchy.
    private static func guestOfRoot(_ part: Substring, _ next: Substring?) -> Guest? {
        switch part {
        case "lxc", "lxc.payload", "lxc.monitor":
            guard let next, containerID(next) == nil else { return nil }
            return Guest(kind: .lxc, id: String(next), runtime: "lxc", isMonitor: part == "lxc.monitor", length: 2)
        case "qemu.slice":
            guard let next, let vmid = next.dropping(suffix: ".scope"), vmid.utf8.count < 10, vmid.utf8.allSatisfy(isDigit), !vmid.isEmpty
            else { return nil }
            return Guest(kind: .vm, id: String(vmid), runtime: "proxmox", length: 2)
        default: break
        }
        for (prefix, isMonitor) in [("lxc.payload.", false), ("lxc.monitor.", true)] {
            if let name = part.dropping(prefix: prefix), !name.isEmpty {
                return Guest(kind: .lxc, id: String(name), runtime: "lxc", isMonitor: isMonitor)
            }
        }
        return nil
    }

    private static func container(_ parts: ArraySlice<Substring>, _ index: Int) -> Guest? {
        let before = index > parts.startIndex ? parts[index - 1] : nil
        guard let container = containerID(parts[index]) else { return nil }
        // Podman's pods have an id of the same form, and their containers are in them.
        if container.prefix.isEmpty, before == "libpod_parent" { return nil }
        return Guest(
            kind: .container, id: String(container.id), runtime: runtime(container.prefix, before),
            isMonitor: container.prefix.contains("conmon"))
    }

    /// Podman's container in the unit that starts it, and containerd's where the kubelet has it make groups in its own.
    private static func containerOfUnit(_ parts: ArraySlice<Substring>, _ index: Int) -> Guest? {
        guard index + 1 < parts.endIndex, !parts[index].hasPrefix("user@"), let id = containerID(parts[index + 1]) else { return nil }
        let isKnown = id.prefix == "libpod-payload-" || parts[index] == "containerd.service" && id.prefix.hasSuffix(":cri-containerd:")
        return isKnown ? container(parts, index + 1) : nil
    }

    /// What machined and libvirt make.
    private static func machine(_ part: Substring) -> Guest? {
        if let name = part.dropping(prefix: "systemd-nspawn@")?.dropping(suffix: ".service"), !name.isEmpty {
            return Guest(kind: .container, id: unescaped(name), runtime: "nspawn")
        }
        if let name = part.dropping(suffix: ".libvirt-qemu"), !name.isEmpty {
            return Guest(kind: .vm, id: withoutNumber(name, "qemu-"), runtime: "libvirt")
        }
        if let name = part.dropping(suffix: ".libvirt-lxc"), !name.isEmpty {
            return Guest(kind: .lxc, id: withoutNumber(name, "lxc-"), runtime: "libvirt")
        }
        guard let escaped = part.dropping(prefix: "machine-")?.dropping(suffix: ".scope"), !escaped.isEmpty else { return nil }
        let name = unescaped(escaped)
        if name.hasPrefix("qemu-") { return Guest(kind: .vm, id: withoutNumber(name, "qemu-"), runtime: "libvirt") }
        if name.hasPrefix("lxc-") { return Guest(kind: .lxc, id: withoutNumber(name, "lxc-"), runtime: "libvirt") }
        return Guest(kind: .container, id: name, runtime: "nspawn")
    }

    /// The unit that the processes are of, and of those of a user whose.
    private static func unit(_ parts: ArraySlice<Substring>) -> CgroupPlace {
        let first = parts.firstIndex(where: isUnit)
        if let first, parts[first].hasPrefix("user@"), parts[first].hasSuffix(".service") {
            // A scope of a user is made for one program started once; services have names that last.
            if let service = parts[(first + 1)...].firstIndex(where: { $0.hasSuffix(".service") }) {
                return CgroupPlace(
                    .unit, "\(parts[first].dropLast(".service".count))/\(parts[service])", depth: service + 1 - parts.startIndex)
            }
        }
        let slices = parts[..<(first ?? parts.endIndex)]
        if let index = slices.firstIndex(where: { $0.hasPrefix("user-") && $0.hasSuffix(".slice") }) {
            return CgroupPlace(.unit, parts[index], depth: index + 1 - parts.startIndex)
        }
        if let first { return CgroupPlace(.unit, parts[first], depth: first + 1 - parts.startIndex) }
        if let index = slices.lastIndex(where: { $0.hasSuffix(".slice") }) {
            return CgroupPlace(.unit, parts[index], depth: index + 1 - parts.startIndex)
        }
        return .host
    }

    /// What is known of the inside of a guest.
    private static func inner(_ rest: ArraySlice<Substring>, of kind: Owner.Kind) -> String {
        for part in rest {
            if let container = containerID(part) { return String(container.id.prefix(12)) }
        }
        // A container has a unit of its own only when it is a whole system, as a guest is.
        let inside = unit(rest)
        return kind != .vm && inside.kind == .unit ? inside.id : ""
    }

    // MARK: parts of names

    /// The 64 digits that a container is known by, and what stands before them: `docker-`, `libpod-`, `cri-containerd-`, or nothing.
    private static func containerID(_ part: Substring) -> (prefix: Substring, id: Substring)? {
        let name = part.dropping(suffix: ".scope") ?? part
        guard name.utf8.count >= 64, name.utf8.suffix(64).allSatisfy(isHexDigit) else { return nil }
        let id = name.suffix(64)
        let prefix = name[..<id.startIndex]
        guard prefix.isEmpty || prefix.hasSuffix("-") || prefix.hasSuffix(":") else { return nil }
        return (prefix, id)
    }

    private static func runtime(_ prefix: Substring, _ before: Substring?) -> String {
        for (word, runtime) in [
            ("docker", "docker"), ("libpod", "podman"), ("containerd", "containerd"), ("nerdctl", "containerd"), ("crio", "cri-o"),
        ] where prefix.contains(word) || prefix.isEmpty && before == word[...] {
            return runtime
        }
        return ""
    }

    /// `qemu-3-web01` is `web01`.
    private static func withoutNumber(_ name: some StringProtocol, _ prefix: String) -> String {
        guard name.hasPrefix(prefix) else { return String(name) }
        let rest = name.dropFirst(prefix.count)
        guard let dash = rest.firstIndex(of: "-"), rest[..<dash].utf8.allSatisfy(isDigit), rest.index(after: dash) < rest.endIndex else {
            return String(rest.isEmpty ? name[...] : rest[...])
        }
        return String(rest[rest.index(after: dash)...])
    }

    /// systemd writes what a unit's name cannot hold as `\x2d`.
    private static func unescaped(_ name: some StringProtocol) -> String {
        guard name.utf8.contains(UInt8(ascii: "\\")) else { return String(name) }
        let source = Array(name.utf8)
        var bytes: [UInt8] = []
        var index = 0
        while index < source.count {
            if source[index] == UInt8(ascii: "\\"), index + 3 < source.count, source[index + 1] == UInt8(ascii: "x"),
                let byte = UInt8(String(decoding: source[(index + 2)...(index + 3)], as: UTF8.self), radix: 16)
            {
                bytes.append(byte)
                index += 4
            } else {
                bytes.append(source[index])
                index += 1
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    private static func isHexDigit(_ byte: UInt8) -> Bool { isDigit(byte) || (0x61...0x66).contains(byte) }
}

extension Substring {
    fileprivate func dropping(prefix: String) -> Substring? { hasPrefix(prefix) ? dropFirst(prefix.count) : nil }
    fileprivate func dropping(suffix: String) -> Substring? { hasSuffix(suffix) ? dropLast(suffix.count) : nil }
}
