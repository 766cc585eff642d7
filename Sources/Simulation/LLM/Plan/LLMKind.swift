package import Primitives

/// What a simulated server is.
package enum LLMKind: String, Sendable, CaseIterable {
    case vllm, sglang, tgi, llamacpp, ollama, triton, litellm

    /// Releases that are simulated: of a year or two ago, and the present one.
    func version(_ age: LLMVersion) -> String {
        switch (self, age) {
        case (.vllm, .new): "0.33.0"
        case (.vllm, .old): "0.6.6"
        case (.sglang, .new): "0.5.23"
        case (.sglang, .old): "0.4.6.post5"
        case (.tgi, .new): "3.3.6"
        case (.tgi, .old): "2.4.1"
        case (.llamacpp, .new): "b11434"
        case (.llamacpp, .old): "b4500"
        case (.ollama, .new): "0.14.2"
        case (.ollama, .old): "0.3.14"
        case (.triton, .new): "2.59.0"
        case (.triton, .old): "2.41.0"
        case (.litellm, .new): "1.109.1"
        case (.litellm, .old): "1.60.0"
        }
    }

    /// Errors: names the known ones.
    package init(named name: String) throws(Failure) {
        if let kind = LLMKind(rawValue: name) {
            self = kind
            return
        }
        let known = Self.allCases.map(\.rawValue)
        let hint = nearest(to: name, among: known).map { "; did you mean \"\($0)\"?" } ?? ";"
        throw Failure(.usage, "unknown kind \"\(HostileText.oneLine(name, limit: 40))\"\(hint) known are \(known.joined(separator: ", "))")
    }
}

/// How old the simulated servers are: names of metrics change between releases.
package enum LLMVersion: String, Sendable, CaseIterable { case old, new }
