package import Metrics

/// What an exposition is sent as.
package enum ExpositionFormat: Sendable, Equatable {
    case text
    /// - Parameter escaping: how the scraper wants names escaped that martlet does not have; nil when it did not say.
    case openMetrics(OpenMetricsFormat.Version, escaping: NameEscaping? = nil)

    /// The ways to escape names beyond letters, digits and underscores that leave our names as they are.
    package enum NameEscaping: String, Sendable {
        case none = "allow-utf-8"
        case underscores
    }

    package var contentType: String {
        switch self {
        case .text: TextFormat.contentType
        // OpenMetrics has no such parameter; Prometheus' rules for content negotiation ask for it in the answer to who sent it.
        case .openMetrics(let version, let escaping?): OpenMetricsFormat.contentType(version) + "; escaping=\(escaping.rawValue)"
        case .openMetrics(let version, nil): OpenMetricsFormat.contentType(version)
        }
    }

    package func write(_ exposition: Exposition, through buffer: inout [UInt8], flush: (inout [UInt8]) -> Void) {
        switch self {
        case .text: TextFormat.write(exposition, through: &buffer, flush: flush)
        case .openMetrics: OpenMetricsFormat.write(exposition, through: &buffer, flush: flush)
        }
    }
}
