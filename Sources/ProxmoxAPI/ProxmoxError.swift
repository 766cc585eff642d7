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
    /// Of the answer; nil when none came, or one that could not be used.
    package private(set) var status: Int?
    /// `GET /nodes/pve1/status: 403 Permission check failed (/nodes/pve1, Sys.Audit)`
    package private(set) var description: String
    /// A new login may mend it.
    private(set) var mayTryAgain = false

    init(_ kind: Kind, _ path: String, _ detail: String, method: String = "GET", advice: String = "") {
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
        description = "\(method) \(path.utf8.count <= 200 ? path : String(path.prefix(80)) + "…"): \(line)\(advice)"
    }

    /// The same, with the endpoint in front, for when there are several.
    func at(_ authority: String) -> ProxmoxError {
        var error = self
        error.description = "\(authority): \(description)"
        return error
    }

    var tryingAgain: ProxmoxError {
        var error = self
        error.mayTryAgain = true
        return error
    }

    /// The answer's status, or a word for why there is none: a value of the label `code`.
    var code: String {
        if let status { return String(status) }
        return switch kind {
        case .timeout: "timeout"
        case .tls: "tls"
        case .tooLarge: "too_large"
        case .malformed: "malformed"
        case .unreachable, .unauthorized, .forbidden, .nodeUnreachable, .refused: "unreachable"
        }
    }

    /// Whether another endpoint of the cluster may do better.
    ///
    /// What fails on the way to the endpoint, it may. What the endpoint itself says counts only when the call was about the cluster: an
    /// endpoint that cannot reach another node, or whose own daemons are down, says 5xx where a healthy one would know.
    func mayDifferElsewhere(isOfNode: Bool) -> Bool {
        switch kind {
        case .unreachable, .tls: true
        case .timeout, .nodeUnreachable: !isOfNode
        case .refused(let status): !isOfNode && status >= 500 && status != 501
        case .unauthorized, .forbidden, .tooLarge, .malformed: false
        }
    }

    /// The call was given up for the sake of others.
    package static func late(_ path: String, _ why: String = "no answer in half of the scrape's time") -> ProxmoxError {
        ProxmoxError(.timeout, path, why)
    }

    /// The answer came and cannot be true.
    package static func malformed(_ path: String, _ detail: String) -> ProxmoxError { ProxmoxError(.malformed, path, detail) }

    /// An answer with a status that is not 200.
    ///
    /// - Parameter ofToken: it was asked with a token.
    init(status: Int, _ path: String, _ words: String, method: String = "GET", ofToken: Bool = false) {
        let kind: Kind =
            switch status {
            case 401: .unauthorized
            case 403: .forbidden
            case 595...599: .nodeUnreachable
            default: .refused(status: status)
            }
        self.init(
            kind, path, "\(status) \(words.isEmpty ? "without a reason" : words)", method: method,
            advice: Self.advice(status, ofToken: ofToken))
        self.status = status
    }

    init(_ error: HTTPClientError, _ path: String, method: String = "GET") {
        let kind: Kind =
            switch error.kind {
            case .timeout: .timeout
            case .tls: .tls
            case .tooLarge: .tooLarge
            case .protocolViolation: .malformed
            case .resolve, .connect, .closed, .url, .cancelled: .unreachable
            }
        // libcurl's words differ by where it was waiting and for how long, which is nothing that could be mended.
        let words =
            switch kind {
            case .timeout where error.message.contains("timed out"): "no answer by the deadline"
            case .tls: Self.words(ofTLS: error.message)
            default: nil as String?
            }
        self.init(
            kind, path, words ?? error.message, method: method, advice: kind == .tls && words == nil ? Self.advice(error.certificate) : "")
    }

    private static func advice(_ status: Int, ofToken: Bool) -> String {
        switch status {
        case 401 where ofToken: "; check the token's name and secret, and that it has not expired: pveum user token list USER@REALM"
        case 403: "; give the role PVEAuditor on / to the user, and to a token with privileges of its own"
        case 404, 501: "; is this a Proxmox VE node?"
        default: ""
        }
    }

    /// What OpenSSL means, where its words are for those who know it from inside; nil where they will do.
    package static func words(ofTLS message: String) -> String? {
        if message.contains("wrong version number") { return "what answers on this port speaks no TLS; check host and port" }
        if message.contains("protocol version") || message.contains("unsupported protocol") {
            return "the server speaks no TLS 1.2 or newer, and older versions are broken; renew what answers there"
        }
        return nil
    }

    /// What to do about a certificate: the commonest first obstacle, as a cluster signs its nodes' certificates itself.
    private static func advice(_ problem: CertificateProblem?) -> String {
        let found = problem?.found.map { " (it is \($0); compare with what pvenode cert info prints on the node)" } ?? ""
        switch problem?.kind {
        case .expired, .notYetValid: return "; see to the clocks of both machines, and renew it on the node: pvecm updatecerts --force"
        case .wrongName: return "; use a name that is in it, or give its SHA-256 as fingerprint\(found)"
        case .wrongFingerprint: return "; compare with what pvenode cert info prints on the node before you change fingerprint"
        case nil: return ""
        case .selfSigned, .unknownAuthority, .other:
            return "; give the cluster's /etc/pve/pve-root-ca.pem as ca_file, or the certificate's SHA-256 as fingerprint\(found)"
        }
    }
}
