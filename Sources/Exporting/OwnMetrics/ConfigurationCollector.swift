package import Metrics
import Primitives
import Web

/// Whether what runs is what the files say.
package struct ConfigurationCollector: Collector {
    package let name = "configuration"
    package let catalogue: Catalogue
    private let reloads: ReloadRecord?
    private let entrance: Entrance
    private let isSuccessful: Metric
    private let lastSuccess: Metric
    private let isWebCurrent: Metric
    private let certificateExpires: Metric

    /// For lists of what there is.
    package init() { self.init(nil, Entrance()) }

    init(_ reloads: ReloadRecord?, _ entrance: Entrance) {
        self.reloads = reloads
        self.entrance = entrance
        var catalogue = Catalogue()
        isSuccessful = catalogue.gauge(
            "martlet_config_last_reload_successful",
            "1 if the last reload of the configuration was taken, 0 if the one before stays in use.",
            source: "martlet")
        lastSuccess = catalogue.gauge(
            "martlet_config_last_reload_success_timestamp_seconds", "When the configuration in use was read, in seconds since 1970.",
            source: "martlet")
        isWebCurrent = catalogue.gauge(
            "martlet_web_config_up_to_date",
            "1 if the doors in use (TLS, users, limits) are what --web.config.file and its certificates say now, 0 if those cannot be used.",
            source: "martlet")
        certificateExpires = catalogue.gauge(
            "martlet_web_certificate_not_after_timestamp_seconds",
            "Until when the certificate that the exporter shows is valid, in seconds since 1970.",
            source: "martlet")
        self.catalogue = catalogue
    }

    package func collect(into sink: SampleSink, _ context: CollectionContext) async {
        var buffer = sink.begin("configuration")
        if let reloads = reloads?.contents {
            buffer.add(isSuccessful, .empty, reloads.isLastSuccessful)
            buffer.add(lastSuccess, .empty, reloads.lastSuccess)
        }
        if entrance.hasFiles { buffer.add(isWebCurrent, .empty, entrance.isCurrent) }
        if let expires = entrance.certificateExpires { buffer.add(certificateExpires, .empty, Double(expires)) }
        sink.commit(buffer)
    }
}
