package import Primitives
import Settings
package import Web

/// A `--web.config.file`: the doors that it asks for, and what is odd about it.
///
/// The format is exporter-toolkit's (docs/web-configuration.md there), with `open_paths` beside its keys.
package struct WebConfiguration: Sendable, Equatable {
    package let doors: DoorSettings
    /// Sentences for the log: what is allowed and still not what one should want. Each begins with the place that it is about.
    package let warnings: [String]

    /// Reads a file of at most 1 MiB; an empty one asks for no doors.
    ///
    /// Failures are `configuration`, begin with `path:line:column` where there is such a place, and hold no secret. Files that this one
    /// names have to be there and to be readable, relative to its folder; what is in them is not looked at.
    package init(file path: String) throws(Failure) {
        var warnings: [String] = []
        do {
            let tree = try SettingsTree(file: path, environment: [:], flags: [], shape: Self.shape)
            var doors = DoorSettings()
            doors.tls = try TLSSection(tree["tls_server_config"], file: path).read(&warnings)
            doors.headers = try HTTPSection(tree["http_server_config"]).headers()
            (doors.users, doors.openPaths) = try UserSection(tree["basic_auth_users"], open: tree["open_paths"]).read(&warnings)
            doors.rateLimit = try RateSection(tree["rate_limit"]).read(&warnings)
            if let place = tree["basic_auth_users"].members.first?.value, doors.tls == nil {
                warnings.append("\(place.origin): basic_auth_users without tls_server_config: passwords can be read on the way")
            }
            self.doors = doors
        } catch {
            throw error.code == .configuration ? error : Failure(.configuration, error.message)
        }
        self.warnings = warnings
    }

    private static let shape = SettingsShape.section([
        SettingsKey(
            "tls_server_config",
            .section([
                SettingsKey("cert", .text, "The certificate as PEM."),
                SettingsKey("cert_file", .text, "The file that holds it."),
                SettingsKey("key", .text, "Its key as PEM."),
                SettingsKey("key_file", .text, "The file that holds it."),
                SettingsKey("client_auth_type", .text, "What a client has to show.", standard: "NoClientCert"),
                SettingsKey("client_ca", .text, "Whose certificates clients may show, as PEM."),
                SettingsKey("client_ca_file", .text, "The file that holds them."),
                SettingsKey("client_allowed_sans", .texts, "Names of which a client's certificate must have one."),
                SettingsKey("min_version", .choice(TLSVersion.allCases.map(\.rawValue)), "Lowest version.", standard: "TLS12"),
                SettingsKey("max_version", .choice(TLSVersion.allCases.map(\.rawValue)), "Highest version.", standard: "TLS13"),
                SettingsKey("cipher_suites", .texts, "What is spoken."),
                SettingsKey("curve_preferences", .texts, "Curves of the key exchange."),
                SettingsKey("prefer_server_cipher_suites", .flag, "Whether the server's order counts.", standard: "true"),
            ]), "TLS."),
        SettingsKey(
            "http_server_config",
            .section([
                SettingsKey("http2", .flag, "Whether HTTP/2 is spoken.", standard: "false"),
                SettingsKey("headers", .namedTexts, "Headers of every answer."),
            ]), "HTTP."),
        SettingsKey("basic_auth_users", .namedTexts, "Users and bcrypt hashes of their passwords."),
        SettingsKey("open_paths", .texts, "Health paths that ask for no password."),
        SettingsKey(
            "rate_limit",
            .section([
                SettingsKey("interval", .text, "Time in which one more request is allowed."),
                SettingsKey("burst", .integer(0...1_000_000), "Requests that may come at once."),
            ]), "How many requests are answered."),
    ])
}
