import JSON
import Primitives
import Synchronization
import Web

/// The fault that is set, for so many pushes or until another is.
final class LokiFaults: Sendable {
    private let state = Mutex<(fault: LokiFault, left: Int?)>((.normal, nil))

    /// For one push.
    func take() -> LokiFault {
        state.withLock { state in
            guard let left = state.left else { return state.fault }
            defer { state = left <= 1 ? (.normal, nil) : (state.fault, left - 1) }
            return state.fault
        }
    }

    /// `{"scenario":"500","pushes":3}` or the bare word.
    func answer(_ request: HTTPServerRequest) -> HTTPServerResponse {
        if let refusal = request.refusalOfOtherSites { return refusal }
        switch request.method {
        case "GET", "HEAD": return described()
        case "PUT", "POST":
            do throws(Failure) {
                try set(request.body)
                return described()
            } catch {
                var json = JSONWriter()
                json.object { $0.member("error", error.description) }
                return HTTPServerResponse(status: 400, json: json.bytes)
            }
        default:
            var response = HTTPServerResponse(status: 405, text: "Method not allowed.\n")
            response.headers.add("Allow", "GET, HEAD, PUT")
            return response
        }
    }

    private func set(_ body: [UInt8]) throws(Failure) {
        var (name, pushes): (String?, Int?)
        if body.first(where: { $0 > 0x20 }) == UInt8(ascii: "{") {
            try JSONDocument(parsing: body).withRoot { root in
                name = root["scenario"]?.text
                pushes = root["pushes"]?.integer
            }
        } else {
            name = String(decoding: body, as: UTF8.self).split(whereSeparator: \.isWhitespace).joined(separator: " ")
        }
        guard let name, let fault = LokiFault(rawValue: name) else {
            throw Failure(
                .malformed,
                "expected {\"scenario\":\"500\",\"pushes\":3} or the bare name of a scenario: "
                    + LokiFault.allCases.map(\.rawValue).joined(separator: ", "))
        }
        if let pushes, pushes < 1 { throw Failure(.malformed, "pushes: expected a number from 1 on") }
        state.withLock { $0 = (fault, pushes) }
    }

    private func described() -> HTTPServerResponse {
        let (fault, left) = state.withLock { $0 }
        var json = JSONWriter()
        json.object { json in
            json.member("scenario", fault.rawValue)
            if let left { json.member("pushes", left) }
            json.key("scenarios")
            json.array { json in for fault in LokiFault.allCases { json.string(fault.rawValue) } }
        }
        return HTTPServerResponse(json: json.bytes)
    }
}
