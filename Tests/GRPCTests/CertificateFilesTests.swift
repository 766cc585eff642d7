import Primitives
import Synchronization
import TestSupport
import Testing
import Web

@testable import GRPC

@Suite struct CertificateFilesTests {
    private final class Said: Sendable {
        private let state = Mutex((reports: [String](), adopted: 0))

        var reports: [String] { state.withLock { $0.reports } }
        var adopted: Int { state.withLock { $0.adopted } }

        func report(_ report: CertificateReport) { state.withLock { $0.reports.append(report.refusal?.message ?? "in use") } }

        func adopt(_: TLSMaterial) -> Bool {
            state.withLock { $0.adopted += 1 }
            return true
        }
    }

    private let folder: ScratchFolder
    private let files: TLSFiles

    init() throws {
        folder = ScratchFolder()
        files = TLSFiles(certificate: "\(folder.path)/cert.pem", key: "\(folder.path)/key.pem", authorities: "\(folder.path)/ca.pem")
        try put(Self.pair())
    }

    private static func pair(days: UInt32 = 30, clock: WallClock = .system) throws -> SelfSignedCertificate {
        try SelfSignedCertificate(commonName: "provider", names: ["localhost"], days: days, clock: clock)
    }

    private func put(_ pair: SelfSignedCertificate) throws {
        try folder.write(pair.certificatePEM, "cert.pem")
        try folder.write(pair.keyPEM.reveal(), "key.pem")
        try folder.write(pair.certificatePEM, "ca.pem")
    }

    private func watched(_ said: Said, clock: WallClock = .system) throws -> CertificateFiles {
        try CertificateFiles(files, clock: clock, logger: .silent) { said.report($0) }
    }

    @Test func `A new pair takes the old one's place`() throws {
        let said = Said()
        let watched = try watched(said)
        watched.look(said.adopt)
        #expect(said.adopted == 0)
        let new = try Self.pair()
        try put(new)
        watched.look(said.adopt)
        #expect(watched.material.certificate == Array(new.certificatePEM.utf8))
        #expect(said.adopted == 1)
        #expect(said.reports == ["in use", "in use"])
        watched.look(said.adopt)
        #expect(said.adopted == 1)
    }

    @Test func `One that has expired is named as its owner knows it, and when that was`() throws {
        let material = try TLSMaterial(files, now: WallClock.system.unixSeconds)
        #expect(material.whyExpired(now: material.expires - 1) == nil)
        #expect(
            material.whyExpired(now: material.expires)
                == "the certificate in \(files.certificate) expired at \(timestampText(material.expires)); put a new one there")
        let made = TLSFiles(
            certificate: files.certificate, key: files.key, authorities: files.authorities, origin: "Secret default/tls")
        do throws(Failure) {
            _ = try TLSMaterial(made, now: material.expires + 1)
            Issue.record("it was taken")
        } catch {
            #expect(
                error.message
                    == "the certificate in cert.pem of Secret default/tls expired at \(timestampText(material.expires)); put a new one there"
            )
        }
    }

    @Test func `Half a pair leaves the old one in force, and is told when it stays`() throws {
        let said = Said()
        let watched = try watched(said)
        let before = watched.material
        let new = try Self.pair()
        try folder.write(new.keyPEM.reveal(), "key.pem")
        watched.look(said.adopt)
        // The other half may be on its way.
        #expect(said.reports == ["in use"])
        for _ in 0..<3 { watched.look(said.adopt) }
        #expect(said.reports.count == 2)
        #expect(said.reports.last?.contains("is not that of the certificate") == true)
        #expect(watched.material == before)
        try put(new)
        watched.look(said.adopt)
        #expect(said.adopted == 1)
        #expect(said.reports.last == "in use")
    }

    @Test func `The old pair that comes back is in use again, without a word to listeners`() throws {
        let said = Said()
        let watched = try watched(said)
        let key = try Files.read(files.key)
        Files.remove(files.key)
        for _ in 0..<2 { watched.look(said.adopt) }
        try Files.write(key, to: files.key)
        watched.look(said.adopt)
        #expect(said.reports.count == 3)
        #expect(said.reports.last == "in use")
        #expect(said.adopted == 0)
    }

    @Test(arguments: ["no certificate", "no key", "no authority", "NUL", "missing", "not yet", "no longer", "huge"])
    func `What cannot be used is refused by the name of its file`(_ case: String) throws {
        var clock = WallClock.system
        let words: String
        switch `case` {
        case "no certificate":
            try folder.write("nothing", "cert.pem")
            words = "cert.pem holds no certificate"
        case "no key":
            try folder.write("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "key.pem")
            words = "key.pem holds no private key"
        case "no authority":
            try folder.write("", "ca.pem")
            words = "ca.pem holds no certificate"
        case "NUL":
            try folder.write("\0", "ca.pem")
            words = "ca.pem holds a NUL"
        case "missing":
            Files.remove(files.authorities)
            words = "cannot read \(files.authorities)"
        case "not yet":
            clock = .fixed(WallClock.system.unixSeconds - 40 * 86400)
            words = "cert.pem is not valid yet"
        case "no longer":
            clock = .fixed(WallClock.system.unixSeconds + 40 * 86400)
            words = "cert.pem expired at"
        default:
            try Files.write([UInt8](repeating: 0x41, count: 2 << 20), to: files.certificate)
            words = "cert.pem is larger than"
        }
        do throws(Failure) {
            _ = try CertificateFiles(files, clock: clock, logger: .silent)
            Issue.record("\(`case`) was taken")
        } catch {
            #expect(error.message.contains(words), "\(error)")
        }
    }

    @Test func `The end of the certificate is known`() throws {
        let expires = try TLSMaterial(files, now: WallClock.system.unixSeconds).expires
        #expect(abs(expires - WallClock.system.unixSeconds - 30 * 86400) < 7200)
    }
}
