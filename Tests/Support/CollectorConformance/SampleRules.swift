import Metrics

/// What one exposition must keep.
struct SampleRules {
    let descriptors: [String: MetricDescriptor]

    init(_ catalogue: Catalogue) {
        descriptors = Dictionary(catalogue.descriptors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    func violations(_ trial: Trial, scene: String) -> [Violation] {
        var found: [Violation] = []
        func note(_ check: Check, _ detail: String) { found.append(Violation(check: check, scene: scene, detail: detail)) }
        if trial.foreignCount > 0 { note(.foreignSample, "\(trial.foreignCount) samples of metrics that the catalogue does not have") }
        if trial.duplicateCount > 0 { note(.duplicateSeries, "\(trial.duplicateCount), the first of \(trial.firstDuplicate ?? "")") }
        for series in trial.exposition.duplicates { note(.duplicateSeries, series) }
        for fault in trial.exposition.faults { note(.format, fault) }
        for family in trial.exposition.families {
            guard let descriptor = descriptors[family.name] else {
                note(.foreignSample, family.name)
                continue
            }
            if family.type != Self.type(of: descriptor.kind) { note(.format, "\(family.name) is a \(family.type)") }
            for sample in family.samples {
                // A bucket's bound is no label of the series.
                let names = sample.labels.map(\.name).filter { $0 != "le" || descriptor.kind != .histogram }
                if names != descriptor.labels.names { note(.labels, "\(sample.series) instead of \(descriptor.labels.names)") }
                if let fault = fault(in: sample.value, descriptor.kind) { note(.value, "\(sample.series) is \(fault)") }
            }
        }
        return found
    }

    private static func type(of kind: MetricDescriptor.Kind) -> String {
        switch kind {
        case .counter, .histogram, .summary: kind.rawValue
        case .gauge, .info: "gauge"
        }
    }

    private func fault(in value: Double, _ kind: MetricDescriptor.Kind) -> String? {
        if !value.isFinite { return "\(value): what is not known writes no sample" }
        switch kind {
        case .counter where value < 0: return "\(value), and a counter"
        case .histogram where value < 0, .summary where value < 0: return "\(value), and a \(kind.rawValue)"
        case .info where value != 1: return "\(value), and an info"
        default: return nil
        }
    }
}
