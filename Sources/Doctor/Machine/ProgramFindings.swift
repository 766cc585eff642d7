/// Judges which programs of the stack are there, and whether they are new enough.
enum ProgramFindings {
    /// The shipped rules say `keep_firing_for`, which Prometheus knows since then.
    static let minimumPrometheus = (major: 2, minor: 42)

    static func judge(_ programs: [(probe: ProgramProbe, found: ProgramProbe.Found?)]) -> [Finding] {
        let missing = programs.filter { $0.found == nil }
        let found = programs.filter { $0.found != nil }
        var findings: [Finding] = []
        if !found.isEmpty {
            let words = found.map { "\($0.probe.name) \($0.found?.version ?? "of an unknown version")" }
            findings.append(Finding("programs", .ok, words.joined(separator: ", ")))
        }
        if !missing.isEmpty {
            var packages: [String] = []
            for package in missing.map(\.probe.debianPackage) where !packages.contains(package) { packages.append(package) }
            findings.append(
                Finding(
                    "programs", .information,
                    "not installed: \(missing.map(\.probe.name).joined(separator: ", ")); martlet up needs them on this machine, martlet exporter does not",
                    remedies: [Finding.Remedy(.here, lines: ["apt install \(packages.joined(separator: " "))"])]))
        }
        if let prometheus = found.first(where: { $0.probe.name == "prometheus" })?.found?.version {
            findings += age(prometheus, "the program prometheus on this machine")
        }
        return findings
    }

    /// A finding about a Prometheus that is too old for the shipped rules.
    static func age(_ version: String, _ subject: String) -> [Finding] {
        let numbers = version.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
        guard numbers.count == 2, (numbers[0], numbers[1]) < (minimumPrometheus.major, minimumPrometheus.minor) else { return [] }
        return [
            Finding(
                "version", .problem,
                "\(subject) is \(named(version, others: "+~")); the shipped rules need \(minimumPrometheus.major).\(minimumPrometheus.minor) or newer (keep_firing_for)",
                remedies: [Finding.Remedy(.here, "Debian 12 and newer have one that is new enough", lines: ["apt install prometheus"])])
        ]
    }
}
