import Primitives

/// Issues tickets and tokens against forged requests, and knows them again until they are too old.
///
/// - A ticket is `PVE:alice@pve:6B002CA8::SIGNATURE`, with the moment of issue in seconds since the epoch.
/// - The question for a second factor is `PVE:!tfa!%7B%22totp%22%3Atrue%7D:6B002CA8::SIGNATURE`; its signature covers the user as well.
/// - A token against forged requests is `6B002CA8:SIGNATURE`; its signature covers the user as well.
struct TicketOffice: Sendable {
    /// A clock may differ by so much from that of who issued the ticket.
    private static let graceSeconds = 300.0
    private static let challengePrefix = "!tfa!"
    /// `{"totp":true}`
    private static let challengeSubject = challengePrefix + "%7B%22totp%22%3Atrue%7D"

    /// How old tickets and tokens may become.
    let lifetimeSeconds: Double
    private let key = SigningKey()

    init(lifetimeSeconds: Double) { self.lifetimeSeconds = lifetimeSeconds }

    // MARK: issue

    /// What lets a user in without a password.
    func ticket(for user: String, at unixSeconds: Double) -> String {
        let plain = "PVE:\(user):\(Self.hexadecimal(unixSeconds))"
        return "\(plain)::\(key.signature(of: plain))"
    }

    /// What asks a user, whose password was right, for the second factor.
    func challenge(for user: String, at unixSeconds: Double) -> String {
        let plain = "PVE:\(Self.challengeSubject):\(Self.hexadecimal(unixSeconds))"
        return "\(plain)::\(key.signature(of: "\(plain):\(user)"))"
    }

    /// What a request that changes something must carry beside the ticket.
    func preventionToken(for user: String, at unixSeconds: Double) -> String {
        let time = Self.hexadecimal(unixSeconds)
        return "\(time):\(key.signature(of: "\(time):\(user)"))"
    }

    // MARK: verify

    /// The user of a ticket; nil for one that is forged, too old or only the question for a second factor.
    func user(of ticket: String, at unixSeconds: Double) -> String? {
        guard let parts = Parts(ticket), !parts.subject.hasPrefix(Self.challengePrefix), isInTime(parts.time, at: unixSeconds),
            key.accepts(parts.signature, of: "PVE:\(parts.subject):\(parts.time)")
        else { return nil }
        return String(parts.subject)
    }

    /// Whether this is the question that the user was asked.
    func acceptsChallenge(_ challenge: String, of user: String, at unixSeconds: Double) -> Bool {
        guard let parts = Parts(challenge), parts.subject == Self.challengeSubject, isInTime(parts.time, at: unixSeconds) else {
            return false
        }
        return key.accepts(parts.signature, of: "PVE:\(parts.subject):\(parts.time):\(user)")
    }

    /// Whether this is a token of the user.
    func acceptsPreventionToken(_ token: String, of user: String, at unixSeconds: Double) -> Bool {
        let parts = token.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, isInTime(parts[0], at: unixSeconds) else { return false }
        return key.accepts(parts[1], of: "\(parts[0]):\(user)")
    }

    private func isInTime(_ time: Substring, at unixSeconds: Double) -> Bool {
        guard time.utf8.count == 8, let issued = UInt32(time, radix: 16) else { return false }
        let age = unixSeconds - Double(issued)
        return age > -Self.graceSeconds && age < lifetimeSeconds
    }

    private static func hexadecimal(_ unixSeconds: Double) -> String {
        let digits = String(UInt32(unixSeconds.clamped(to: 0...4_294_967_295)), radix: 16, uppercase: true)
        return String(repeating: "0", count: 8 - digits.utf8.count) + digits
    }

    /// A ticket taken apart.
    private struct Parts {
        let subject: Substring
        let time: Substring
        let signature: Substring

        init?(_ ticket: String) {
            guard ticket.utf8.count <= 1024 else { return nil }
            let fields = ticket.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count == 5, fields[0] == "PVE", fields[3].isEmpty else { return nil }
            (subject, time, signature) = (fields[1], fields[2], fields[4])
        }
    }
}
