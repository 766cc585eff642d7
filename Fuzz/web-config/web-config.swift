import FuzzSupport
import Primitives
@testable import Settings
@testable import Web
@testable import WebConfiguration

// A `--web.config.file`: what stands between the network and a service must be read as it was meant, or refused.

private let file = UnlinkedFile()

/// libFuzzer's door: one input. Always 0, or the program ends.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let input = Input(start, count)
    switch input.choice & 1 {
    case 0: configuration(input.bytes)
    default: duration(input.text)
    }
    return 0
}

private func configuration(_ bytes: [UInt8]) {
    file.hold(bytes)
    let configuration: WebConfiguration
    do { configuration = try WebConfiguration(file: file.path) } catch {
        demandFitForTerminal("\(error)")
        demand(error.code == .configuration, "a failure is the configuration's")
        return
    }
    for warning in configuration.warnings { demandFitForTerminal(warning) }
    let doors = configuration.doors
    for (user, hash) in doors.users {
        demand(
            !user.contains(":") && user.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }, "a client can send the name: \(user.debugDescription)"
        )
        demand(BcryptHash.costs.contains(hash.cost), "a hash costs what is allowed")
    }
    demand(doors.openPaths.isSubset(of: DoorSettings.healthPaths), "only health paths are open")
    for header in doors.headers {
        demand(header.value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } && !header.value.isEmpty, "a header is one line")
    }
    if let limit = doors.rateLimit { demand(limit.intervalSeconds > 0 && limit.burst > 0, "a rate limit lets somebody through") }
    if let tls = doors.tls { demandSafe(tls) }
    demandLocked(doors, bytes)
}

private func demandSafe(_ tls: TLSSettings) {
    demand(tls.minimumVersion <= tls.maximumVersion, "versions are a range")
    demand(!tls.clientAuthentication.verifies || tls.clientAuthorities != nil, "who verifies has an authority")
    demand(tls.allowedNames.isEmpty || tls.clientAuthentication.verifies, "names are those of certificates that are verified")
    do {
        let priority = try tls.priority
        demand(priority.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "a priority is one word: \(priority)")
        if tls.minimumVersion >= .tls12 {
            demand(!priority.contains("VERS-TLS1.0") && !priority.contains("VERS-TLS1.1"), "no version below the least")
        }
    } catch {
        demandFitForTerminal("\(error)")
    }
}

/// A file that sets a lock does not come out without one.
private func demandLocked(_ doors: DoorSettings, _ bytes: [UInt8]) {
    guard let tree = try? YAMLReader.read(bytes, path: "f.yml"), case .mapping(let members) = tree.content else { return }
    for member in members {
        guard case .mapping(let inner) = member.node.content else { continue }
        switch member.key {
        case "basic_auth_users": demand(doors.users.count == inner.count, "every user is kept")
        case "tls_server_config": demand(doors.tls != nil || inner.allSatisfy { isNothing($0.node) }, "TLS is kept")
        default: break
        }
    }
}

private func isNothing(_ node: SettingsNode) -> Bool {
    switch node.content {
    case .empty: true
    case .scalar(let text): text.isEmpty
    case .sequence, .mapping: false
    }
}

/// Durations as Go writes them.
private func duration(_ text: String) {
    guard let seconds = GoDuration.seconds(of: text) else { return }
    demand((0...9.2e9).contains(seconds), "a duration is no longer than Go's: \(seconds)")
    demand(text == "0" || text.last?.isLetter == true, "a duration has a unit: \(text)")
}
