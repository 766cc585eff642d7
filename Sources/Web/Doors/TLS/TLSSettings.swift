package import Primitives

/// How a server speaks TLS, and whom it asks for a certificate.
package struct TLSSettings: Sendable, Equatable {
    /// PEM text, or the file that holds it.
    package enum Material: Sendable, Equatable {
        case file(String)
        case inline(Secret)
    }

    /// What a client has to show, named as Go's crypto/tls names it.
    package enum ClientAuthentication: String, Sendable, CaseIterable {
        case none = "NoClientCert"
        /// Asked for; it may be missing, and what comes is not looked at.
        case request = "RequestClientCert"
        /// Needed, and not looked at.
        case requireAny = "RequireAnyClientCert"
        /// It may be missing; one that comes must be an authority's.
        case verifyIfGiven = "VerifyClientCertIfGiven"
        case requireAndVerify = "RequireAndVerifyClientCert"

        /// Whether a certificate that comes must be an authority's.
        package var verifies: Bool { self == .verifyIfGiven || self == .requireAndVerify }
        /// Whether nobody comes in without a certificate.
        package var requires: Bool { self == .requireAny || self == .requireAndVerify }
    }

    package var certificate: Material
    package var key: Material
    /// Whose certificates clients may show.
    package var clientAuthorities: Material?
    package var clientAuthentication = ClientAuthentication.none
    /// Subject alternative names of which a client's certificate must have one: DNS names, IP addresses, mail addresses, URIs, compared as
    /// text; empty when any will do.
    package var allowedNames: [String] = []
    package var minimumVersion = TLSVersion.tls12
    package var maximumVersion = TLSVersion.tls13
    /// Empty for `TLSCipherSuite.standard`.
    package var cipherSuites: [TLSCipherSuite] = []
    /// Empty for all of `TLSCurve`.
    package var curves: [TLSCurve] = []
    /// Whether the server's order of suites counts rather than the client's.
    package var prefersServerCipherSuites = true

    package init(certificate: Material, key: Material) {
        self.certificate = certificate
        self.key = key
    }
}

/// A version of TLS, named as Go's crypto/tls names it.
package enum TLSVersion: String, Sendable, CaseIterable, Comparable {
    case tls10 = "TLS10"
    case tls11 = "TLS11"
    case tls12 = "TLS12"
    case tls13 = "TLS13"

    package static func < (left: TLSVersion, right: TLSVersion) -> Bool { left.rawValue < right.rawValue }

    /// As a GnuTLS priority string names it.
    var priority: String {
        switch self {
        case .tls10: "VERS-TLS1.0"
        case .tls11: "VERS-TLS1.1"
        case .tls12: "VERS-TLS1.2"
        case .tls13: "VERS-TLS1.3"
        }
    }
}

/// A curve for the key exchange, named as Go's crypto/tls names it.
package enum TLSCurve: String, Sendable, CaseIterable {
    case x25519 = "X25519"
    case p256 = "CurveP256"
    case p384 = "CurveP384"
    case p521 = "CurveP521"

    /// As a GnuTLS priority string names it.
    var priority: String {
        switch self {
        case .x25519: "GROUP-X25519"
        case .p256: "GROUP-SECP256R1"
        case .p384: "GROUP-SECP384R1"
        case .p521: "GROUP-SECP521R1"
        }
    }
}
