/// What stands between the network and the handlers of a service: TLS, users, a rate limit, headers of every answer.
///
/// The values of a `--web.config.file`; none of them is set in an empty one.
package struct DoorSettings: Sendable, Equatable {
    /// A header field that every answer gets.
    package struct Header: Sendable, Equatable {
        package let name: String
        package let value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The paths that say whether a service lives and has data: the only ones that may be open.
    package static let healthPaths = alivePaths + readyPaths
    /// Whether the service lives.
    package static let alivePaths = ["/health", "/-/healthy"]
    /// Whether it has data.
    package static let readyPaths = ["/ready", "/-/ready"]

    /// Nil for plain HTTP.
    package var tls: TLSSettings?
    /// Who is let in by password; empty when anybody is.
    package var users: [String: BcryptHash] = [:]
    /// Paths that ask for no password.
    package var openPaths: Set<String> = []
    package var rateLimit: RateLimit?
    package var headers: [Header] = []

    package init() {}
}
