import Glibc
import GnuTLSShim
package import Primitives

/// A certificate that nobody vouches for, for simulated services.
package struct SelfSignedCertificate: Sendable {
    package let certificatePEM: String
    package let keyPEM: Secret

    /// Makes an ECDSA P-256 key and a certificate valid from an hour ago for `days`.
    ///
    /// - Parameter names: the DNS names and IP addresses that it stands for.
    package init(commonName: String, names: [String], days: UInt32 = 30, clock: WallClock = .system) throws(Failure) {
        var certificate: UnsafeMutablePointer<CChar>?
        var key: UnsafeMutablePointer<CChar>?
        let copies = names.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        let code = copies.map { UnsafePointer($0) }.withUnsafeBufferPointer {
            mlt_self_signed(commonName, $0.baseAddress, $0.count, time_t(clock.unixSeconds), days, &certificate, &key)
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
}
