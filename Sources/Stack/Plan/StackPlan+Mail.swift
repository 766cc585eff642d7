package import Primitives

extension StackPlan {
    /// How Alertmanager sends mail. A password stays in a file, which Alertmanager reads itself.
    package struct Mail: Sendable {
        /// HOST:PORT of the server that takes the mail.
        package var smarthost: String
        /// The sender's address.
        package var from: String
        /// The addresses of who is told, with commas between them.
        package var to: String
        /// With a login, its name and the file of its password.
        package var login: (username: String, passwordFile: String)?
        /// The password, where the file has more than it: Alertmanager 0.25 takes the line break at its end for a part of it. It gets a
        /// file of ours then, which nobody else can read.
        package var barePassword: Secret?
        /// Whether a server without TLS is refused; nil for yes, but on this machine.
        package var requiresTLS: Bool?

        package init(
            smarthost: String, from: String, to: String, login: (username: String, passwordFile: String)? = nil, requiresTLS: Bool? = nil
        ) {
            self.smarthost = smarthost
            self.from = from
            self.to = to
            self.login = login
            self.requiresTLS = requiresTLS
        }

        /// Host and port of the server, nil where these are not there.
        private var server: (host: Substring, port: Int)? {
            guard let colon = smarthost.lastIndex(of: ":"), let port = Int(smarthost[smarthost.index(after: colon)...]),
                (1...65_535).contains(port)
            else { return nil }
            let host = smarthost[..<colon]
            let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
            return host.isEmpty || (host.contains(":") && !isBracketed) ? nil : (host, port)
        }

        private var isOnThisMachine: Bool {
            guard let host = server?.host else { return false }
            return host == "localhost" || host == "[::1]" || host.hasPrefix("127.")
        }

        /// What Alertmanager's `require_tls` has to be. It means STARTTLS, which a server that begins with TLS, on port 465, does not offer.
        var demandsStartTLS: Bool { server?.port != 465 && (requiresTLS ?? !isOnThisMachine) }

        /// Refuses what Alertmanager would refuse, or would only find out when it has something to tell.
        func check() throws(Failure) {
            func refuse(_ key: String, _ message: String) throws(Failure) -> Never {
                throw Failure(.configuration, "stack.alertmanager.mail.\(key): \(message)")
            }
            for (key, value) in [("smarthost", smarthost), ("from", from), ("to", to), ("username", login?.username ?? "")] {
                // Alertmanager takes braces for a template.
                guard value.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }), value.firstRange(of: "{{") == nil else {
                    try refuse(key, "control characters and {{ cannot stand there")
                }
            }
            guard server != nil else { try refuse("smarthost", "expected HOST:PORT, as in mail.example.org:587, not \"\(smarthost)\"") }
            for (key, value) in [("from", from), ("to", to)] {
                guard value.split(separator: ",").allSatisfy({ $0.contains("@") }), !value.isEmpty else {
                    try refuse(key, "expected an address, as in admin@example.org, not \"\(value)\"")
                }
            }
            guard login == nil || isOnThisMachine || server?.port == 465 || demandsStartTLS else {
                try refuse("require_tls", "a password would go over the network for everybody to read; leave it true")
            }
        }
    }
}
