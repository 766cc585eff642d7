import ProviderRPC
import RPC

/// How a machine of a request is made on this host.
enum MachineDesign {
    /// More processors than the host has make every guest slow.
    private static let hotAddFactor = 4

    /// - Parameter disks: the first one first.
    static func plan(
        _ request: MachineRequest, uuid: String, mark: MachineMark, host: HostProfile, disks: [MachinePlan.Disk], cards: [MachinePlan.Card],
        settings: LibvirtProviderSettings
    ) throws(RPCError) -> MachinePlan {
        let vmClass = request.vmClass
        let security = vmClass.securityProfile
        let isUEFI = vmClass.firmware == .uefi
        guard !isUEFI || host.hasUEFI else {
            throw RPCError(
                .failedPrecondition, "class_json.firmware: this host has no UEFI firmware; install it (Debian: apt install ovmf)")
        }
        guard security?.secureBoot != true || host.hasSecureBoot else {
            throw RPCError(.failedPrecondition, "class_json.securityProfile.secureBoot: this host's UEFI firmware cannot")
        }
        guard security?.tpmEnabled != true || host.hasTPM else {
            throw RPCError(
                .failedPrecondition,
                "class_json.securityProfile.tpmEnabled: this host emulates no TPM; install it (Debian: apt install swtpm)")
        }
        let cpu = vmClass.cpu ?? 1
        let memory = (vmClass.memoryMiB ?? MachineRequest.defaultMemoryMiB) << 10
        let profile = vmClass.performanceProfile
        // What a machine may grow to while it runs must be said before it starts.
        let maximumCPU = profile?.cpuHotAddEnabled == true ? max(cpu, min(host.activeCPUs, cpu * hotAddFactor)) : cpu
        let maximumMemory = profile?.memoryHotAddEnabled == true ? max(memory, min(host.memoryKiB, memory * hotAddFactor)) : memory
        var plan = MachinePlan(
            name: request.name, uuid: uuid, mark: mark, domainType: host.domainType, architecture: host.architecture, machine: host.machine,
            cpuMode: profile?.nestedVirtualization == true && host.domainType == "kvm" ? "host-passthrough" : host.cpuMode,
            virtualCPUs: cpu, maximumVirtualCPUs: maximumCPU, memoryKiB: memory, maximumMemoryKiB: maximumMemory)
        plan.isUEFI = isUEFI
        plan.hasSecureBoot = security?.secureBoot == true
        plan.hasTPM = security?.tpmEnabled == true
        plan.disks = disks
        plan.cards = cards
        plan.graphics = settings.vncListen.map { .vnc(listen: $0) } ?? .none
        plan.statsPeriodSeconds = settings.statsPeriodSeconds
        plan.cpuShares = vmClass.resourceLimits?.cpuShares
        return plan
    }

    /// `vda` for 0.
    static func target(_ number: Int) -> String {
        var (name, rest) = ("", number)
        repeat {
            name = String(UnicodeScalar(UInt8(ascii: "a") + UInt8(rest % 26))) + name
            rest = rest / 26 - 1
        } while rest >= 0
        return "vd" + name
    }
}
