import Metrics
import ProxmoxAPI

/// The certificate that a node serves, and not one that lies beside it.
struct CertificateSource: SlowSource {
    private static let infoLabels = NodeFamilies.labels.adding("filename", "subject", "issuer", "fingerprint")

    var profile = SlowProfile(
        name: "certificates", scope: .node, periodSeconds: 3600, endpoint: "/nodes/N/certificates/info")
    private let expiry: Metric
    private let notAfter: Metric
    private let info: Metric

    init(_ catalogue: inout Catalogue) {
        let source = profile.endpoint + " of pveproxy-ssl.pem, else pve-ssl.pem: "
        expiry = catalogue.gauge(
            "pve_certificate_expiry_seconds", "Seconds until the certificate that the node serves runs out; negative when it has.",
            labels: NodeFamilies.labels, source: source + "notafter - now")
        notAfter = catalogue.gauge(
            "pve_certificate_not_after_timestamp_seconds", "When the certificate that the node serves runs out, in seconds since 1970.",
            labels: NodeFamilies.labels, source: source + "notafter")
        info = catalogue.info(
            "pve_certificate_info", "The certificate that the node serves.", labels: Self.infoLabels,
            source: source + "filename, subject, issuer, fingerprint")
    }

    func ask(_ subject: SlowSubject, _ call: SlowCall, last: ServedCertificate?) async throws(ProxmoxError) -> ServedCertificate {
        try await call.client.servedCertificate(subject.node, http: call.http, by: call.deadline)
    }

    func write(_ subject: SlowSubject, _ certificate: ServedCertificate, into page: inout SlowPage) {
        let labels = page.labels(ofNode: subject.node)
        page.buffer.add(expiry, labels, certificate.notAfter.map { $0 - page.now })
        page.buffer.add(notAfter, labels, certificate.notAfter)
        let infoLabels = page.buffer.labels(
            Self.infoLabels, page.cluster, subject.node, certificate.fileName, certificate.subject ?? "", certificate.issuer ?? "",
            certificate.fingerprint ?? "")
        page.buffer.add(info, infoLabels, true)
    }
}
