import CurlShim

/// What is wrong with a server's certificate that was refused.
package struct CertificateProblem: Sendable, Equatable {
    package enum Kind: String, Sendable {
        /// Its last day, or that of an authority behind it, is over.
        case expired
        /// Its first day, or that of an authority behind it, has not come; or the clock here is wrong.
        case notYetValid
        /// Nobody vouches for it but itself.
        case selfSigned
        /// Whoever vouches for it is not among the authorities that are believed.
        case unknownAuthority
        /// It does not name the host that was asked.
        case wrongName
        /// Its SHA-256 is not among those that were given.
        case wrongFingerprint
        case other
    }

    package let kind: Kind
    /// What the server showed, so that a person can compare it with what the server prints; nil if unknown.
    package let found: CertificateFingerprint?

    package init(kind: Kind, found: CertificateFingerprint?) {
        self.kind = kind
        self.found = found
    }
}

/// What a person compares of a certificate that a server showed, beside its SHA-256.
package struct ShownCertificate: Sendable, Equatable {
    /// `CN=pve1,O=PVE Cluster Node`, escaped as RFC 2253 has it; cut past 255 bytes, empty when it names nobody.
    package let subject: String
    /// Unix seconds; nil where the certificate's own words cannot be read.
    package let notBefore: Double?
    package let notAfter: Double?

    package init(subject: String, notBefore: Double?, notAfter: Double?) {
        self.subject = subject
        self.notBefore = notBefore
        self.notAfter = notAfter
    }
}

extension HTTPClientError {
    /// The error of a transfer that ended because of a certificate; nil when that was not the reason.
    ///
    /// - Parameter fingerprintCount: how many the request would have believed.
    init?(certificateOf outcome: mlt_curl_outcome, fingerprintCount: Int) {
        guard outcome.blame != mlt_curl_blame_none else { return nil }
        let kind: CertificateProblem.Kind =
            switch outcome.blame {
            case mlt_curl_blame_expired: .expired
            case mlt_curl_blame_not_yet_valid: .notYetValid
            case mlt_curl_blame_self_signed: .selfSigned
            case mlt_curl_blame_unknown_authority: .unknownAuthority
            case mlt_curl_blame_wrong_name: .wrongName
            case mlt_curl_blame_wrong_fingerprint: .wrongFingerprint
            default: .other
            }
        let isOfProxy = outcome.is_of_proxy != 0
        let found =
            outcome.has_fingerprint == 0
            ? nil : withUnsafeBytes(of: outcome.fingerprint) { CertificateFingerprint(bytes: Array($0)) }
        let subject = isOfProxy ? "the proxy's certificate" : "the certificate"
        let dated = outcome.is_of_authority != 0 ? "the authority behind \(subject)" : subject
        let message =
            switch kind {
            case .expired: "\(dated) has expired"
            case .notYetValid: "\(dated) is not valid yet"
            case .selfSigned: "\(subject) is signed by itself"
            case .unknownAuthority: "\(subject) is signed by an authority that is not trusted here"
            case .wrongName: "\(subject) is not for \(isOfProxy ? "its name" : "the name \(String(cArray: outcome.host))")"
            case .wrongFingerprint:
                "\(subject)'s SHA-256 is \(found?.description ?? "unknown"), which is "
                    + (fingerprintCount == 1 ? "not the one that was given" : "none of those that were given")
            case .other: "\(subject) is refused: \(String(cArray: outcome.message))"
            }
        // A proxy's certificate says nothing of the server's.
        self.init(
            kind: .tls, message: message, certificate: isOfProxy ? nil : CertificateProblem(kind: kind, found: found),
            shown: isOfProxy || found == nil
                ? nil
                : ShownCertificate(
                    subject: String(cArray: outcome.subject), notBefore: outcome.not_before == 0 ? nil : Double(outcome.not_before),
                    notAfter: outcome.not_after == 0 ? nil : Double(outcome.not_after)))
    }
}

extension String {
    /// The text of a C array of characters, up to its zero.
    init<Characters>(cArray: Characters) {
        self = withUnsafeBytes(of: cArray) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
