import Glibc
import Objects
package import Primitives
import Synchronization
package import Web

/// With what one comes into the API: an authority of its own, a certificate of the server, a token, and a kubeconfig that has all of it.
///
/// They are made in a directory at the first start and renewed before they end. The files are their owner's alone; whoever may read them may do everything.
package final class APICredentials: Sendable {
    private static let authorityDays: UInt32 = 3650
    private static let serverDays: UInt32 = 180
    /// An authority is replaced this long before its end, as every kubeconfig of it ends then too.
    private static let authorityMarginDays = 365.0
    private static let serverMarginDays = 60.0

    private let directory: String
    private let kubeconfigPath: String
    private let url: String
    private let names: [String]
    private let clock: WallClock
    private let logger: Logger
    private let token = Mutex<[UInt8]>([])

    /// Makes what is missing.
    ///
    /// - Parameters:
    ///   - directory: for keys and token; closed to all others.
    ///   - kubeconfig: its path.
    ///   - url: of the server, as clients on this machine call it.
    ///   - names: DNS names and addresses by which it may be called, beside localhost and the host's name.
    /// - Throws: `environment` for what cannot be read or written, or may be another user's.
    package init(
        directory: String, kubeconfig: String, url: String, names: [String] = [], logger: Logger, clock: WallClock = .system
    ) throws(Failure) {
        self.directory = directory
        kubeconfigPath = kubeconfig
        self.url = url
        var all = ["127.0.0.1", "::1", "localhost"]
        for name in [Self.hostName].compactMap({ $0 }) + names where !all.contains(name) { all.append(name) }
        self.names = all
        self.logger = logger
        self.clock = clock
        try refresh()
    }

    package var certificatePath: String { "\(directory)/server.crt" }
    package var keyPath: String { "\(directory)/server.key" }
    private var authorityPath: String { "\(directory)/ca.crt" }
    private var authorityKeyPath: String { "\(directory)/ca.key" }
    private var tokenPath: String { "\(directory)/token" }

    /// TLS of the server, which notices by itself when the certificate has been renewed.
    package func entrance() throws(Failure) -> Entrance {
        let (certificatePath, keyPath) = (certificatePath, keyPath)
        return try Entrance(logger: logger) { () throws(Failure) in
            var settings = DoorSettings()
            settings.tls = TLSSettings(certificate: .file(certificatePath), key: .file(keyPath))
            return Entrance.Reading(settings)
        }
    }

    /// Looks at everything again: makes what is missing or about to end, and reads the token. To be called at a reload, and from time to time.
    ///
    /// Whoever deletes the token's file and calls this has a new token. Whoever deletes the authority's has new certificates.
    package func refresh() throws(Failure) {
        try Files.makeOwnDirectory(directory)
        for path in [tokenPath, authorityPath, authorityKeyPath, certificatePath, keyPath] { try Files.checkOwnFile(path) }
        let authority = try readyAuthority()
        try makeServer(authority)
        let text = try readyToken()
        token.withLock { $0 = Array(text.utf8) }
        try writeKubeconfig(authority, text)
    }

    /// Calls `refresh` from time to time, until the task is cancelled. What goes wrong is said, and tried again.
    package func keepFresh(everySeconds seconds: Double = 60) async {
        while (try? await Task.sleep(for: .seconds(seconds))) != nil {
            // On a thread of its own: a disk may hang.
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let look: @Sendable () -> Void = { [self] in
                    do throws(Failure) { try refresh() } catch {
                        logger.warn("credentials of the API could not be renewed", ["error": error.description])
                    }
                    continuation.resume()
                }
                do { try Thread.start("credentials", look) } catch { look() }
            }
        }
    }

    /// Makes a new token; the old one is worth nothing from then on.
    package func rotateToken() throws(Failure) {
        Files.remove(tokenPath)
        try refresh()
        logger.info("the API has a new token", ["kubeconfig": kubeconfigPath])
    }

    /// Whether that is the token, in a time that depends on its length alone.
    @Sendable package func accepts(_ candidate: String) -> Bool {
        let candidate = Array(candidate.utf8)
        return token.withLock { token in
            guard !token.isEmpty, candidate.count == token.count else { return false }
            var difference: UInt8 = 0
            for index in token.indices { difference |= token[index] ^ candidate[index] }
            return difference == 0
        }
    }

    // MARK: the files

    private func readyAuthority() throws(Failure) -> IssuedCertificate {
        if let there = read(authorityPath, authorityKeyPath), lasts(there, Self.authorityMarginDays) { return there }
        let made = try IssuedCertificate(authority: "martlet-manager", days: Self.authorityDays, clock: clock)
        try write(made, authorityPath, authorityKeyPath)
        logger.info("the API has a new authority", ["file": authorityPath])
        return made
    }

    private func makeServer(_ authority: IssuedCertificate) throws(Failure) {
        if let there = read(certificatePath, keyPath), lasts(there, Self.serverMarginDays), there.isSigned(by: authority),
            names.allSatisfy(there.isFor)
        {
            return
        }
        let made = try IssuedCertificate(
            commonName: "martlet-manager", names: names, days: Self.serverDays, signedBy: authority, clock: clock)
        try write(made, certificatePath, keyPath)
        logger.info("the API has a new certificate", ["file": certificatePath])
    }

    private func lasts(_ certificate: IssuedCertificate, _ days: Double) -> Bool {
        guard let expires = try? certificate.expires() else { return false }
        return expires - clock.unixSeconds > days * 86_400
    }

    /// nil for what is not there or cannot be read: it is made anew.
    private func read(_ certificate: String, _ key: String) -> IssuedCertificate? {
        guard let certificate = try? Files.read(certificate, limitBytes: 1 << 20), let key = try? Files.read(key, limitBytes: 1 << 20)
        else {
            return nil
        }
        return IssuedCertificate(
            certificatePEM: String(decoding: certificate, as: UTF8.self), keyPEM: Secret(String(decoding: key, as: UTF8.self)))
    }

    private func write(_ pair: IssuedCertificate, _ certificate: String, _ key: String) throws(Failure) {
        try Files.writeDurably(Array(pair.keyPEM.reveal().utf8), to: key)
        try Files.writeDurably(Array(pair.certificatePEM.utf8), to: certificate)
    }

    private func readyToken() throws(Failure) -> String {
        if let bytes = try? Files.read(tokenPath, limitBytes: 4096) {
            let text = String(String(decoding: bytes, as: UTF8.self).filter { $0 != "\n" && $0 != " " })
            // One that somebody has put there may be any word that a header can carry, but not a short one.
            guard text.utf8.count >= 24, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                throw Failure(.configuration, "\(tokenPath) holds no token of 24 letters or more; delete it, and a new one is made")
            }
            return text
        }
        var random = SystemRandomNumberGenerator()
        let text = Base64Text.text((0..<4).flatMap { _ in withUnsafeBytes(of: random.next()) { Array($0) } })
            .filter { $0 != "=" && $0 != "+" && $0 != "/" }
        let padded = text + String(random.next(), radix: 36)
        try Files.writeDurably(Array((padded + "\n").utf8), to: tokenPath)
        return padded
    }

    private func writeKubeconfig(_ authority: IssuedCertificate, _ token: String) throws(Failure) {
        let text = """
            apiVersion: v1
            kind: Config
            clusters:
            - name: martlet
              cluster:
                server: \(url)
                certificate-authority-data: \(Base64Text.text(Array(authority.certificatePEM.utf8)))
            users:
            - name: martlet
              user:
                token: \(token)
            contexts:
            - name: martlet
              context:
                cluster: martlet
                user: martlet
                namespace: default
            current-context: martlet

            """
        let bytes = Array(text.utf8)
        guard (try? Files.read(kubeconfigPath, limitBytes: 1 << 20)) != bytes else { return }
        try Files.writeDurably(bytes, to: kubeconfigPath)
    }

    private static var hostName: String? {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return nil }
        let text = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let isName = text.utf8.allSatisfy {
            $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") || (0x30...0x39).contains($0) || ($0 | 0x20) > 0x60 && ($0 | 0x20) < 0x7B
        }
        return text.isEmpty || !isName ? nil : text
    }
}
