import Glibc
import GnuTLSShim
package import Primitives

/// A certificate and its key, signed by an authority or being one.
package struct IssuedCertificate: Sendable {
    package let certificatePEM: String
    package let keyPEM: Secret

    /// Makes an authority that signs certificates of servers, valid from an hour ago for `days`.
    package init(authority commonName: String, days: UInt32, clock: WallClock = .system) throws(Failure) {
        try self.init(commonName, names: [], days: days, issuer: nil, clock)
    }

    /// Makes a server's certificate, valid from an hour ago for `days`.
    ///
    /// - Parameter names: the DNS names and IP addresses that it stands for.
    package init(
        commonName: String, names: [String], days: UInt32, signedBy authority: IssuedCertificate, clock: WallClock = .system
    ) throws(Failure) {
        try self.init(commonName, names: names, days: days, issuer: authority, clock)
    }

    /// One that was made before.
    package init(certificatePEM: String, keyPEM: Secret) {
        self.certificatePEM = certificatePEM
        self.keyPEM = keyPEM
    }

    private init(_ commonName: String, names: [String], days: UInt32, issuer: IssuedCertificate?, _ clock: WallClock) throws(Failure) {
        var (certificate, key): (UnsafeMutablePointer<CChar>?, UnsafeMutablePointer<CChar>?)
        let texts = ([commonName, issuer?.certificatePEM ?? "", issuer?.keyPEM.reveal() ?? ""] + names).map { strdup($0) }
        defer { for text in texts { free(text) } }
        var wish = mlt_certificate_wish()
        wish.common_name = UnsafePointer(texts[0])
        wish.now = time_t(clock.unixSeconds)
        wish.days = days
        wish.is_authority = issuer == nil ? 1 : 0
        if issuer != nil { (wish.issuer_pem, wish.issuer_key_pem) = (UnsafePointer(texts[1]), UnsafePointer(texts[2])) }
        let code = texts.dropFirst(3).map { UnsafePointer($0) }.withUnsafeBufferPointer { names in
            (wish.names, wish.name_count) = (names.baseAddress, names.count)
            return mlt_certificate_make(&wish, &certificate, &key)
        }
        defer {
            free(certificate)
            free(key)
        }
        guard code == 0, let certificate, let key else {
            throw Failure(.environment, "cannot make a certificate for \(commonName): \(String(cString: mlt_tls_error(code)))")
        }
        certificatePEM = String(cString: certificate)
        keyPEM = Secret(String(cString: key))
    }

    /// Whether it stands for that DNS name or address.
    package func isFor(_ name: String) -> Bool { mlt_certificate_is_for(certificatePEM, name) != 0 }

    package func isSigned(by authority: IssuedCertificate) -> Bool {
        mlt_certificate_is_signed_by(certificatePEM, authority.certificatePEM) != 0
    }

    /// Until when it is valid, in seconds since 1970.
    ///
    /// Errors: certificate and key that cannot be read, or do not belong together.
    package func expires() throws(Failure) -> Double {
        Double(try TLSIdentity(TLSSettings(certificate: .inline(Secret(certificatePEM)), key: .inline(keyPEM))).expires)
    }
}
