/// The families that one source of metrics may write, in the order in which they are written.
///
/// A family is of the level `guest` unless it is declared with a finer one.
package struct Catalogue: Sendable {
    package private(set) var descriptors: [MetricDescriptor] = []

    package init() {}

    package mutating func gauge(
        _ name: String, _ help: String, labels: LabelSchema = .none, detail: Detail = .guest, source: String
    ) -> Metric {
        declare(name, help, .gauge, labels, detail, source)
    }

    package mutating func counter(
        _ name: String, _ help: String, labels: LabelSchema = .none, detail: Detail = .guest, source: String
    ) -> Metric {
        declare(name, help, .counter, labels, detail, source)
    }

    package mutating func info(
        _ name: String, _ help: String, labels: LabelSchema, detail: Detail = .guest, source: String
    ) -> Metric {
        declare(name, help, .info, labels, detail, source)
    }

    /// Written with `SampleBuffer.add(_:_:_:)` of a `Distribution` that has buckets.
    package mutating func histogram(
        _ name: String, _ help: String, labels: LabelSchema, detail: Detail = .guest, source: String
    ) -> Metric {
        declare(name, help, .histogram, labels, detail, source)
    }

    /// Written with `SampleBuffer.add(_:_:_:)` of a `Distribution` without buckets.
    package mutating func summary(
        _ name: String, _ help: String, labels: LabelSchema, detail: Detail = .guest, source: String
    ) -> Metric {
        declare(name, help, .summary, labels, detail, source)
    }

    private mutating func declare(
        _ name: String, _ help: String, _ kind: MetricDescriptor.Kind, _ labels: LabelSchema, _ detail: Detail,
        _ source: String
    ) -> Metric {
        descriptors.append(
            MetricDescriptor(
                name: name, help: help, kind: kind, unit: MetricDescriptor.Unit(ofName: name), labels: labels,
                detail: detail, since: "0.1.0", stability: .stable, source: source))
        return Metric(index: descriptors.count - 1)
    }
}
