import CollectorConformance
import Glibc
import Primitives
import ProxmoxAPI
import Web

@testable import ProxmoxDropIn
@testable import Settings

/// The allowed targets of a list, as the flag gives them.
func allowed(_ entries: [String]) throws -> AllowedTargets {
    let flag = SettingsFlagValue(name: "pve.allowed-targets", path: ["allowed_targets"], values: entries, isList: true)
    let tree = try SettingsTree(file: nil, environment: [:], flags: [flag], shape: DropInSettings.shape)
    return try AllowedTargets(tree["allowed_targets"])
}

/// Settings with modules that differ in their token only.
func settings(modules: [String], allowed entries: [String] = []) throws -> DropInSettings {
    var settings = DropInSettings()
    for name in modules {
        settings.modules[name] = DropInModule(credential: try ProxmoxCredential.token(parsing: "\(name)@pve!t=hunter2-\(name)"))
    }
    settings.allowedTargets = try allowed(entries)
    return settings
}

/// A configured cluster that nobody asks.
func cluster(_ name: String?, _ addresses: String...) throws -> DropInCluster {
    DropInCluster(
        name: name, endpoints: try addresses.map { try ProxmoxEndpoint(address: $0, trust: .system) },
        credential: try ProxmoxCredential.token(parsing: "\(name ?? "none")@pve!own=hunter2"))
}

/// The failure of a body; nil when it went well.
func failure(_ body: () throws -> some Any) -> Failure? {
    do {
        _ = try body()
        return nil
    } catch {
        return error as? Failure
    }
}

/// A socket that listens and takes nothing.
final class SilentListener: Sendable {
    let address: ListenAddress
    private let descriptor: Int32

    init() throws {
        let any = ListenAddress(host: "127.0.0.1", port: 0)
        descriptor = try any.listen(origin: "test")
        address = any.bound(to: descriptor)
    }

    /// Whether anybody has connected.
    var wasCalled: Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) != 0
    }

    deinit { close(descriptor) }
}

extension TemporaryFolder {
    /// Writes a file and gives its path.
    func file(_ name: String, _ text: String) throws(Failure) -> String {
        try write(name, text)
        return "\(path)/\(name)"
    }
}
