package import Primitives
package import Settings

/// The section `proxmox.slow`: what is asked for on timers.
package struct SlowSettings: Sendable {
    /// Whether any of it is asked for.
    package var isEnabled = true
    /// Sources that are not.
    package var skipped: Set<String> = []
    /// Seconds, where they are other than the source's own.
    package var periods: [String: Double] = [:]

    package init() {}

    package init(_ tree: SettingsTree) throws(Failure) {
        isEnabled = tree["enabled"].flag ?? true
        let known = Self.profiles.map(\.name)
        for entry in tree["skip"].elements {
            guard let name = entry.text, !name.isEmpty else { continue }
            guard known.contains(name) else {
                let hint = nearest(to: name, among: known).map { "did you mean \($0)?" } ?? "known: " + known.joined(separator: ", ")
                throw entry.failure("there is no source \(quoted(name)); \(hint)")
            }
            skipped.insert(name)
        }
        for name in known {
            if let seconds = tree["periods"][name].seconds { periods[name] = seconds }
        }
    }

    /// What may stand in the section.
    package static var shape: SettingsShape {
        .section([
            SettingsKey("enabled", .flag, "Ask for what is dear, on timers.", standard: "true"),
            SettingsKey("skip", .texts, "Sources that are not asked for: " + profiles.map(\.name).joined(separator: ", ") + "."),
            SettingsKey(
                "periods",
                .section(
                    profiles.map { profile in
                        SettingsKey(
                            profile.name, .seconds(10...86_400), "Time between two calls of \(profile.endpoint).",
                            standard: text(profile.periodSeconds))
                    }), "How often each source is asked."),
        ])
    }

    private static func text(_ seconds: Double) -> String {
        let whole = Int(seconds)
        return whole % 3600 == 0 ? "\(whole / 3600)h" : whole % 60 == 0 ? "\(whole / 60)m" : "\(whole)s"
    }

    private static var profiles: [SlowProfile] { ProxmoxFamilies().slow.profiles }
}
