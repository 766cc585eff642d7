import Primitives
import ProviderHosting
import Settings
import SimulatedProvider

/// `martlet-manager provider simulated`
enum SimulatedKind: ProviderKind {
    static let name = "simulated"
    static let summary = "Machines of a simulated hypervisor, which is a file: to try a manager on"
    static let standardAddress = "127.0.0.1:8072"

    static let keys = [
        SettingsKey(
            "kind", .choice(SimulatedSettings.Kind.allCases.map(\.rawValue)),
            "How the hypervisor does long work: local as libvirt, upid as Proxmox VE, moref as vSphere.", standard: "local"),
        SettingsKey("task_time", .seconds(0...3600), "How long a disk, a snapshot or an image takes.", standard: "2s"),
        SettingsKey("poll_interval", .seconds(0.01...60), "How often tasks of the hypervisor are looked at.", standard: "200ms"),
    ]

    static func make(_ section: SettingsTree, _ surroundings: ProviderSurroundings) async throws(Failure) -> HostedProvider {
        let kind = section["kind"].text.flatMap(SimulatedSettings.Kind.init(rawValue:)) ?? .local
        var settings = SimulatedSettings(kind, folder: surroundings.stateDirectory)
        if let seconds = section["task_time"].seconds { settings.taskSeconds = seconds }
        if let seconds = section["poll_interval"].seconds { settings.pollSeconds = seconds }
        let provider = try await SimulatedProvider(settings, logger: surroundings.logger, observer: surroundings.observer)
        return HostedProvider(provider: provider, tasks: provider.engine) { await provider.shutdown(by: $0) }
    }
}
