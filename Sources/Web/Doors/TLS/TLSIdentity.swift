import Glibc
import GnuTLSShim
package import Primitives

/// A certificate, its key and the rules of a server, loaded and found to belong together.
package final class TLSIdentity: @unchecked Sendable {
    // Immutable once made, which is what the C side asks of those who share it.
    private let server: OpaquePointer
    private let certificatePEM: [UInt8]
    private let keyPEM: [UInt8]
    /// Whether it judges whom a client is, so that its judgement can be out of date.
    let judgesClients: Bool

    /// Reads the files and makes sure that they can be used.
    ///
    /// Errors name the file and what is wrong with it: not readable, no certificate, key and certificate that do not belong together.
    package convenience init(_ settings: TLSSettings) throws(Failure) {
        var authorities: [UInt8]?
        if let material = settings.clientAuthorities { authorities = try Self.text(material, "client_ca_file") }
        try self.init(
            certificate: try Self.text(settings.certificate, "cert_file"), key: try Self.text(settings.key, "key_file"),
            authorities: authorities, settings)
    }

    /// For a simulated service.
    package convenience init(_ certificate: SelfSignedCertificate) throws(Failure) {
        let settings = TLSSettings(certificate: .inline(Secret(certificate.certificatePEM)), key: .inline(certificate.keyPEM))
        try self.init(settings)
    }

    private init(certificate: [UInt8], key: [UInt8], authorities: [UInt8]?, _ settings: TLSSettings) throws(Failure) {
        // C reads up to the first NUL, and would look for less than was written.
        guard !settings.allowedNames.contains(where: { $0.utf8.contains(0) }) else {
            throw Failure(.configuration, "a name of client_allowed_sans holds a NUL")
        }
        let (certificateText, keyText) = (certificate + [0], key + [0])
        (certificatePEM, keyPEM) = (certificateText, keyText)
        let names = settings.allowedNames.map { strdup($0) }
        defer { for name in names { free(name) } }
        judgesClients = settings.clientAuthentication.verifies
        var (code, part) = (Int32(0), mlt_tls_nothing)
        var options = mlt_tls_server_options()
        options.client = settings.clientAuthentication.rule
        let made = try settings.priority.withCString { priority in
            names.map { UnsafePointer($0) }.withUnsafeBufferPointer { names in
                certificateText.withCharacters { certificate in
                    keyText.withCharacters { key in
                        (authorities.map { $0 + [0] } ?? []).withCharacters { authoritiesText in
                            options.priority = priority
                            options.certificate_pem = certificate
                            options.key_pem = key
                            options.authorities_pem = authorities == nil ? nil : authoritiesText
                            options.allowed_names = names.baseAddress
                            options.allowed_name_count = names.count
                            return mlt_tls_server_make(&options, &code, &part)
                        }
                    }
                }
            }
        }
        guard let made else { throw Self.failure(settings, part, code, PEMBlocks(certificate), PEMBlocks(key)) }
        server = made
    }

    deinit { mlt_tls_server_free(server) }

    /// Until when the certificate is valid, in seconds since 1970.
    package var expires: Int { mlt_tls_server_expires(server) }

    /// Makes a session of GnuTLS this server's, before its first byte. Keep the identity for as long as the session lives.
    func attach(to session: UnsafeMutableRawPointer) { mlt_tls_server_attach(server, session) }

    /// Certificate and key as C texts.
    func withMaterial<Result>(_ body: (UnsafePointer<CChar>?, UnsafePointer<CChar>?) -> Result) -> Result {
        certificatePEM.withCharacters { certificate in keyPEM.withCharacters { key in body(certificate, key) } }
    }

    private static func text(_ material: TLSSettings.Material, _ key: String) throws(Failure) -> [UInt8] {
        switch material {
        case .inline(let text): return Array(text.reveal().utf8)
        case .file(let path):
            do { return try Files.read(path, limitBytes: 1 << 20) } catch {
                throw Failure(.configuration, "\(key): \(error.message)")
            }
        }
    }

    private static func failure(
        _ settings: TLSSettings, _ part: mlt_tls_part, _ code: Int32, _ inCertificate: PEMBlocks, _ inKey: PEMBlocks
    ) -> Failure {
        let reason = String(cString: mlt_tls_error(code))
        let (certificate, key) = (settings.certificate.name("cert"), settings.key.name("key"))
        switch part {
        case mlt_tls_pair where code == mlt_tls_mismatch:
            return Failure(.configuration, "the key in \(key) does not belong to the certificate in \(certificate)")
        case mlt_tls_pair where !inCertificate.hasCertificate:
            let instead = inCertificate.hasKey ? "; what it holds is a private key" : ""
            return Failure(.configuration, "\(certificate) holds no certificate in PEM\(instead)")
        case mlt_tls_pair where !inKey.hasKey:
            let instead = inKey.hasCertificate ? "; what it holds is a certificate" : ""
            return Failure(.configuration, "\(key) holds no private key in PEM\(instead)")
        case mlt_tls_pair where inKey.isEncrypted:
            return Failure(
                .configuration,
                "the key in \(key) has a password, which nobody can type at a start; openssl pkey -in KEY -out NEW writes one without")
        case mlt_tls_pair:
            return Failure(.configuration, "certificate \(certificate) and key \(key) cannot be used: \(reason.trimmed)")
        case mlt_tls_authorities:
            let name = settings.clientAuthorities?.name("client_ca") ?? "client_ca_file"
            return Failure(.configuration, "\(name) holds no certificate that can be read: \(reason.trimmed)")
        case mlt_tls_priority:
            return Failure(.configuration, "GnuTLS refuses these versions, cipher suites and curves together: \(reason.trimmed)")
        default:
            return Failure(.environment, "cannot set up TLS: \(reason.trimmed)")
        }
    }
}

/// What a text says that it holds, for an error that is clearer than GnuTLS' own.
private struct PEMBlocks {
    let hasCertificate: Bool
    let hasKey: Bool
    let isEncrypted: Bool

    init(_ text: [UInt8]) {
        let text = String(decoding: text, as: UTF8.self)
        hasCertificate = text.contains("-----BEGIN CERTIFICATE-----") || text.contains("-----BEGIN X509 CERTIFICATE-----")
        hasKey = text.contains("PRIVATE KEY-----")
        isEncrypted = text.contains("BEGIN ENCRYPTED PRIVATE KEY-----") || text.contains("Proc-Type: 4,ENCRYPTED")
    }
}

extension TLSSettings.Material {
    /// As an error names it.
    fileprivate func name(_ key: String) -> String {
        switch self {
        case .file(let path): path
        case .inline: "\"\(key)\""
        }
    }
}

extension TLSSettings.ClientAuthentication {
    fileprivate var rule: mlt_client_certificate {
        switch self {
        case .none: mlt_client_none
        case .request: mlt_client_request
        case .requireAny: mlt_client_require_any
        case .verifyIfGiven: mlt_client_verify_if_given
        case .requireAndVerify: mlt_client_require_and_verify
        }
    }
}

extension [UInt8] {
    fileprivate func withCharacters<Result>(_ body: (UnsafePointer<CChar>?) -> Result) -> Result {
        withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { body($0.baseAddress) }
        }
    }
}

extension String {
    /// GnuTLS ends its texts with a full stop, ours go on.
    fileprivate var trimmed: Substring { hasSuffix(".") ? dropLast() : self[...] }
}
