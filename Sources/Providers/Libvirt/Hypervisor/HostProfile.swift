import LibvirtAPI
import Primitives
import RPC
import XML

/// What the host can give a machine, from its capabilities.
struct HostProfile: Sendable, Equatable {
    /// `x86_64`
    var architecture: String
    /// `kvm` where the host's processors help, else `qemu`.
    var domainType: String
    /// `q35` where there is one; nil leaves it to libvirt.
    var machine: String?
    /// Of a domain of that kind; nil leaves it to libvirt.
    var cpuMode: String?
    var hasUEFI: Bool
    var hasSecureBoot: Bool
    var hasTPM: Bool
    var activeCPUs: Int
    var memoryKiB: Int
    /// Of what is asked for, `nil` when the host does not tell.
    var domainTypes: [String]

    /// Reads it: three calls. Blocks.
    static func read(_ connection: LibvirtConnection, _ settings: LibvirtProviderSettings) throws(LibvirtError) -> HostProfile {
        let node = try connection.nodeInfo()
        let capabilities = try tree(connection.capabilities())
        let host = capabilities.text(at: "host/cpu/arch") ?? node.model
        let guests = capabilities.all("guest").filter { $0.text(at: "os_type") == "hvm" || $0.text(at: "os_type") == "linux" }
        let guest = guests.first { $0.child("arch")?["name"] == host } ?? guests.first
        let types = guest?.all("arch/domain").compactMap { $0["type"] } ?? []
        let machines = guest?.all("arch/machine").compactMap(\.trimmedText) ?? []
        var profile = HostProfile(
            architecture: guest?.child("arch")?["name"] ?? host,
            domainType: settings.domainType ?? (types.contains("kvm") ? "kvm" : types.contains("qemu") ? "qemu" : types.first ?? "qemu"),
            machine: settings.machine ?? ["q35", "virt"].first(where: machines.contains), cpuMode: nil, hasUEFI: false,
            hasSecureBoot: false,
            hasTPM: false, activeCPUs: node.activeCPUs, memoryKiB: Int(clamping: node.memoryKiB), domainTypes: types)
        do throws(LibvirtError) {
            let text = try connection.domainCapabilities(
                architecture: profile.architecture, machine: profile.machine, type: profile.domainType)
            profile.add(try tree(text))
        } catch  where error.kind == .notSupported {
            // A driver that has no words for it, and leaves it to whoever defines a domain.
        }
        return profile
    }

    private mutating func add(_ domain: XMLElement) {
        let modes = domain.all("cpu/mode").filter { $0["supported"] == "yes" }.compactMap { $0["name"] }
        // Emulated, everything that can be emulated is cheapest for who wants modern guests.
        cpuMode = (domainType == "kvm" ? ["host-model", "host-passthrough"] : ["maximum"]).first(where: modes.contains)
        func values(_ path: String, _ name: String) -> [String] {
            domain.all("\(path)/enum").filter { $0["name"] == name }.flatMap { $0.children("value").compactMap(\.trimmedText) }
        }
        hasUEFI = values("os", "firmware").contains("efi")
        hasSecureBoot = hasUEFI && values("os/loader", "secure").contains("yes")
        hasTPM = domain.first("devices/tpm")?["supported"] == "yes" && values("devices/tpm", "backendModel").contains("emulator")
    }

    private static func tree(_ text: String) throws(LibvirtError) -> XMLElement {
        do throws(Failure) {
            return try XMLReader.read(text, source: "libvirt's capabilities")
        } catch {
            throw LibvirtError(.failed, error.message)
        }
    }
}
