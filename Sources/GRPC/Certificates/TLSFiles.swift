/// The files of one side of mutual TLS, in PEM.
package struct TLSFiles: Sendable, Equatable {
    /// The certificate, and those between it and its authority behind it.
    package let certificate: String
    /// Without a password.
    package let key: String
    /// Whose certificates the other side may show.
    package let authorities: String
    /// What the files were written from, as its owner knows it: `Secret default/tls`. In what is said it stands for their folder; nil where that says enough.
    package let origin: String?

    package init(certificate: String, key: String, authorities: String, origin: String? = nil) {
        self.certificate = certificate
        self.key = key
        self.authorities = authorities
        self.origin = origin
    }

    /// As a person knows the file.
    func title(_ path: String) -> String {
        guard let origin else { return path }
        return "\(path.split(separator: "/").last ?? "") of \(origin)"
    }
}
