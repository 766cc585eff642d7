import JSON
package import Primitives
package import Web

/// Of the rows of `/nodes/N/certificates/info` the one that the API server shows to whoever connects: one of the administrator's own or
/// from ACME (`pveproxy-ssl.pem`) if there is one, else the cluster's (`pve-ssl.pem`).
package struct ServedCertificate: Sendable {
    package let fileName: String
    /// Seconds since 1970; nil past the year 9999 or before 1970, as no certificate says such.
    package let notAfter: Double?
    package let subject: String?
    package let issuer: String?
    /// SHA-256, as `D6:00:…`.
    package let fingerprint: String?

    /// nil when neither is listed.
    init?(_ data: JSONValue) {
        var own: ServedCertificate?
        var cluster: ServedCertificate?
        data.forEachElement { row in
            switch row["filename"]?.text {
            case "pveproxy-ssl.pem": own = own ?? ServedCertificate(row: row, "pveproxy-ssl.pem")
            case "pve-ssl.pem": cluster = cluster ?? ServedCertificate(row: row, "pve-ssl.pem")
            default: break
            }
        }
        guard let served = own ?? cluster else { return nil }
        self = served
    }

    private init(row: JSONValue, _ fileName: String) {
        self.fileName = fileName
        notAfter = row["notafter"]?.number.flatMap { (0...253_402_300_799).contains($0) ? $0 : nil }
        subject = row["subject"]?.word
        issuer = row["issuer"]?.word
        fingerprint = row["fingerprint"]?.word
    }
}

extension ProxmoxClient {
    package func servedCertificate(
        _ node: String, http: HTTPClient, by deadline: Deadline
    ) async throws(ProxmoxError) -> ServedCertificate {
        try await get(
            "/nodes/\(Self.pathPart(node))/certificates/info", node: node, http: http, by: deadline, decode: ServedCertificate.init)
    }
}
