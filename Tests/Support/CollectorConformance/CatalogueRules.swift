import Metrics

/// What the descriptors of a catalogue must keep.
struct CatalogueRules {
    /// What the names of families begin with.
    let prefixes: [String]
    /// Names that break the rules of suffix and unit and stay for the sake of who knows them.
    let exceptions: Set<String>

    private static let unwelcomeUnits: Set<String> = [
        "ms", "milliseconds", "us", "microseconds", "ns", "nanoseconds", "minutes", "hours", "days", "bits", "kb", "mb", "gb", "tb", "kib",
        "mib", "gib", "tib", "kilobytes", "megabytes", "gigabytes", "percent", "pct", "percentage", "fraction", "khz", "mhz", "ghz",
        "megahertz", "gigahertz", "fahrenheit", "milliwatts", "kilowatts",
    ]
    /// A help may tell of minutes; it should not count in these.
    private static let unwelcomeWords: Set<String> = [
        "milliseconds", "microseconds", "nanoseconds", "kilobytes", "megabytes", "gigabytes", "percent", "percentage", "megahertz",
        "gigahertz",
    ]
    private static let suffixesOfHistograms = ["_count", "_sum", "_bucket", "_created"]
    private static let keptLabels: Set<String> = ["le", "quantile", "job", "instance"]

    func violations(_ descriptors: [MetricDescriptor]) -> [Violation] {
        var found: [Violation] = []
        func note(_ check: Check, _ detail: String) { found.append(Violation(check: check, scene: "catalogue", detail: detail)) }
        var names: Set<String> = []
        var needed: Set<String> = []
        for descriptor in descriptors {
            let name = descriptor.name
            if !names.insert(name).inserted { note(.duplicateName, "\(name) is declared twice") }
            if let fault = self.fault(inName: name) { note(.name, fault) }
            for (check, fault) in [(Check.suffix, fault(inSuffix: descriptor)), (.unit, fault(inUnit: descriptor))] {
                guard let fault else { continue }
                if exceptions.contains(name) { needed.insert(name) } else { note(check, fault) }
            }
            if let fault = self.fault(inHelp: descriptor.help) { note(.help, "\(name): \(fault): \"\(descriptor.help)\"") }
            if descriptor.source.isEmpty { note(.source, "\(name) does not tell its source") }
            if let fault = self.fault(inLabels: descriptor.labels.names) { note(.labelName, "\(name): \(fault)") }
        }
        for clash in OpenMetricsClash.all(descriptors) { note(.clash, clash.description) }
        for name in exceptions.subtracting(needed).sorted() { note(.exception, "\(name) needs no exception") }
        return found
    }

    private func fault(inName name: String) -> String? {
        // A leading underscore is OpenMetrics' own.
        if !LegalName.isLegal(name) || name.hasPrefix("_") { return "\"\(name)\" is not a legal name" }
        if !prefixes.contains(where: { name.hasPrefix($0) && name != $0 }) {
            return "\(name) begins with none of \(prefixes.joined(separator: ", "))"
        }
        return nil
    }

    private func fault(inSuffix descriptor: MetricDescriptor) -> String? {
        let name = descriptor.name
        if (descriptor.kind == .counter) != name.hasSuffix("_total") { return "\(name) is a \(descriptor.kind.rawValue)" }
        if (descriptor.kind == .info) != name.hasSuffix("_info") { return "\(name) is a \(descriptor.kind.rawValue)" }
        if let suffix = Self.suffixesOfHistograms.first(where: name.hasSuffix) { return "\(name) ends in \(suffix)" }
        return nil
    }

    private func fault(inUnit descriptor: MetricDescriptor) -> String? {
        let name = descriptor.name.split(separator: "_").map { $0.lowercased() }
        let help = descriptor.help.split { !$0.isLetter }.map { $0.lowercased() }
        let found = name.first(where: Self.unwelcomeUnits.contains) ?? help.first(where: Self.unwelcomeWords.contains)
        guard let word = found else { return nil }
        return "\(descriptor.name) counts in \(word)"
    }

    private func fault(inHelp help: String) -> String? {
        guard let first = help.first, help.hasSuffix(".") else { return "it does not end with a stop" }
        if help.contains(". ") || help.contains("\n") { return "it is more than one sentence" }
        if help.hasSuffix("..") || help.hasPrefix(" ") || first.isLowercase { return "it is no sentence" }
        return nil
    }

    private func fault(inLabels names: [String]) -> String? {
        for (index, name) in names.enumerated() {
            if !LegalName.isLegal(name) || name.hasPrefix("_") { return "\"\(name)\" is not a legal label name" }
            if Self.keptLabels.contains(name) { return "the label \(name) is Prometheus' own" }
            if names[..<index].contains(name) { return "the label \(name) stands there twice" }
        }
        return nil
    }
}
