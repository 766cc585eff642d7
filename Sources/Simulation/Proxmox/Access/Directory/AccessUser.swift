import Primitives

/// A user as the cluster knows it.
struct AccessUser: Sendable {
    /// What lets a program in by itself.
    struct Token: Sendable {
        let secret: Secret
        /// Whether it has only what it was given itself, of what its user has.
        var isSeparated = true
        /// Seconds since 1970; 0 for never.
        var expire: Int?
        var comment: String?
    }

    /// Texts about a user that nothing depends on, by their names in the API.
    static let notes = ["firstname", "lastname", "email", "comment", "keys"]

    var isEnabled = true
    /// Seconds since 1970; 0 for never.
    var expire = 0
    var notes: [String: String] = [:]
    /// Without one nobody logs in.
    var password: Secret?
    var tokens: [String: Token] = [:]

    func isIn(at unixSeconds: Double) -> Bool { isEnabled && Self.lasts(expire, at: unixSeconds) }

    static func lasts(_ expire: Int, at unixSeconds: Double) -> Bool { expire == 0 || Double(expire) >= unixSeconds }
}
