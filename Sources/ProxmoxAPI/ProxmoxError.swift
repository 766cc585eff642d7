import Web

/// Why a call of the API gave no answer that can be used.
package struct ProxmoxError: Error, Sendable, CustomStringConvertible {
    package enum Kind: Sendable, Equatable {
        /// 401.
        case unauthorized
        /// 403; the message names path and privilege.
        case forbidden
        /// 595, 596 and their like: the node asked could not reach the node that was meant.
        case nodeUnreachable
        /// Any other status that is not 200.
        case refused(status: Int)
        case timeout
        case unreachable
        case tls
        case tooLarge
        /// Not the JSON that the API promises.
        case malformed
    }

    package let kind: Kind
    /// `GET /nodes/pve1/status: 403 Permission check failed (/nodes/pve1, Sys.Audit)`
    package let description: String

    init(_ kind: Kind, _ path: String, _ detail: String) {
        self.kind = kind
        // The text comes from outside: one line, of bearable length.
        var line = ""
        for letter in detail.unicodeScalars.prefix(200) {
            switch letter.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: line += " "
            default: line.unicodeScalars.append(letter)
            }
        }
        while line.last == " " { line.removeLast() }
        // A path holds names from outside too.
        description = "GET \(path.utf8.count <= 200 ? path : String(path.prefix(80)) + "…"): \(line)"
    }

    /// The call was given up for the sake of others.
    package static func late(_ path: String) -> ProxmoxError { ProxmoxError(.timeout, path, "no answer in half of the scrape's time") }

    /// The answer came and cannot be true.
    package static func malformed(_ path: String, _ detail: String) -> ProxmoxError { ProxmoxError(.malformed, path, detail) }

    init(_ error: HTTPClientError, _ path: String) {
        let kind: Kind =
            switch error.kind {
            case .timeout: .timeout
            case .tls: .tls
            case .tooLarge: .tooLarge
            case .protocolViolation: .malformed
            case .resolve, .connect, .url, .cancelled: .unreachable
            }
        // The commonest first obstacle: a cluster signs its nodes' certificates itself.
        let advice = kind == .tls ? "; give the cluster's /etc/pve/pve-root-ca.pem as ca_file, and a name that is in the certificate" : ""
        self.init(kind, path, error.message + advice)
    }
}
