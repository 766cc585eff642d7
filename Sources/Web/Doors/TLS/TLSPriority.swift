import Primitives

extension TLSSettings {
    /// Versions, suites and curves as GnuTLS is told of them: a priority string.
    ///
    /// GnuTLS chooses key exchange and cipher apart, so that a list of suites brings all their combinations, and those of TLS 1.3 come with
    /// their ciphers. What would bring more than the settings list, or leave the highest version without a suite, is a `configuration`
    /// failure that says what can be written instead.
    package var priority: String {
        get throws(Failure) {
            let versions = TLSVersion.allCases.filter { minimumVersion <= $0 && $0 <= maximumVersion }
            guard !versions.isEmpty else {
                throw Failure(.configuration, "min_version \(minimumVersion.rawValue) is above max_version \(maximumVersion.rawValue)")
            }
            let suites = cipherSuites.isEmpty ? TLSCipherSuite.standard : cipherSuites
            let spoken = versions.filter { version in suites.contains { $0.isSpoken(in: version) } }
            guard spoken.last == maximumVersion else {
                throw Failure(
                    .configuration, "no suite of cipher_suites can be spoken in \(maximumVersion.rawValue); \(Self.remedy(maximumVersion))")
            }
            let used = suites.filter { suite in spoken.contains { suite.isSpoken(in: $0) } }
            if spoken != [.tls13] { try checkCombinations(of: used) }
            let ciphers = Self.distinct(used.map(\.cipher))
            var words = ["NORMAL", "-VERS-ALL", "-KX-ALL", "-CIPHER-ALL", "-MAC-ALL", "-GROUP-ALL", "-SIGN-RSA-SHA1", "-SIGN-ECDSA-SHA1"]
            words += spoken.reversed().map { "+" + $0.priority }
            words += Self.distinct(used.compactMap(\.keyExchange)).map { "+" + $0.rawValue }
            words += ciphers.map { "+" + $0.rawValue }
            words += Self.distinct(ciphers.map(\.mac)).map { "+" + $0 }
            words += (curves.isEmpty ? TLSCurve.allCases : curves).map { "+" + $0.priority }
            if prefersServerCipherSuites { words.append("%SERVER_PRECEDENCE") }
            return words.joined(separator: ":")
        }
    }

    private func checkCombinations(of suites: [TLSCipherSuite]) throws(Failure) {
        let ciphers = suites.map(\.cipher)
        let exchanges = suites.compactMap(\.keyExchange)
        let extra = TLSCipherSuite.allCases.filter { suite in
            guard let exchange = suite.keyExchange, exchanges.contains(exchange), ciphers.contains(suite.cipher) else { return false }
            return !suites.contains(suite)
        }
        guard extra.isEmpty else {
            throw Failure(
                .configuration,
                "GnuTLS chooses key exchange and cipher apart, so these suites would bring \(extra.map(\.rawValue).joined(separator: ", "))"
                    + " with them; list \(extra.count == 1 ? "it" : "them") too, or leave out a key exchange or a cipher altogether")
        }
    }

    private static func remedy(_ version: TLSVersion) -> String {
        switch version {
        case .tls13: "add one with GCM or CHACHA20_POLY1305, or write max_version: TLS12"
        case .tls12: "add one of TLS 1.2, or write max_version: TLS13"
        case .tls10, .tls11: "add one with CBC_SHA, or write max_version: TLS12"
        }
    }

    private static func distinct<Element: Equatable>(_ elements: [Element]) -> [Element] {
        elements.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }
}
