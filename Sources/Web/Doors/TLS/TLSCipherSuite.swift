/// A cipher suite that a server may speak, named as Go's crypto/tls names it.
package enum TLSCipherSuite: String, Sendable, CaseIterable {
    case ecdheECDSAWithAES128GCM = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
    case ecdheRSAWithAES128GCM = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
    case ecdheECDSAWithAES256GCM = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
    case ecdheRSAWithAES256GCM = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"
    case ecdheECDSAWithChaCha20 = "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"
    case ecdheRSAWithChaCha20 = "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"
    case ecdheECDSAWithAES128CBC = "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"
    case ecdheRSAWithAES128CBC = "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"
    case ecdheECDSAWithAES256CBC = "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"
    case ecdheRSAWithAES256CBC = "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"
    case rsaWithAES128GCM = "TLS_RSA_WITH_AES_128_GCM_SHA256"
    case rsaWithAES256GCM = "TLS_RSA_WITH_AES_256_GCM_SHA384"
    case rsaWithAES128CBC = "TLS_RSA_WITH_AES_128_CBC_SHA"
    case rsaWithAES256CBC = "TLS_RSA_WITH_AES_256_CBC_SHA"
    case tls13AES128GCM = "TLS_AES_128_GCM_SHA256"
    case tls13AES256GCM = "TLS_AES_256_GCM_SHA384"
    case tls13ChaCha20 = "TLS_CHACHA20_POLY1305_SHA256"

    /// How the key is agreed upon up to TLS 1.2, as a GnuTLS priority string names it.
    enum KeyExchange: String {
        case ecdheECDSA = "ECDHE-ECDSA"
        case ecdheRSA = "ECDHE-RSA"
        case rsa = "RSA"
    }

    /// What enciphers, as a GnuTLS priority string names it.
    enum Cipher: String {
        case aes128GCM = "AES-128-GCM"
        case aes256GCM = "AES-256-GCM"
        case chaCha20 = "CHACHA20-POLY1305"
        case aes128CBC = "AES-128-CBC"
        case aes256CBC = "AES-256-CBC"

        /// Its own checksum, or SHA-1 beside it: the only one with which Go has CBC among the suites that it does not call insecure.
        var mac: String {
            switch self {
            case .aes128GCM, .aes256GCM, .chaCha20: "AEAD"
            case .aes128CBC, .aes256CBC: "SHA1"
            }
        }
    }

    /// What is spoken when nothing is said: those of Go, all with forward secrecy.
    package static let standard = allCases.filter { $0.keyExchange != .rsa }

    /// Nil in TLS 1.3, whose suites do not say.
    var keyExchange: KeyExchange? {
        switch self {
        case .ecdheECDSAWithAES128GCM, .ecdheECDSAWithAES256GCM, .ecdheECDSAWithChaCha20, .ecdheECDSAWithAES128CBC,
            .ecdheECDSAWithAES256CBC:
            .ecdheECDSA
        case .ecdheRSAWithAES128GCM, .ecdheRSAWithAES256GCM, .ecdheRSAWithChaCha20, .ecdheRSAWithAES128CBC, .ecdheRSAWithAES256CBC:
            .ecdheRSA
        case .rsaWithAES128GCM, .rsaWithAES256GCM, .rsaWithAES128CBC, .rsaWithAES256CBC: .rsa
        case .tls13AES128GCM, .tls13AES256GCM, .tls13ChaCha20: nil
        }
    }

    var cipher: Cipher {
        switch self {
        case .ecdheECDSAWithAES128GCM, .ecdheRSAWithAES128GCM, .rsaWithAES128GCM, .tls13AES128GCM: .aes128GCM
        case .ecdheECDSAWithAES256GCM, .ecdheRSAWithAES256GCM, .rsaWithAES256GCM, .tls13AES256GCM: .aes256GCM
        case .ecdheECDSAWithChaCha20, .ecdheRSAWithChaCha20, .tls13ChaCha20: .chaCha20
        case .ecdheECDSAWithAES128CBC, .ecdheRSAWithAES128CBC, .rsaWithAES128CBC: .aes128CBC
        case .ecdheECDSAWithAES256CBC, .ecdheRSAWithAES256CBC, .rsaWithAES256CBC: .aes256CBC
        }
    }

    /// Whether who records a conversation and later gets the server's key can read it.
    package var lacksForwardSecrecy: Bool { keyExchange == .rsa }

    /// Whether a version has the suite, or one of its own with the same cipher.
    func isSpoken(in version: TLSVersion) -> Bool {
        switch version {
        case .tls13: cipher.mac == "AEAD"
        case .tls12: keyExchange != nil
        case .tls10, .tls11: keyExchange != nil && cipher.mac == "SHA1"
        }
    }

    /// Why a suite that Go knows is not here; nil when Go does not know it, or it is here.
    package static func reasonAgainst(_ name: String) -> String? {
        switch name {
        case "TLS_RSA_WITH_RC4_128_SHA", "TLS_ECDHE_RSA_WITH_RC4_128_SHA", "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA":
            "RC4 is broken, and no version of TLS may use it (RFC 7465)"
        case "TLS_RSA_WITH_3DES_EDE_CBC_SHA", "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA":
            "3DES repeats blocks too soon (Sweet32), and Go counts it as insecure"
        case "TLS_RSA_WITH_AES_128_CBC_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256":
            "Go counts CBC with SHA-256 as insecure (Lucky Thirteen)"
        case "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305": "its name is \(name)_SHA256"
        case "TLS_FALLBACK_SCSV": "it is a signal of clients and no suite"
        default: nil
        }
    }
}
