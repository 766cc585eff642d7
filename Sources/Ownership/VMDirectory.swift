import Primitives
import Synchronization

/// The guests that Proxmox and libvirt have configured on this machine: names to vmids and UUIDs.
///
/// Reads files, at most once a minute. Proxmox' lie in a file system of its own that may hang: ask on a thread that may block.
package final class VMDirectory: Sendable {
    package struct Guest: Sendable, Hashable {
        /// The vmid of Proxmox; the name of a domain of libvirt.
        package let id: String
        /// What it is called; empty when its file does not say.
        package let name: String
        /// In lower case; empty when its file does not say.
        package let uuid: String
        /// Cards of an LXC guest: the numbers of `/dev/nvidia0` and the like.
        package let gpus: [String]
        /// The file gives it devices of the machine (`hostpci0`), which takes a right that options of a guest do not.
        let hasDevices: Bool

        init(id: String, name: String, uuid: String = "", gpus: [String] = [], hasDevices: Bool = false) {
            self.id = shortLine(id)
            self.name = shortLine(name)
            self.uuid = shortLine(uuid.lowercased())
            self.gpus = gpus.map { shortLine($0) }
            self.hasDevices = hasDevices
        }
    }

    private struct State {
        var machines: [String: Guest] = [:]
        var byUUID: [String: [Guest]] = [:]
        var containers: [String: Guest] = [:]
        var files: [String: (stamp: FileStamp, guest: Guest)] = [:]
        var readAt: ContinuousClock.Instant?
        var isReading = false
    }

    private let root: String
    private let state = Mutex(State())
    private let keptSeconds: Double
    private let missSeconds: Double

    /// More guests than any machine has.
    private static let fileLimit = 10_000

    package convenience init(fileSystemRoot: String = "") { self.init(fileSystemRoot: fileSystemRoot, keptSeconds: 60, missSeconds: 10) }

    /// - Parameter keptSeconds: what was read is asked of the files again after so long.
    /// - Parameter missSeconds: the same when it does not hold what is looked for.
    init(fileSystemRoot: String, keptSeconds: Double, missSeconds: Double) {
        root = fileSystemRoot
        self.keptSeconds = keptSeconds
        self.missSeconds = missSeconds
    }

    /// The VM of a UUID, in any case: one that Proxmox has made of a vmid for a mediated device, else that of its smbios or domain.
    ///
    /// Who may edit the options of one guest can give it the UUID of another. Of several with one UUID it is the one that has devices of the
    /// machine; nil when that does not tell them apart.
    package func guest(uuid: String) -> Guest? {
        let wanted = uuid.lowercased()
        // Such a device is made by the host, so no file of a guest may claim its UUID.
        if let vmid = Self.vmid(ofGenerated: wanted) { return find { $0.machines[vmid] } ?? Guest(id: vmid, name: "") }
        return find { Self.only($0.byUUID[wanted] ?? []) }
    }

    private static func only(_ guests: [Guest]) -> Guest? {
        if guests.count < 2 { return guests.first }
        let withDevices = guests.filter(\.hasDevices)
        return withDevices.count == 1 ? withDevices.first : nil
    }

    /// A VM of Proxmox.
    package func guest(vmid: String) -> Guest? { find { $0.machines[vmid] } }

    /// An LXC guest of Proxmox.
    package func container(vmid: String) -> Guest? { find { $0.containers[vmid] } }

    /// `00000000-0000-0000-0000-000000000101` is of VM 101; the first eight digits number its devices.
    private static func vmid(ofGenerated uuid: String) -> String? {
        let groups = uuid.split(separator: "-", omittingEmptySubsequences: false)
        guard groups.count == 5, groups[0].utf8.count == 8, groups[1...3].allSatisfy({ $0 == "0000" }), groups[4].utf8.count == 12,
            (Array(groups[0].utf8) + Array(groups[4].utf8)).allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(groups[4]),
            number > 0
        else { return nil }
        return String(number)
    }

    private func find(_ look: (borrowing State) -> Guest?) -> Guest? {
        refresh(olderThan: keptSeconds)
        if let found = state.withLock({ look($0) }) { return found }
        refresh(olderThan: missSeconds)
        return state.withLock { look($0) }
    }

    /// Whoever comes while another reads goes on with what was read before.
    private func refresh(olderThan seconds: Double) {
        let known: [String: (stamp: FileStamp, guest: Guest)]? = state.withLock { state in
            if let readAt = state.readAt, (ContinuousClock.now - readAt).seconds < seconds { return nil }
            guard !state.isReading else { return nil }
            state.isReading = true
            return state.files
        }
        guard let known else { return }
        var fresh = State()
        read("etc/pve/qemu-server", ".conf", known, &fresh) {
            Self.proxmox($0, id: $1, nameKey: "name")
        } keep: {
            $0.machines[$1.id] = $1
        }
        read("etc/pve/lxc", ".conf", known, &fresh) {
            Self.proxmox($0, id: $1, nameKey: "hostname")
        } keep: {
            $0.containers[$1.id] = $1
        }
        read("etc/libvirt/qemu", ".xml", known, &fresh) { text, _ in
            Self.domain(text)
        } keep: { _, _ in
        }
        fresh.readAt = .now
        let result = fresh
        state.withLock { $0 = result }
    }

    private func read(
        _ folder: String, _ suffix: String, _ known: [String: (stamp: FileStamp, guest: Guest)], _ state: inout State,
        _ parse: ([Substring], String) -> Guest?, keep: (inout State, Guest) -> Void
    ) {
        let place = "\(root)/\(folder)"
        for name in (Files.names(in: place, limit: Self.fileLimit) ?? []).sorted() where name.hasSuffix(suffix) {
            let path = "\(place)/\(name)"
            guard let stamp = FileStamp(path) else { continue }
            let guest: Guest
            if let earlier = known[path], earlier.stamp == stamp {
                guest = earlier.guest
            } else {
                guard let bytes = try? Files.read(path, limitBytes: 1 << 20, regularOnly: true) else { continue }
                let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: true)
                guard let parsed = parse(lines, String(name.dropLast(suffix.count))) else { continue }
                guest = parsed
            }
            state.files[path] = (stamp, guest)
            keep(&state, guest)
            if !guest.uuid.isEmpty { state.byUUID[guest.uuid, default: []].append(guest) }
        }
    }

    // MARK: files

    /// Lines of `key: value`; behind the first `[section]` stand snapshots.
    private static func proxmox(_ lines: [Substring], id: String, nameKey: String) -> Guest? {
        guard !id.isEmpty, id.utf8.count < 10, id.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        var (name, uuid, gpus, hasDevices) = ("", "", [String](), false)
        for line in lines {
            if line.hasPrefix("[") { break }
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            switch line[..<colon] {
            case nameKey[...]: name = String(value)
            case "smbios1": uuid = value.split(separator: ",").first { $0.hasPrefix("uuid=") }.map { String($0.dropFirst(5)) } ?? ""
            case "lxc.mount.entry": gpus += gpu(value.prefix { $0 != " " })
            case let key where key.hasPrefix("hostpci") && !value.isEmpty: hasDevices = true
            case let key where key.hasPrefix("dev") && key.dropFirst(3).utf8.allSatisfy({ (0x30...0x39).contains($0) }):
                gpus += gpu(value.prefix { $0 != "," })
            default: break
            }
        }
        return Guest(id: id, name: name, uuid: uuid, gpus: Array(Set(gpus)).sorted(), hasDevices: hasDevices)
    }

    /// The number of a card's device, `path=` before it or not.
    private static func gpu(_ text: Substring) -> [String] {
        let path = text.hasPrefix("path=") ? text.dropFirst(5) : text
        guard path.hasPrefix("/dev/nvidia") else { return [] }
        let number = path.dropFirst("/dev/nvidia".count)
        return !number.isEmpty && number.utf8.count < 4 && number.utf8.allSatisfy { (0x30...0x39).contains($0) } ? [String(number)] : []
    }

    /// The first name and uuid of a domain are its own.
    private static func domain(_ lines: [Substring]) -> Guest? {
        func content(_ tag: String) -> String? {
            for line in lines {
                let text = line.drop { $0 == " " || $0 == "\t" }
                guard text.hasPrefix("<\(tag)>") else { continue }
                let inside = text.dropFirst(tag.count + 2)
                guard let end = inside.firstIndex(of: "<") else { return nil }
                return unescapedXML(inside[..<end])
            }
            return nil
        }
        guard let name = content("name"), let uuid = content("uuid") else { return nil }
        return Guest(id: name, name: name, uuid: uuid)
    }

    private static func unescapedXML(_ text: Substring) -> String {
        var plain = ""
        var rest = text
        while let start = rest.firstIndex(of: "&") {
            plain += rest[..<start]
            rest = rest[start...]
            let sign = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")].first { rest.hasPrefix($0.0) }
            plain += sign?.1 ?? "&"
            rest = rest.dropFirst(sign?.0.count ?? 1)
        }
        return plain + rest
    }
}
