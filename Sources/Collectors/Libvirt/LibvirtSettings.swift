package import Primitives
package import Settings

/// The section `libvirt` of the settings.
package struct LibvirtSettings: Sendable, Equatable {
    package var uris = [HypervisorURI.standard]
    /// Whether somebody named them.
    package var isNamed = false
    package var intervalSeconds = 15.0
    package var timeoutSeconds = 5.0
    package var definitionSeconds = 300.0
    package var connections = 4
    package var threadLimit = 8

    package init() {}

    private static let standard = LibvirtSettings()

    /// What may stand in the section beside `enabled`.
    package static let keys = [
        SettingsKey(
            "uris", .texts,
            "URIs of the hypervisors, as virsh takes them; each is the value of the label uri, without user and parameters other than socket.",
            standard: HypervisorURI.standard.text),
        SettingsKey(
            "interval", .seconds(2...300), "Time between two rounds in which a hypervisor is asked; scrapes show what it told last.",
            standard: "15s"),
        SettingsKey(
            "timeout", .seconds(1...60),
            "How long a call of libvirt may take before its thread and connection are given up and it is found out which domain hangs; shorter than interval.",
            standard: "5s"),
        SettingsKey(
            "definition_interval", .seconds(10...86_400),
            "Time after which definition and snapshots of a domain are read again; it is sooner when the domain starts, or shows other devices.",
            standard: "5m"),
        SettingsKey(
            "connections", .integer(1...8), "Connections over which the domains of a hypervisor are asked at the same time.", standard: "4"),
        SettingsKey(
            "threads_given_up", .integer(1...32),
            "Threads that may hang in QEMUs of a hypervisor before no other is asked; each holds one of the daemon's workers, of which it has 20 as a rule.",
            standard: "8"),
    ]

    private static func text(_ seconds: Double) -> String { "\(seconds == seconds.rounded() ? String(Int(seconds)) : String(seconds)) s" }

    /// More of them than one exporter should ask.
    private static let uriLimit = 64

    /// - Parameter tree: the section `libvirt`.
    package init(_ tree: SettingsTree) throws(Failure) {
        var found: [HypervisorURI] = []
        for element in tree["uris"].elements {
            let uri = try HypervisorURI(element)
            if let other = found.first(where: { $0.label == uri.label }) {
                throw element.failure(
                    other == uri
                        ? "uris: \(quoted(uri.text)) is there twice"
                        : "uris: \(quoted(uri.text)) and \(quoted(other.text)) differ in user or parameters other than socket only, and would be one in metrics"
                )
            }
            found.append(uri)
        }
        guard found.count <= Self.uriLimit else {
            throw tree["uris"].failure("uris: \(found.count) are named; \(Self.uriLimit) may be")
        }
        if !found.isEmpty {
            uris = found
            isNamed = true
        }
        intervalSeconds = tree["interval"].seconds ?? Self.standard.intervalSeconds
        timeoutSeconds = tree["timeout"].seconds ?? Self.standard.timeoutSeconds
        definitionSeconds = tree["definition_interval"].seconds ?? Self.standard.definitionSeconds
        // Whoever hangs is found out after two timeouts at most, and what is told is shown for three rounds.
        guard timeoutSeconds < intervalSeconds else {
            let named = tree["timeout"].seconds == nil ? tree["interval"] : tree["timeout"]
            throw named.failure(
                "timeout: \(Self.text(timeoutSeconds)) must be shorter than interval, \(Self.text(intervalSeconds)): while a domain hangs the others would be told too late to be shown"
            )
        }
        connections = tree["connections"].integer ?? Self.standard.connections
        threadLimit = tree["threads_given_up"].integer ?? Self.standard.threadLimit
    }
}
