import Primitives
import Testing
@testable import Web

@Suite("What GnuTLS is told")
struct TLSPriorityTests {
    private func settings(
        _ suites: [TLSCipherSuite] = [], curves: [TLSCurve] = [], from minimum: TLSVersion = .tls12, to maximum: TLSVersion = .tls13
    ) -> TLSSettings {
        var settings = TLSSettings(certificate: .file("server.crt"), key: .file("server.key"))
        (settings.cipherSuites, settings.curves, settings.minimumVersion, settings.maximumVersion) = (suites, curves, minimum, maximum)
        return settings
    }

    private static let head = "NORMAL:-VERS-ALL:-KX-ALL:-CIPHER-ALL:-MAC-ALL:-GROUP-ALL:-SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1"
    private static let curves = ":+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:+GROUP-SECP521R1"

    @Test("By itself: TLS 1.2 and 1.3, forward secrecy, the server's order")
    func standard() throws {
        #expect(
            try settings().priority == Self.head
                + ":+VERS-TLS1.3:+VERS-TLS1.2:+ECDHE-ECDSA:+ECDHE-RSA:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305"
                + ":+AES-128-CBC:+AES-256-CBC:+AEAD:+SHA1" + Self.curves + ":%SERVER_PRECEDENCE")
        #expect(TLSCipherSuite.standard.count == 13 && TLSCipherSuite.standard.allSatisfy { !$0.lacksForwardSecrecy })
    }

    @Test("Suites, curves and whose order counts")
    func chosen() throws {
        var chosen = settings([.ecdheRSAWithAES256GCM, .ecdheRSAWithAES128GCM], curves: [.p384, .x25519])
        chosen.prefersServerCipherSuites = false
        #expect(
            try chosen.priority == Self.head
                + ":+VERS-TLS1.3:+VERS-TLS1.2:+ECDHE-RSA:+AES-256-GCM:+AES-128-GCM:+AEAD:+GROUP-SECP384R1:+GROUP-X25519")
    }

    @Test("Each suite by itself can be had", arguments: TLSCipherSuite.allCases)
    func alone(_ suite: TLSCipherSuite) throws {
        let isOf13 = suite.keyExchange == nil
        let priority = try settings([suite], from: isOf13 ? .tls13 : .tls12, to: isOf13 ? .tls13 : .tls12).priority
        #expect(priority.contains(":+\(suite.cipher.rawValue):+\(suite.cipher.mac):"))
        #expect(priority.contains(":+VERS-TLS1.\(isOf13 ? 3 : 2):") && !priority.contains(":+VERS-TLS1.\(isOf13 ? 2 : 3):"))
    }

    @Test("A version that has no suite is not offered, unless it is the highest: then it is an error")
    func versions() throws {
        let only13 = try settings([.tls13AES128GCM]).priority
        #expect(only13.contains("+VERS-TLS1.3") && !only13.contains("+VERS-TLS1.2"))
        let modern = try settings([.ecdheRSAWithAES128GCM], from: .tls10).priority
        #expect(modern.contains("+VERS-TLS1.2") && !modern.contains("+VERS-TLS1.1") && !modern.contains("+VERS-TLS1.0"))
        for (suite, version) in [
            (TLSCipherSuite.ecdheRSAWithAES128CBC, TLSVersion.tls13), (.tls13ChaCha20, .tls12), (.ecdheRSAWithAES128GCM, .tls11),
        ] {
            let error = #expect(throws: Failure.self) { _ = try settings([suite], from: .tls10, to: version).priority }
            #expect(error?.message.hasPrefix("no suite of cipher_suites can be spoken in \(version.rawValue); ") == true)
        }
        let crossed = #expect(throws: Failure.self) { _ = try settings(from: .tls13, to: .tls12).priority }
        #expect(crossed?.message == "min_version TLS13 is above max_version TLS12")
    }

    @Test("Every set of suites is either told exactly or refused: never one more, never one less")
    func neverWider() {
        let classic = TLSCipherSuite.allCases.filter { $0.keyExchange != nil }
        var (told, refused) = (0, 0)
        // All sets of up to four of the fourteen.
        for first in 0..<14 {
            for second in first..<14 {
                for third in second..<14 {
                    for fourth in third..<14 {
                        let suites = Set([first, second, third, fourth].map { classic[$0] })
                        let brought = classic.filter { one in
                            suites.contains { $0.keyExchange == one.keyExchange } && suites.contains { $0.cipher == one.cipher }
                        }
                        let isTold = (try? settings(Array(suites), to: .tls12).priority) != nil
                        #expect(isTold == (Set(brought) == suites))
                        if isTold { told += 1 } else { refused += 1 }
                    }
                }
            }
        }
        #expect(told > 100 && refused > 1000)
    }

    @Test("What is refused is named, with what can be written")
    func combinations() {
        let error = #expect(throws: Failure.self) { _ = try settings([.ecdheRSAWithAES128GCM, .ecdheECDSAWithAES256GCM]).priority }
        #expect(
            error?.message
                == "GnuTLS chooses key exchange and cipher apart, so these suites would bring TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, "
                + "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 with them; list them too, or leave out a key exchange or a cipher altogether")
    }

    @Test("Suites of TLS 1.2 do not matter to a server that speaks 1.3 only")
    func otherVersions() throws {
        let priority = try settings([.ecdheRSAWithAES128GCM, .ecdheECDSAWithAES256GCM], from: .tls13).priority
        #expect(priority.contains("+AES-128-GCM:+AES-256-GCM:+AEAD"))
    }

    @Test("Suites that Go has and this server has not are named with the reason")
    func reasons() {
        for suite in TLSCipherSuite.allCases { #expect(TLSCipherSuite.reasonAgainst(suite.rawValue) == nil) }
        #expect(TLSCipherSuite.reasonAgainst("TLS_RSA_WITH_RC4_128_SHA")?.contains("RFC 7465") == true)
        #expect(TLSCipherSuite.reasonAgainst("TLS_MADE_UP") == nil)
    }
}
