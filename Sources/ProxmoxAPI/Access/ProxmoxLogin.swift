import JSON
import Primitives
import Web

/// What a login gives: a ticket for the cookie, and a token against forged requests for everything that is not a GET.
struct ProxmoxTicket: Sendable {
    /// Seconds for which the API takes a ticket.
    static let lifeSeconds = 7200.0

    /// `PVE:USER@REALM:HEXTIME::SIGNATURE`
    let text: Secret
    let csrf: Secret
    /// Counts the logins of a session.
    let generation: Int
    private let begin = ContinuousClock.now

    init(text: Secret, csrf: Secret, generation: Int) {
        self.text = text
        self.csrf = csrf
        self.generation = generation
    }

    var ageSeconds: Double { (ContinuousClock.now - begin).seconds }
}

/// One login: POST /access/ticket, with the old ticket in the password's place to renew it.
struct ProxmoxLogin: Sendable {
    private static let path = "/access/ticket"

    let user: String
    let password: Secret
    /// Gives the answer to a two-factor challenge, once.
    let takeCode: @Sendable () -> Secret?
    let endpoint: ProxmoxEndpoint
    let http: HTTPClient
    let deadline: Deadline

    /// Renews the ticket if there is one that may still live; with the password when there is none or the API does not take it.
    func run(renewing old: ProxmoxTicket?, generation: Int) async -> Result<ProxmoxTicket, ProxmoxError> {
        do throws(ProxmoxError) {
            if let old, old.ageSeconds < ProxmoxTicket.lifeSeconds {
                do throws(ProxmoxError) {
                    // A moment: the old ticket is still good, and the call that waits must be able to use it.
                    let moment = min(deadline, .after(seconds: min(2, deadline.remainingSeconds / 2)))
                    return .success(try await ticket(old.text, generation, by: moment))
                } catch  where error.kind == .unauthorized {
                    // Too old for the API's clock, or from before its keys were changed.
                }
            }
            return .success(try await ticket(password, generation, by: deadline))
        } catch {
            return .failure(error)
        }
    }

    private func ticket(_ password: Secret, _ generation: Int, by deadline: Deadline) async throws(ProxmoxError) -> ProxmoxTicket {
        var answer = try await post([("username", user), ("password", password.reveal())], by: deadline)
        if answer.needsSecondFactor {
            guard let code = takeCode() else {
                throw Self.failure(
                    .unauthorized,
                    "\(user) has two-factor authentication, which a program cannot answer more than once; make an API token for it: "
                        + "pveum user token add \(user) martlet")
            }
            let challenge = [("username", user), ("tfa-challenge", answer.ticket), ("password", "totp:\(code.reveal())")]
            answer = try await post(challenge, by: deadline)
            guard !answer.needsSecondFactor else {
                throw Self.failure(.unauthorized, "the one-time code of \(user) is not enough to be let in")
            }
        }
        return ProxmoxTicket(text: Secret(answer.ticket), csrf: Secret(answer.csrf), generation: generation)
    }

    static func failure(_ kind: ProxmoxError.Kind, _ detail: String) -> ProxmoxError {
        ProxmoxError(kind, path, detail, method: "POST")
    }

    private struct Answer: Sendable {
        let ticket: String
        let csrf: String
        let needsSecondFactor: Bool
    }

    private func post(_ fields: [(name: String, value: String)], by deadline: Deadline) async throws(ProxmoxError) -> Answer {
        var request = endpoint.request(Self.path, by: deadline)
        request.method = "POST"
        request.headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json")]
        request.body = Array(fields.map { "\($0.name)=\(percentEncoded($0.value))" }.joined(separator: "&").utf8)
        let response: HTTPResponse
        do throws(HTTPClientError) {
            response = try await http.send(request)
        } catch {
            throw ProxmoxError(error, Self.path, method: "POST")
        }
        guard response.status == 200 else {
            // What stands in the answer may repeat the form, so its body is left alone, and its reason taken without the secrets.
            guard response.status == 401 else {
                let reason = response.reason.without(fields.dropFirst().map(\.value))
                throw ProxmoxError(status: response.status, Self.path, reason, method: "POST")
            }
            let cause =
                fields.count > 2 ? "wrong or old one-time code" : "wrong password, unknown realm, or a user that is disabled or has expired"
            throw Self.failure(.unauthorized, "401 the login of \(user) is refused: \(cause)")
        }
        let answer = try? JSONDocument(parsing: response.body).withRoot { root -> Answer? in
            guard let data = root["data"], let ticket = data["ticket"]?.text, !ticket.isEmpty, ticket.utf8.count <= 4096 else { return nil }
            let csrf = data["CSRFPreventionToken"]?.text ?? ""
            guard csrf.utf8.count <= 1024 else { return nil }
            let isHalf = data["NeedTFA"]?.flag == true || ticket.hasPrefix("PVE:!tfa!")
            return Answer(ticket: ticket, csrf: csrf, needsSecondFactor: isHalf)
        }
        guard let answer else { throw Self.failure(.malformed, "the answer holds no ticket") }
        return answer
    }
}

extension ProxmoxEndpoint {
    /// A request to a path below `/api2/json`, without credential.
    func request(_ path: String, by deadline: Deadline) -> HTTPRequest {
        var request = HTTPRequest(url: baseURL + "/api2/json" + path, deadline: deadline)
        request.trust = trust
        request.clientCertificate = clientCertificate
        request.proxy = proxy
        return request
    }
}

/// Everything but letters, digits, `-`, `_` and `.` as `%XX`: for a cookie, a form's value or one part of a path.
func percentEncoded(_ text: String) -> String {
    var encoded = ""
    encoded.reserveCapacity(text.utf8.count)
    for byte in text.utf8 {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: encoded.unicodeScalars.append(Unicode.Scalar(byte))
        default:
            let digits = String(byte, radix: 16, uppercase: true)
            encoded += digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
        }
    }
    return encoded
}
