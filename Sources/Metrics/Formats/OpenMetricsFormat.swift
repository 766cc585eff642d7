/// OpenMetrics 1.0, as text.
///
/// The lines of samples are those of `TextFormat`. What differs: the metadata of a family has the order TYPE, UNIT, HELP and the
/// family's own name, which is the sample's without `_total` or `_info`; an end is marked, so that half an answer is known as such; and
/// samples that their type must not have are left out. Timestamps, exemplars and `_created` are written by neither format.
package enum OpenMetricsFormat {
    /// The versions that scrapers ask for; what we write is the same in both.
    package enum Version: String, Sendable {
        /// What Prometheus asked for before there was a standard.
        case draft = "0.0.1"
        case standard = "1.0.0"
    }

    package static func contentType(_ version: Version = .standard) -> String {
        "application/openmetrics-text; version=\(version.rawValue); charset=utf-8"
    }

    /// Writes the exposition into `buffer`, calling `flush` whenever it holds more than 128 KiB and once at the end.
    ///
    /// `flush` takes the bytes out; as long as it keeps the buffer's capacity, no sample costs an allocation.
    package static func write(_ exposition: Exposition, through buffer: inout [UInt8], flush: (inout [UInt8]) -> Void) {
        SampleLines.write(exposition, in: .openMetrics, &buffer, flush)
        buffer.append(contentsOf: "# EOF\n".utf8)
        flush(&buffer)
    }
}
