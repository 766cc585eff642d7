import Primitives
import Web

/// What somebody sent to /access/ticket.
struct LoginRequest: Sendable {
    /// With its realm: `monitor@pve`.
    let user: String
    /// The password, a ticket that is still good, or the answer to `challenge`: `totp:123456`.
    let password: Secret
    /// A second factor that was sent along at once.
    let code: String?
    /// The question for a second factor that `password` answers.
    let challenge: String?

    /// What is wrong in the request, by parameter.
    struct BadParameters: Error {
        let errors: [(name: String, text: String)]
    }

    private static let known = ["username", "realm", "password", "otp", "tfa-challenge", "new-format"]

    /// Reads the parameters of a form or of a JSON object; the real server takes both.
    init(_ request: HTTPServerRequest) throws(BadParameters) {
        var values: [String: String] = [:]
        var errors: [(name: String, text: String)] = []
        for (name, value) in request.query + request.bodyFields {
            if Self.known.contains(name) {
                values[name] = value
            } else if !errors.contains(where: { $0.name == name }) {
                errors.append((name, ProxmoxResponse.notInSchema))
            }
        }
        for name in ["username", "password"] where values[name] == nil {
            errors.append((name, "property is missing and it is not optional"))
        }
        if let name = values["username"], name.count > 64 { errors.append(("username", "value may only be 64 characters long")) }
        guard errors.isEmpty, let name = values["username"], let password = values["password"] else { throw BadParameters(errors: errors) }
        user = values["realm"].map { $0.isEmpty ? name : "\(name)@\($0)" } ?? name
        self.password = Secret(password)
        code = values["otp"]
        challenge = values["tfa-challenge"]
    }
}
