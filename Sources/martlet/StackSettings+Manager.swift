import Glibc
import LibvirtAPI
import Primitives
import Settings
import Stack
import Web

/// The manager of virtual machines in `martlet up`: the section `stack.manager`, and its flags.
extension StackSettings {
    static let managerKey = SettingsKey(
        "manager",
        .section([
            SettingsKey("enabled", .flag, "Run the manager of virtual machines.", standard: "false"),
            SettingsKey("program", .text, "The program martlet-manager.", standard: "beside martlet, else on PATH"),
            SettingsKey("listen_address", .text, "Where its metrics are.", standard: StackProfile.standard.address(of: .manager)),
            SettingsKey(
                "api_listen_address", .text, "Where kubectl comes in, over TLS.",
                standard: StackProfile.standard.address(of: .managerAPI)),
            SettingsKey(
                "manifests_dir", .text, "Folder of manifests that is kept applied.", standard: "manifests in the state directory"),
            SettingsKey(
                "libvirt_uri", .text, "Hypervisor of libvirt that machines are made on; empty for none.",
                standard: "qemu:///system where libvirtd listens"),
        ]), "The manager of virtual machines, as martlet up runs it.")

    static let managerFlags = [
        Flag(
            "with-manager", nil, "Run the manager of virtual machines too, with providers for what is here",
            setting: ["stack", "manager", "enabled"]),
        Flag(
            "manager.program", "FILE", "The program martlet-manager; beside martlet or on PATH if not given",
            setting: ["stack", "manager", "program"]),
        Flag(
            "manager.listen-address", "ADDRESS", "Where the manager's metrics are", standard: StackProfile.standard.address(of: .manager),
            setting: ["stack", "manager", "listen_address"]),
        Flag(
            "manager.api-address", "ADDRESS", "Where kubectl comes in", standard: StackProfile.standard.address(of: .managerAPI),
            setting: ["stack", "manager", "api_listen_address"]),
        Flag(
            "manager.manifests", "DIR", "Folder of manifests that is kept applied; manifests in the state directory if not given",
            setting: ["stack", "manager", "manifests_dir"]),
        Flag(
            "manager.libvirt-uri", "URI",
            "Hypervisor of libvirt that machines are made on, empty for none; qemu:///system where libvirtd listens",
            setting: ["stack", "manager", "libvirt_uri"]),
        Flag(
            "manager.libvirt-address", "ADDRESS", "Where the metrics of its provider are",
            standard: StackProfile.standard.address(of: .libvirtProvider)),
        Flag(
            "simulate.provider-address", "ADDRESS", "Where the metrics of the simulated provider are, with --with-manager",
            standard: StackProfile.standard.address(of: .simulatedProvider)),
    ]

    /// The manager, with a provider for libvirt where there is one, and a simulated one beside a simulated cluster.
    func manager(_ plan: StackPlan, isSimulated: Bool) throws(Failure) -> StackPlan.Manager {
        let section = tree["manager"]
        var providers: [StackPlan.Manager.Provider] = []
        if isSimulated {
            providers.append(
                StackPlan.Manager.Provider(
                    kind: "simulated", metrics: try place("simulate.provider-address", nil, .simulatedProvider),
                    stateDirectory: plan.stateDirectory))
        }
        if let uri = libvirtURI(section["libvirt_uri"]) {
            providers.append(
                StackPlan.Manager.Provider(
                    kind: "libvirt", metrics: try place("manager.libvirt-address", nil, .libvirtProvider),
                    stateDirectory: plan.stateDirectory, flags: ["--libvirt.uri", uri]))
        }
        return StackPlan.Manager(
            program: try managerProgram(section, beside: plan.executable),
            metrics: try place("manager.listen-address", section["listen_address"], .manager),
            api: try place("manager.api-address", section["api_listen_address"], .managerAPI),
            manifests: section["manifests_dir"].text, providers: providers)
    }

    private func managerProgram(_ section: SettingsTree, beside executable: String) throws(Failure) -> String {
        let name = "martlet-manager"
        if let given = section["program"].text {
            guard let path = ProcessEnvironment.findProgram(given, path: ProcessEnvironment.all["PATH"]) else {
                throw section["program"].failure("\(given) is not an executable file")
            }
            return Files.absolute(path)
        }
        let neighbour = executable[..<(executable.lastIndex(of: "/") ?? executable.startIndex)] + "/\(name)"
        if Files.isExecutable(String(neighbour)) { return String(neighbour) }
        guard let path = ProcessEnvironment.findProgram(name, path: ProcessEnvironment.all["PATH"]) else {
            throw Failure(
                .environment,
                "\(name) is neither beside \(executable) nor on PATH: make build builds it, --manager.program says where it is")
        }
        return Files.absolute(path)
    }

    /// What is said, else the system's libvirt where it takes calls that change something and its library is here; nil for none.
    private func libvirtURI(_ setting: SettingsTree) -> String? {
        if setting.isSet { return setting.text.flatMap { $0.isEmpty ? nil : $0 } }
        let sockets = ["/run/libvirt/libvirt-sock", "/run/libvirt/virtqemud-sock"]
        guard sockets.contains(where: { access($0, R_OK | W_OK) == 0 }), LibvirtLibrary.obstacle() == nil else { return nil }
        return "qemu:///system"
    }
}
