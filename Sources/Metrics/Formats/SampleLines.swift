import Primitives

/// The families of an exposition with the lines of their samples, which the text format and OpenMetrics write byte for byte alike: a
/// Prometheus that changes from one to the other finds the same series.
enum SampleLines {
    /// What the two differ in: the lines before a family's samples, and that OpenMetrics has values which a type must not have.
    enum Dialect {
        case text, openMetrics
    }

    /// Appends to `buffer`, and calls `flush` whenever it holds more than 128 KiB.
    static func write(_ exposition: Exposition, in dialect: Dialect, _ buffer: inout [UInt8], _ flush: (inout [UInt8]) -> Void) {
        for (position, runs) in exposition.runs.enumerated() where !runs.isEmpty {
            let family = exposition.table.families[position]
            buffer.append(contentsOf: dialect == .text ? family.textHeader : family.openMetricsHeader)
            let values = dialect == .text ? .any : family.openMetrics.values
            for run in runs {
                let source = exposition.sources[run.source]
                switch family.descriptor.kind {
                case .histogram, .summary: writeDistributions(source, run.metric, family, &buffer, flush)
                case .gauge, .counter, .info: write(source, run.metric, family, values, &buffer, flush)
                }
            }
        }
    }

    private static func write(
        _ source: Exposition.Source, _ metric: Int, _ family: FamilyTable.Family, _ values: OpenMetricsFamily.Values,
        _ buffer: inout [UInt8], _ flush: (inout [UInt8]) -> Void
    ) {
        let ends = source.buffer.labelEnds
        family.opening.withUnsafeBufferPointer { opening in
            source.buffer.labelBytes.withUnsafeBufferPointer { labels in
                for sample in source.samples[source.starts[metric]..<source.starts[metric + 1]] where values.contain(sample.value) {
                    let set = Int(sample.labels)
                    if set == 0 {
                        buffer.append(contentsOf: opening.dropLast())
                    } else {
                        buffer.append(contentsOf: opening)
                        buffer.append(contentsOf: UnsafeBufferPointer(rebasing: labels[ends[set - 1]..<ends[set]]))
                        buffer.append(UInt8(ascii: "}"))
                    }
                    buffer.append(UInt8(ascii: " "))
                    buffer.append(sampleValue: sample.value)
                    buffer.append(UInt8(ascii: "\n"))
                    if buffer.count > 1 << 17 { flush(&buffer) }
                }
            }
        }
    }
}

extension SampleLines {
    /// `X_bucket` with ascending `le`, then `X_sum` and `X_count`, series by series as OpenMetrics wants it.
    private static func writeDistributions(
        _ source: Exposition.Source, _ metric: Int, _ family: FamilyTable.Family, _ buffer: inout [UInt8],
        _ flush: (inout [UInt8]) -> Void
    ) {
        for sample in source.samples[source.starts[metric]..<source.starts[metric + 1]] {
            // A plain value in a distribution's place is a collector's slip, and no index.
            guard let index = Int(exactly: sample.value), source.buffer.distributions.indices.contains(index) else { continue }
            let distribution = source.buffer.distributions[index]
            let labels = source.buffer.labelBytes[source.buffer.range(of: sample.labels)]
            func write(_ suffix: StaticString, bound: Double? = nil, _ value: Double) {
                buffer.append(utf8: family.descriptor.name)
                buffer.append(utf8: suffix)
                if bound != nil || !labels.isEmpty {
                    buffer.append(UInt8(ascii: "{"))
                    buffer.append(contentsOf: labels)
                    if let bound {
                        buffer.append(utf8: (labels.isEmpty ? "le=\"" : ",le=\"") as StaticString)
                        buffer.append(bound: bound)
                        buffer.append(UInt8(ascii: "\""))
                    }
                    buffer.append(UInt8(ascii: "}"))
                }
                buffer.append(UInt8(ascii: " "))
                buffer.append(sampleValue: value)
                buffer.append(UInt8(ascii: "\n"))
            }
            if family.descriptor.kind == .histogram {
                var total = 0
                for (bound, count) in zip(distribution.bounds, distribution.counts) {
                    total += count
                    write("_bucket", bound: bound, Double(total))
                }
                write("_bucket", bound: .infinity, Double(distribution.count))
            }
            // Where observations may be negative their sum is no counter, which OpenMetrics forbids, with the count that goes with it.
            if distribution.bounds.first ?? 0 >= 0 {
                write("_sum", distribution.sum)
                write("_count", Double(distribution.count))
            }
            if buffer.count > 1 << 17 { flush(&buffer) }
        }
    }
}

extension [UInt8] {
    /// A value as Go's ParseFloat reads it.
    @inline(__always)
    mutating func append(sampleValue value: Double) {
        if value.isFinite {
            append(finite: value)
        } else if value.isNaN {
            append(utf8: "NaN" as StaticString)
        } else {
            append(utf8: value > 0 ? "+Inf" : "-Inf" as StaticString)
        }
    }
}
