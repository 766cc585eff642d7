package import Primitives
package import Settings

/// The section `pve` of the settings, `pve.yml` and the `PVE_*` variables.
package struct DropInSettings: Sendable {
    /// By name; none lets requests use the configured clusters' own credentials.
    package var modules: [String: DropInModule] = [:]
    /// Where they were read, for the log.
    package var origin = ""
    /// Why there are none, when they were not asked for by name: then the rest of the exporter goes on without them.
    package var modulesProblem: Failure?
    package var allowedTargets = AllowedTargets()
    package var collectors = DropInCollectors()
    /// Duration and errors of each call, on /metrics.
    package var countsCalls = false
    /// Duration and errors of each target, on /metrics.
    package var countsTargets = false

    /// Where prometheus-pve-exporter looks when it is told nothing.
    private static let standardFile = "/etc/prometheus/pve.yml"

    package static let variables = ModuleEnvironment.variables

    package static let shape = SettingsShape.section([
        SettingsKey(
            "config_file", .text, "Modules of /pve, in the format of prometheus-pve-exporter.", standard: "\(standardFile) if it exists"),
        SettingsKey(
            "allowed_targets", .texts,
            "Targets of /pve beside the configured clusters: names, names with * in a label, addresses, CIDRs, each with :PORT or without; * allows all, and then whoever "
                + "reaches the port can have the credential sent anywhere."),
        SettingsKey(
            "collector",
            .section(
                DropInCollectors.all.map { SettingsKey($0.key, .flag, $0.help + ".", standard: "true") } + [
                    SettingsKey("pve_api_metrics", .flag, "\(callsHelp).", standard: "false"),
                    SettingsKey("target_metrics", .flag, "\(targetsHelp).", standard: "false"),
                ]), "What /pve asks and shows."),
    ])

    private static let callsHelp = "Duration and errors of each call of the API, on /metrics"
    private static let targetsHelp = "Duration and errors of each target, on /metrics"

    package static let flags: [Flag] =
        [
            Flag("pve.config-file", "FILE", "Modules of /pve, in the format of prometheus-pve-exporter", setting: ["pve", "config_file"]),
            Flag(
                "pve.allowed-targets", "LIST", "Targets of /pve beside the configured clusters: names, globs, CIDRs; * allows all",
                isRepeatable: true, setting: ["pve", "allowed_targets"]),
        ]
        + DropInCollectors.all.map {
            Flag("pve.collector.\($0.flag)", nil, $0.help, standard: "true", setting: ["pve", "collector", $0.key])
        } + [
            Flag("pve.collector.pve-api-metrics", nil, callsHelp, setting: ["pve", "collector", "pve_api_metrics"]),
            Flag("pve.collector.target-metrics", nil, targetsHelp, setting: ["pve", "collector", "target_metrics"]),
        ]

    package init() {}

    /// Whether a file is a `pve.yml`, for whoever names it in the wrong place.
    package static func isModuleFile(_ path: String) -> Bool { (try? ModuleFile.read(path)) != nil }

    /// - Parameter tree: the section `pve`.
    package init(_ tree: SettingsTree, environment: [String: String]) throws(Failure) {
        allowedTargets = try AllowedTargets(tree["allowed_targets"])
        for collector in DropInCollectors.all {
            if let isOn = tree["collector"][collector.key].flag { collectors[keyPath: collector.path] = isOn }
        }
        countsCalls = tree["collector"]["pve_api_metrics"].flag ?? false
        countsTargets = tree["collector"]["target_metrics"].flag ?? false
        if let modules = try ModuleEnvironment.read(environment) {
            self.modules = modules
            origin = "PVE_USER and the variables beside it; no file is read"
        } else if let file = tree.word("config_file") {
            do {
                modules = try ModuleFile.read(file)
            } catch {
                // What is wrong in the file names it; that it is not there is about who named it.
                guard error.code == .environment else { throw error }
                throw tree["config_file"].failure(of: "pve.config_file", error.message)
            }
            origin = file
        } else if Files.exists(Self.standardFile) {
            // It may be of a program that was here before.
            origin = Self.standardFile
            do { modules = try ModuleFile.read(Self.standardFile) } catch { modulesProblem = error }
        }
    }
}
