import JSON
import Primitives

/// What goes wrong because a test wants it: one call, or all, of one card, or all.
struct GPUFault: Sendable, Equatable {
    /// Position of the call.
    var call: Int?
    var card: Int?
    /// What is answered; nil to answer as ever, later or never.
    var code: Int?
    var latencyMilliseconds = 0
    var hangs = false
    /// The symbol is not there, for libraries that are loaded from now on.
    var isAbsent = false

    /// Reads `{"call": "nvmlDeviceGetPowerUsage", "card": 0, "code": 999}`, `"latency_ms"`, `"hang": true` or `"absent": true` in place of the code.
    init(_ value: JSONValue) throws(Failure) {
        if let name = value["call"]?.text {
            guard let position = CardSupport.position(of: name) else {
                throw Failure(
                    .malformed,
                    "unknown call \"\(HostileText.oneLine(name, limit: 60))\"; calls are named by their symbols, nvmlDeviceGetPowerUsage")
            }
            call = position
        }
        if let number = value["card"] {
            guard let index = number.integer, (0..<16).contains(index) else {
                throw Failure(.malformed, "\"card\" is no number from 0 to 15")
            }
            card = index
        }
        if let number = value["code"] {
            guard let code = number.integer, (0...999).contains(code) else {
                throw Failure(.malformed, "\"code\" is no number from 0 to 999")
            }
            self.code = code
        }
        if let number = value["latency_ms"] {
            guard let latency = number.integer, (0...3_600_000).contains(latency) else {
                throw Failure(.malformed, "\"latency_ms\" is no number from 0 to 3600000")
            }
            latencyMilliseconds = latency
        }
        hangs = value["hang"]?.flag ?? false
        isAbsent = value["absent"]?.flag ?? false
        guard code != nil || latencyMilliseconds > 0 || hangs || isAbsent else {
            throw Failure(.malformed, "nothing is wrong with this fault: give it \"code\", \"latency_ms\", \"hang\" or \"absent\"")
        }
        if isAbsent, call == nil { throw Failure(.malformed, "\"absent\" needs a \"call\"") }
    }

    func write(into json: inout JSONWriter) {
        json.object { json in
            if let call, let symbol = CardSupport.symbol(at: call) { json.member("call", symbol) }
            if let card { json.member("card", card) }
            if let code { json.member("code", code) }
            if latencyMilliseconds > 0 { json.member("latency_ms", latencyMilliseconds) }
            if hangs { json.member("hang", true) }
            if isAbsent { json.member("absent", true) }
        }
    }
}
