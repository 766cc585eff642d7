package import Primitives

/// What became of files of TLS that were looked at: for a log line and for metrics.
package struct CertificateReport: Sendable {
    package let files: TLSFiles
    /// Seconds since 1970 at which the certificate in use ends.
    package let expires: Double
    /// Why what the files hold now is not in use; nil when it is.
    package let refusal: Failure?
}
