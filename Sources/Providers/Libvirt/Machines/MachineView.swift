import LibvirtAPI
import Primitives
import RPC
import XML

/// A machine as libvirt describes it, of all machines, ours or not.
struct MachineView: Sendable, Equatable {
    struct Disk: Sendable, Equatable {
        /// `vda`
        let target: String
        /// disk, cdrom, floppy, lun.
        let device: String
        let format: String?
        /// nil for an empty drive, and for what is neither file nor device.
        let path: String?
        let isReadOnly: Bool
        /// The files below, from the one next to it; known of a running machine.
        let backing: [String]
    }

    struct Card: Sendable, Equatable {
        let mac: String?
        /// Of libvirt's network; else of the bridge.
        let network: String?
        let bridge: String?
        let model: String?
    }

    let name: String
    let uuid: String
    let virtualCPUs: Int
    let maximumVirtualCPUs: Int
    let memoryKiB: Int
    let maximumMemoryKiB: Int
    let disks: [Disk]
    let cards: [Card]
    let mark: MachineMark?
    /// `vnc://127.0.0.1:5900`; nil when there is none, or the machine is off.
    let vncListen: String?
    let vncPort: Int?
    /// Whether the guest's agent has opened its channel; nil when there is no channel, or that is not known.
    let isAgentConnected: Bool?
    let hasFlashFirmware: Bool
    let machine: String?
    let domainType: String?

    /// Errors: `internal`, for what is no description.
    init(xml: String) throws(RPCError) {
        do throws(Failure) {
            self.init(try XMLReader.read(xml, source: "libvirt's description of a machine"))
        } catch {
            throw RPCError(.internal, error.message)
        }
    }

    init(_ domain: XMLElement) {
        name = domain.text(at: "name") ?? ""
        uuid = domain.text(at: "uuid") ?? ""
        let count = domain.text(at: "vcpu").flatMap { Int($0) } ?? 0
        maximumVirtualCPUs = count
        virtualCPUs = domain.child("vcpu")?["current"].flatMap { Int($0) } ?? count
        maximumMemoryKiB = Self.kibibytes(domain.child("memory")) ?? 0
        memoryKiB = Self.kibibytes(domain.child("currentMemory")) ?? Self.kibibytes(domain.child("memory")) ?? 0
        disks = domain.all("devices/disk").compactMap { disk in
            guard let target = disk.child("target")?["dev"] else { return nil }
            return Disk(
                target: target, device: disk["device"] ?? "disk", format: disk.child("driver")?["type"],
                path: Self.path(disk.child("source")),
                isReadOnly: disk.child("readonly") != nil, backing: Self.backing(disk))
        }
        cards = domain.all("devices/interface").map { card in
            Card(
                mac: card.child("mac")?["address"], network: card.child("source")?["network"], bridge: card.child("source")?["bridge"],
                model: card.child("model")?["type"])
        }
        mark = MachineMark(domain: domain)
        let graphics = domain.all("devices/graphics").first { $0["type"] == "vnc" }
        vncPort = graphics?["port"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
        vncListen = graphics?["listen"] ?? graphics?.child("listen")?["address"]
        let agent = domain.all("devices/channel/target").first { $0["name"] == "org.qemu.guest_agent.0" }
        isAgentConnected = agent?["state"].map { $0 == "connected" }
        hasFlashFirmware = domain.first("os/loader")?["type"] == "pflash" || domain.child("os")?["firmware"] == "efi"
        machine = domain.first("os/type")?["machine"]
        domainType = domain["type"]
    }

    /// The disk that the machine starts from: the first that can be written.
    var rootDisk: Disk? { disks.first { $0.device == "disk" && !$0.isReadOnly } }

    private static func path(_ source: XMLElement?) -> String? { source?["file"] ?? source?["dev"] }

    /// `<backingStore>` within `<backingStore>`.
    private static func backing(_ disk: XMLElement) -> [String] {
        var (paths, level): ([String], XMLElement?) = ([], disk.child("backingStore"))
        while let store = level, let path = path(store.child("source")) {
            paths.append(path)
            level = store.child("backingStore")
        }
        return paths
    }

    /// libvirt writes KiB, and reads more.
    private static func kibibytes(_ element: XMLElement?) -> Int? {
        guard let element, let number = element.trimmedText.flatMap({ Int($0) }) else { return nil }
        return switch element["unit"] {
        case nil, "KiB": number
        case "MiB": number << 10
        case "GiB": number << 20
        case "bytes", "b": number >> 10
        default: nil
        }
    }
}
