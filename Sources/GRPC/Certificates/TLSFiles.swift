/// The files of one side of mutual TLS, in PEM.
package struct TLSFiles: Sendable, Equatable {
    /// The certificate, and those between it and its authority behind it.
    package let certificate: String
    /// Without a password.
    package let key: String
    /// Whose certificates the other side may show.
    package let authorities: String

    package init(certificate: String, key: String, authorities: String) {
        self.certificate = certificate
        self.key = key
        self.authorities = authorities
    }
}
