import Testing
import Web

@Suite("Fingerprints of certificates")
struct CertificateFingerprintTests {
    static let colons = "46:B2:F2:86:D1:E1:C8:99:6D:12:26:FB:66:34:A6:2B:7B:9C:C4:3C:3F:A5:02:23:AC:D3:DF:F5:98:3C:48:D1"
    static let bare = colons.filter { $0 != ":" }

    static let spellings: [String] = [
        colons, bare, colons.lowercased(), bare.lowercased(), " \(colons)\n", TestAuthority.printed, "SHA256 Fingerprint=\(colons)",
        "SHA256:\(colons)", "sha256:\(bare)", "\tSha256 fingerprint=\(bare.lowercased()) ",
    ]

    @Test("Read as Proxmox and openssl print it, and as people copy it", arguments: spellings)
    func readable(_ text: String) throws {
        let fingerprint = try #require(CertificateFingerprint(parsing: text))
        #expect(fingerprint.description == Self.colons)
        #expect(fingerprint == CertificateFingerprint(parsing: Self.colons))
        #expect(CertificateFingerprint(parsing: fingerprint.description) == fingerprint)
    }

    static let cutOrExtended: [String] = [
        "", " ", ":", String(colons.dropLast()), String(colons.dropLast(3)), "\(colons):", ":\(colons)", "\(colons):00",
        String(bare.dropLast()), String(bare.dropLast(2)), "\(bare)0", "\(bare)00", "\(colons) \(colons)", "0x\(bare)",
        "\(bare.dropLast())\u{0}", "\(bare.dropLast())é",
    ]

    static let garbled: [String] = [
        "4G\(colons.dropFirst(2))", "46: B2\(colons.dropFirst(5))", "46B2\(colons.dropFirst(5))", "46::B2\(colons.dropFirst(6))",
        String(colons.map { $0 == ":" ? "-" : $0 }), "SHA256:", "sha256 Fingerprint=", "SHA1:\(colons)", "SHA256:SHA256:\(colons)",
        "SHA256:RrLyhtHhyJltEib7ZjSmK3ucxDw/pQIjrNPf9Zg8SNE",
    ]

    @Test("Nothing else is one", arguments: cutOrExtended + garbled)
    func unreadable(_ text: String) {
        #expect(CertificateFingerprint(parsing: text) == nil)
    }

    @Test("Of a certificate, as openssl prints it")
    func certificate() {
        let expected = CertificateFingerprint(parsing: TestAuthority.printed)
        #expect(expected != nil)
        #expect(CertificateFingerprint(certificatePEM: TestAuthority.certificate) == expected)
        #expect(CertificateFingerprint(certificatePEM: "a line before\n" + TestAuthority.certificate + TestAuthority.authority) == expected)
        #expect(CertificateFingerprint(certificatePEM: TestAuthority.authority) != expected)
        for text in ["", "no certificate", TestAuthority.key, String(TestAuthority.certificate.prefix(200))] {
            #expect(CertificateFingerprint(certificatePEM: text) == nil)
        }
    }

    @Test("Equal ones are one in a set")
    func hashing() {
        #expect(Set([Self.colons, Self.bare, Self.bare.lowercased()].map { CertificateFingerprint(parsing: $0) }).count == 1)
    }
}
