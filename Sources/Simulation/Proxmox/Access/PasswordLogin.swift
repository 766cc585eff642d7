import Primitives

/// Users who log in.
struct PasswordLogin: Sendable {
    /// The code that the second factor of a simulated user always shows.
    static let code = "123456"

    /// What a login was good for.
    enum Grant: Sendable {
        case ticket
        /// The password was right, and a code is wanted too.
        case challenge
    }

    let directory: AccessDirectory
    /// The one user who is asked for a code too, with its realm; nil for nobody.
    let secondFactorUser: String?
    let tickets: TicketOffice

    /// nil for a refusal, whatever its reason: the real server does not tell either.
    func grant(_ request: LoginRequest, at unixSeconds: Double) -> Grant? {
        let user = request.user
        guard let password = directory.password(of: user, at: unixSeconds) else { return nil }
        let needsSecondFactor = user == secondFactorUser
        if let challenge = request.challenge {
            let isAnswered =
                needsSecondFactor && request.code == nil && tickets.acceptsChallenge(challenge, of: user, at: unixSeconds)
                && SecretComparison.areEqual(request.password.reveal(), "totp:" + Self.code)
            return isAnswered ? .ticket : nil
        }
        // Who has a ticket has shown all factors already.
        if tickets.user(of: request.password.reveal(), at: unixSeconds) == user { return .ticket }
        guard SecretComparison.areEqual(request.password.reveal(), password.reveal()) else { return nil }
        guard needsSecondFactor else { return .ticket }
        guard let code = request.code else { return .challenge }
        return SecretComparison.areEqual(code, Self.code) ? .ticket : nil
    }
}
