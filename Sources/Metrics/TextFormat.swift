import Primitives

/// Prometheus' text format 0.0.4.
package enum TextFormat {
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// Writes the exposition into `buffer`, calling `flush` whenever it holds more than 128 KiB and once at the end.
    ///
    /// `flush` takes the bytes out; as long as it keeps the buffer's capacity, no sample costs an allocation.
    package static func write(_ exposition: Exposition, through buffer: inout [UInt8], flush: (inout [UInt8]) -> Void) {
        for (position, runs) in exposition.runs.enumerated() where !runs.isEmpty {
            let family = exposition.table.families[position]
            buffer.append(contentsOf: family.header)
            for run in runs {
                switch family.descriptor.kind {
                case .histogram, .summary: writeDistributions(exposition.sources[run.source], run.metric, family, &buffer, flush)
                case .gauge, .counter, .info: write(exposition.sources[run.source], run.metric, family, &buffer, flush)
                }
            }
        }
        flush(&buffer)
    }

    private static func write(
        _ source: Exposition.Source, _ metric: Int, _ family: FamilyTable.Family, _ buffer: inout [UInt8],
        _ flush: (inout [UInt8]) -> Void
    ) {
        let ends = source.buffer.labelEnds
        family.opening.withUnsafeBufferPointer { opening in
            source.buffer.labelBytes.withUnsafeBufferPointer { labels in
                for sample in source.samples[source.starts[metric]..<source.starts[metric + 1]] {
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

extension TextFormat {
    /// `X_bucket` with ascending `le`, then `X_sum` and `X_count`, series by series as OpenMetrics wants it too.
    private static func writeDistributions(
        _ source: Exposition.Source, _ metric: Int, _ family: FamilyTable.Family, _ buffer: inout [UInt8],
        _ flush: (inout [UInt8]) -> Void
    ) {
        for sample in source.samples[source.starts[metric]..<source.starts[metric + 1]] {
            let index = Int(sample.value)
            guard source.buffer.distributions.indices.contains(index) else { continue }
            let distribution = source.buffer.distributions[index]
            let labels = source.buffer.labelBytes[source.buffer.range(of: sample.labels)]
            func write(_ suffix: StaticString, bound: String? = nil, _ value: Double) {
                buffer.append(utf8: family.descriptor.name)
                buffer.append(utf8: suffix)
                if bound != nil || !labels.isEmpty {
                    buffer.append(UInt8(ascii: "{"))
                    buffer.append(contentsOf: labels)
                    if let bound { buffer.append(utf8: "\(labels.isEmpty ? "" : ",")le=\"\(bound)\"") }
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
                    // "1.0" and not "1": every parser since Prometheus 3 has it so, and the label's text is part of the series.
                    write("_bucket", bound: "\(bound)", Double(total))
                }
                write("_bucket", bound: "+Inf", Double(distribution.count))
            }
            write("_sum", distribution.sum)
            write("_count", Double(distribution.count))
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
